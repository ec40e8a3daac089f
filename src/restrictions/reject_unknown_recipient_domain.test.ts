import { type RestrictionSetting, testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

const MALFORMED = [
  'valid_hostname: misplaced hyphen: -bad-',
  'malformed domain name in resource data of MX record for bad.example: -bad-',
] as const

const setting: RestrictionSetting = {
  word: 'reject_unknown_recipient_domain',
  fact: 'recipient',
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
  // recipient         main.cf                                    expected
  ['u@a.example',      '',                                        'dunno'],
  ['u@six.example',    '',                                        'dunno'],
  ['u@mx.example',     '',                                        'dunno'],
  ['u@bücher.example', '',                                        'dunno'],
  ['u@here.example',   '',                                        'dunno'],
  ['u@alias.example',  '',                                        'dunno'],
  ['u@box.example',    '',                                        'dunno'],
  ['u',                '',                                        'dunno'],
  ['u@[192.0.2.9]',    '',                                        'dunno'],
  ['u@relay.example',  '',                                        '450 4.1.2 <u@relay.example>: Recipient address rejected: Domain not found'],
  ['u@None.example',   '',                                        '450 4.1.2 <u@None.example>: Recipient address rejected: Domain not found'],
  ['u@none.example',   'unknown_address_reject_code = 550',       '550 5.1.2 <u@none.example>: Recipient address rejected: Domain not found'],
  ['u@null.example',   'unknown_address_reject_code = 450',       '556 5.1.10 <u@null.example>: Recipient address rejected: Domain null.example does not accept mail (nullMX)'],
  ['u@two.example',    '',                                        '556 5.1.10 <u@two.example>: Recipient address rejected: Domain two.example does not accept mail (nullMX)'],
  ['u@bad.example',    'unknown_address_reject_code = 550',       '550 5.1.2 <u@bad.example>: Recipient address rejected: Malformed DNS server reply', ...MALFORMED],
  ['u@fail.example',   'unknown_address_reject_code = 550',       'defer_if_permit 450 4.1.2 <u@fail.example>: Recipient address rejected: Domain not found'],
  ['u@part.example',   'unknown_address_reject_code = 550',       'defer_if_permit 450 4.1.2 <u@part.example>: Recipient address rejected: Domain not found'],
  ['u@mxfail.example', 'unknown_address_reject_code = 550',       'defer_if_permit 450 4.1.2 <u@mxfail.example>: Recipient address rejected: Domain not found'],
  ['u@fail.example',   'unknown_address_tempfail_action = defer', '450 4.1.2 <u@fail.example>: Recipient address rejected: Domain not found'],
  ['u@none.example',   'mydestination = hash:away',               'fault 451 4.3.0 <u@none.example>: Temporary lookup failure'],
  ['u@none.example',   'relay_domains = hash:away',               'fault 451 4.3.0 <u@none.example>: Temporary lookup failure'],
])
testSilent('reject_unknown_recipient_domain', {})
