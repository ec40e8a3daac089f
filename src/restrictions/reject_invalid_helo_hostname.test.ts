import { testAliases, testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testRestriction({ word: 'reject_invalid_helo_hostname', fact: 'helo' }, [
  // helo                 main.cf                               expected
  ['mail.example',        '',                                   'dunno'],
  ['localhost',           '',                                   'dunno'],
  ['under_score.example', '',                                   'dunno'],
  ['mail.example.',       '',                                   'dunno'],
  ['192.0.2.1',           '',                                   'dunno'],
  ['2001:db8::1',         '',                                   'dunno'],
  ['mail..example',       '',                                   '501 5.5.2 <mail..example>: Helo command rejected: Invalid name'],
  ['mail.example..',      '',                                   '501 5.5.2 <mail.example..>: Helo command rejected: Invalid name'],
  ['.',                   '',                                   '501 5.5.2 <.>: Helo command rejected: Invalid name'],
  ['-mail.example',       '',                                   '501 5.5.2 <-mail.example>: Helo command rejected: Invalid name'],
  ['mail example',        '',                                   '501 5.5.2 <mail example>: Helo command rejected: Invalid name'],
  ['1.2.3',               '',                                   '501 5.5.2 <1.2.3>: Helo command rejected: Invalid name'],
  ['bücher.example',      '',                                   '501 5.5.2 <bücher.example>: Helo command rejected: Invalid name'],
  ['a?b',                 '',                                   '501 5.5.2 <a?b>: Helo command rejected: Invalid name'],
  ['m@il.example',        'invalid_hostname_reject_code = 450', '450 4.5.2 <m@il.example>: Helo command rejected: Invalid name'],
  ['[192.0.2.1]',         '',                                   'dunno'],
  ['[IPv6:2001:db8::1]',  '',                                   'dunno'],
  ['[1.2.3]',             '',                                   '501 5.5.2 <[1.2.3]>: Helo command rejected: invalid ip address'],
  ['[2001:db8::1]',       '',                                   '501 5.5.2 <[2001:db8::1]>: Helo command rejected: invalid ip address'],
  ['[192.0.2.1',          '',                                   '501 5.5.2 <[192.0.2.1>: Helo command rejected: invalid ip address'],
  ['[]',                  '',                                   '501 5.5.2 <[]>: Helo command rejected: invalid ip address'],
  ['[name.example]',      'invalid_hostname_reject_code = 450', '450 4.5.2 <[name.example]>: Helo command rejected: invalid ip address'],
])

testAliases('reject_invalid_helo_hostname', ['reject_invalid_hostname'])
testSilent('reject_invalid_helo_hostname', { helo: null })
