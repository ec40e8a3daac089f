import { type RestrictionSetting, testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'reject_unverified_sender',
  fact: 'sender',
  verify: {
    'gone@b.example': { status: 'undeliverable', text: 'host mx.example[192.0.2.9] said: 550 no such user' },
    'slow@b.example': { status: 'deferred', text: 'connect to mx.example: timed out' },
    'new@b.example': { status: 'in progress', text: 'Address verification in progress' },
    'down@b.example': { status: 'service failure', text: '' },
  },
}

// biome-ignore format: columns
testRestriction(setting, [
  // sender          main.cf                                      expected
  ['fine@b.example', '',                                          'dunno'],
  ['gone@b.example', '',                                          'defer_if_permit 450 4.1.7 <gone@b.example>: Sender address rejected: unverified address: host mx.example[192.0.2.9] said: 550 no such user'],
  ['gone@b.example', 'unverified_sender_reject_code = 550',       '550 5.1.7 <gone@b.example>: Sender address rejected: undeliverable address: host mx.example[192.0.2.9] said: 550 no such user'],
  ['gone@b.example', 'unverified_sender_reject_code = 250',       'dunno'],
  ['slow@b.example', '',                                          'defer_if_permit 450 4.1.7 <slow@b.example>: Sender address rejected: unverified address: connect to mx.example: timed out'],
  ['slow@b.example', 'unverified_sender_defer_code = 250',        'dunno'],
  ['new@b.example',  '',                                          'defer_if_permit 450 4.1.7 <new@b.example>: Sender address rejected: unverified address: Address verification in progress'],
  ['new@b.example',  'unverified_sender_tempfail_action = defer', '450 4.1.7 <new@b.example>: Sender address rejected: unverified address: Address verification in progress'],
  ['new@b.example',  'unverified_sender_reject_reason = no',      'defer_if_permit 450 4.1.7 <new@b.example>: Sender address rejected: unverified address: no'],
  ['down@b.example', 'unverified_sender_reject_code = 550',       'defer_if_permit 450 4.1.7 <down@b.example>: Sender address rejected: address verification problem',                                          'verify service failure'],
  ['down@b.example', 'unverified_sender_tempfail_action = defer', '450 4.1.7 <down@b.example>: Sender address rejected: address verification problem',                                                          'verify service failure'],
])
testSilent('reject_unverified_sender', {})
testSilent('reject_unverified_sender', { sender: '' })
