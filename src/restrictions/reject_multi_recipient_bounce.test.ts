import { type RestrictionSetting, testSaid } from '../../test/support/restriction_cases.ts'

const setting: Omit<RestrictionSetting, 'fact'> = { word: 'reject_multi_recipient_bounce', list: 'Data command' }

// biome-ignore format: columns
testSaid(setting, [
  // said                                                       main.cf                                     expected
  [{ sender: '', where: 'DATA', recipientCount: 1 },            '',                                         'dunno'],
  [{ sender: '', where: 'DATA', recipientCount: 2 },            '',                                         '550 5.5.3 <DATA>: Data command rejected: Multi-recipient bounce'],
  [{ sender: '', where: 'DATA', recipientCount: 2 },            'multi_recipient_bounce_reject_code = 450', '450 4.5.3 <DATA>: Data command rejected: Multi-recipient bounce'],
  [{ sender: 'a@b.example', where: 'DATA', recipientCount: 2 }, '',                                         'dunno'],
  [{ sender: '', where: 'END-OF-MESSAGE', recipientCount: 1 },  '',                                         'dunno'],
  [{ sender: '', where: 'END-OF-MESSAGE', recipientCount: 2 },  '',                                         '550 5.5.3 <DATA>: Data command rejected: Multi-recipient bounce'],
  [{ sender: '', where: 'RCPT', recipientCount: 0 },            '',                                         'dunno'],
  [{ sender: '', where: 'RCPT', recipientCount: 1 },            '',                                         '550 5.5.3 <DATA>: Data command rejected: Multi-recipient bounce'],
])
