import {
  type RestrictionSetting,
  testAliases,
  testRestriction,
  testSilent,
} from '../../test/support/restriction_cases.ts'

const MALFORMED = [
  'valid_hostname: misplaced hyphen: -bad-',
  'malformed domain name in resource data of MX record for bad.example: -bad-',
] as const

const setting: RestrictionSetting = {
  word: 'reject_unknown_sender_domain',
  fact: 'sender',
  dns: {
    A: { 'a.example': ['192.0.2.1'], 'nullmx.example': ['192.0.2.2'] },
    AAAA: { 'six.example': ['2001:db8::1'] },
    MX: {
      'mx.example': ['10 a.example'],
      'null.example': ['0 .'],
      'two.example': ['10 a.example', '0 .'],
      'bad.example': ['10 -bad-'],
      'xn--bcher-kva.example': ['10 a.example'],
    },
    fail: ['* fail.example', 'A part.example', 'MX mxfail.example'],
  },
}

// biome-ignore format: columns
testRestriction(setting, [
  // sender            main.cf                                    expected
  ['u@a.example',      '',                                        'dunno'],
  ['u@six.example',    '',                                        'dunno'],
  ['u@mx.example',     '',                                        'dunno'],
  ['u@bücher.example', '',                                        'dunno'],
  ['u@here.example',   '',                                        'dunno'],
  ['u@alias.example',  '',                                        'dunno'],
  ['u@box.example',    '',                                        'dunno'],
  ['u',                '',                                        'dunno'],
  ['u@[192.0.2.9]',    '',                                        'dunno'],
  ['u@relay.example',  '',                                        '450 4.1.8 <u@relay.example>: Sender address rejected: Domain not found'],
  ['u@None.example',   '',                                        '450 4.1.8 <u@None.example>: Sender address rejected: Domain not found'],
  ['u@none.example',   'unknown_address_reject_code = 550',       '550 5.1.8 <u@none.example>: Sender address rejected: Domain not found'],
  ['u@null.example',   'unknown_address_reject_code = 450',       '550 5.7.27 <u@null.example>: Sender address rejected: Domain null.example does not accept mail (nullMX)'],
  ['u@two.example',    '',                                        '550 5.7.27 <u@two.example>: Sender address rejected: Domain two.example does not accept mail (nullMX)'],
  ['u@bad.example',    'unknown_address_reject_code = 550',       '550 5.1.8 <u@bad.example>: Sender address rejected: Malformed DNS server reply', ...MALFORMED],
  ['u@fail.example',   'unknown_address_reject_code = 550',       'defer_if_permit 450 4.1.8 <u@fail.example>: Sender address rejected: Domain not found'],
  ['u@part.example',   'unknown_address_reject_code = 550',       'defer_if_permit 450 4.1.8 <u@part.example>: Sender address rejected: Domain not found'],
  ['u@mxfail.example', 'unknown_address_reject_code = 550',       'defer_if_permit 450 4.1.8 <u@mxfail.example>: Sender address rejected: Domain not found'],
  ['u@fail.example',   'unknown_address_tempfail_action = defer', '450 4.1.8 <u@fail.example>: Sender address rejected: Domain not found'],
  ['u@none.example',   'mydestination = hash:away',               'fault 451 4.3.0 <u@none.example>: Temporary lookup failure'],
  ['u@none.example',   'relay_domains = hash:away',               'fault 451 4.3.0 <u@none.example>: Temporary lookup failure'],
])

testAliases('reject_unknown_sender_domain', ['reject_unknown_address'])
testSilent('reject_unknown_sender_domain', {})
testSilent('reject_unknown_sender_domain', { sender: '' })
