import { testAliases, testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testRestriction({ word: 'reject_non_fqdn_helo_hostname', fact: 'helo' }, [
  // helo                 main.cf                               expected
  ['mail.example',        '',                                   'dunno'],
  ['mail.example.',       '',                                   'dunno'],
  ['under_score.example', '',                                   'dunno'],
  ['localhost',           '',                                   '504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname'],
  ['localhost.',          '',                                   '504 5.5.2 <localhost.>: Helo command rejected: need fully-qualified hostname'],
  ['192.0.2.1',           '',                                   '504 5.5.2 <192.0.2.1>: Helo command rejected: need fully-qualified hostname'],
  ['mail..example',       '',                                   '504 5.5.2 <mail..example>: Helo command rejected: need fully-qualified hostname'],
  ['bücher.example',      '',                                   '504 5.5.2 <bücher.example>: Helo command rejected: need fully-qualified hostname'],
  ['localhost',           'non_fqdn_reject_code = 450',         '450 4.5.2 <localhost>: Helo command rejected: need fully-qualified hostname'],
  ['[192.0.2.1]',         '',                                   'dunno'],
  ['[IPv6:2001:db8::1]',  '',                                   'dunno'],
  ['[1.2.3]',             '',                                   '501 5.5.2 <[1.2.3]>: Helo command rejected: invalid ip address'],
  ['[2001:db8::1]',       '',                                   '501 5.5.2 <[2001:db8::1]>: Helo command rejected: invalid ip address'],
  ['[192.0.2.1',          '',                                   '501 5.5.2 <[192.0.2.1>: Helo command rejected: invalid ip address'],
  ['[]',                  '',                                   '501 5.5.2 <[]>: Helo command rejected: invalid ip address'],
  ['[name.example]',      'invalid_hostname_reject_code = 450', '450 4.5.2 <[name.example]>: Helo command rejected: invalid ip address'],
])

testAliases('reject_non_fqdn_helo_hostname', ['reject_non_fqdn_hostname'])
testSilent('reject_non_fqdn_helo_hostname', { helo: null })

// RFC 6531 3.7.1: only a client that asked for SMTPUTF8 may have such a name.
// biome-ignore format: columns
testRestriction({ word: 'reject_non_fqdn_helo_hostname', fact: 'helo', said: { smtputf8: true } }, [
  ['bücher.example', '', 'dunno'],
  ['bücher',         '', '504 5.5.2 <bücher>: Helo command rejected: need fully-qualified hostname'],
])
