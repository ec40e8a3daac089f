import { testRestriction } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testRestriction({ word: 'permit_naked_ip_address', fact: 'helo' }, [
  // helo             main.cf                               expected
  ['192.0.2.1',       '',                                   'permit',                                                                 'restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead'],
  ['mail.example',    '',                                   'dunno',                                                                  'restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead'],
  ['[192.0.2.1]',     '',                                   'dunno',                                                                  'restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead'],
  ['192.0.2',         '',                                   '501 5.5.2 <192.0.2>: Helo command rejected: invalid ip address',         'restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead'],
  ['192.0.2',         'invalid_hostname_reject_code = 450', '450 4.5.2 <192.0.2>: Helo command rejected: invalid ip address',         'restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead'],
  ['2001:db8::1',     '',                                   'dunno',                                                                  'restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead'],
  ['1:2:3:4:5:6:7:8', '',                                   '501 5.5.2 <1:2:3:4:5:6:7:8>: Helo command rejected: invalid ip address', 'restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead'],
])
