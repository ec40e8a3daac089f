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
  word: 'reject_unknown_helo_hostname',
  fact: 'helo',
  dns: {
    A: { 'a.example': ['192.0.2.1'] },
    AAAA: { 'six.example': ['2001:db8::1'] },
    MX: { 'mx.example': ['10 a.example'], 'null.example': ['0 .'], 'bad.example': ['10 -bad-'] },
    fail: ['* fail.example', 'A part.example', 'AAAA part.example', 'A late.example'],
  },
}

// biome-ignore format: columns
testRestriction(setting, [
  // helo                main.cf                                          expected
  ['a.example',          '',                                              'dunno'],
  ['six.example',        '',                                              'dunno'],
  ['mx.example',         '',                                              'dunno'],
  ['null.example',       '',                                              'dunno'],
  ['none.example',       '',                                              '450 4.7.1 <none.example>: Helo command rejected: Host not found'],
  ['none.example',       'unknown_hostname_reject_code = 550',            '550 5.7.1 <none.example>: Helo command rejected: Host not found'],
  ['bad.example',        'unknown_hostname_reject_code = 550',            '550 5.7.1 <bad.example>: Helo command rejected: Malformed DNS server reply', ...MALFORMED],
  ['fail.example',       'unknown_hostname_reject_code = 550',            'defer_if_permit 450 4.7.1 <fail.example>: Helo command rejected: Host not found'],
  ['part.example',       'unknown_hostname_reject_code = 550',            'defer_if_permit 450 4.7.1 <part.example>: Helo command rejected: Host not found'],
  ['late.example',       'unknown_hostname_reject_code = 550',            'defer_if_permit 450 4.7.1 <late.example>: Helo command rejected: Host not found'],
  ['fail.example',       'unknown_helo_hostname_tempfail_action = defer', '450 4.7.1 <fail.example>: Helo command rejected: Host not found'],
  ['fail.example',       'reject_tempfail_action = defer',                '450 4.7.1 <fail.example>: Helo command rejected: Host not found'],
  ['192.0.2.1',          'unknown_hostname_reject_code = 550',            '550 5.7.1 <192.0.2.1>: Helo command rejected: Host not found'],
  ['a.example.',         '',                                              '450 4.7.1 <a.example.>: Helo command rejected: Host not found'],
  ['[192.0.2.1]',        '',                                              'dunno'],
  ['[IPv6:2001:db8::1]', '',                                              'dunno'],
  ['[1.2.3]',            '',                                              '501 5.5.2 <[1.2.3]>: Helo command rejected: invalid ip address'],
  ['[2001:db8::1]',      '',                                              '501 5.5.2 <[2001:db8::1]>: Helo command rejected: invalid ip address'],
  ['[192.0.2.1',         '',                                              '501 5.5.2 <[192.0.2.1>: Helo command rejected: invalid ip address'],
  ['[]',                 '',                                              '501 5.5.2 <[]>: Helo command rejected: invalid ip address'],
  ['[name.example]',     'invalid_hostname_reject_code = 450',            '450 4.5.2 <[name.example]>: Helo command rejected: invalid ip address'],
])

testAliases('reject_unknown_helo_hostname', ['reject_unknown_hostname'])
testSilent('reject_unknown_helo_hostname', { helo: null })
