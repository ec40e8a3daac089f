import { type RestrictionSetting, testInLists, testSilent } from '../../test/support/restriction_cases.ts'

const setting: Omit<RestrictionSetting, 'fact' | 'list'> = {
  word: 'reject_unauth_pipelining',
  said: { pipelinedEarly: true },
}

// biome-ignore format: columns
testInLists(setting, [
  // list               main.cf  expected
  ['Client host',       '',      '503 5.5.0 <client[192.0.2.1]>: Client host rejected: Improper use of SMTP command pipelining'],
  ['Helo command',      '',      '503 5.5.0 <helo.example>: Helo command rejected: Improper use of SMTP command pipelining'],
  ['Sender address',    '',      '503 5.5.0 <a@b.example>: Sender address rejected: Improper use of SMTP command pipelining'],
  ['Recipient address', '',      '503 5.5.0 <user@here.example>: Recipient address rejected: Improper use of SMTP command pipelining'],
  ['Etrn command',      '',      '503 5.5.0 <etrn.example>: Etrn command rejected: Improper use of SMTP command pipelining'],
  ['Data command',      '',      '503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining'],
  ['End-of-data',       '',      '503 5.5.0 <END-OF-MESSAGE>: End-of-data rejected: Improper use of SMTP command pipelining'],
])
testSilent('reject_unauth_pipelining', { recipient: 'user@here.example' })
