import { CLIENT_ZONE } from '../../test/support/client_zone.ts'
import { type RestrictionSetting, testRestriction, unavailable } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'check_client_access hash:t',
  fact: 'client',
  dns: CLIENT_ZONE,
  tables: {
    'hash:t': {
      'mail.client.example': 'REJECT by name',
      '192.0.2': 'REJECT by network',
      '192.0.2.5': '421 by address',
      unknown: 'DUNNO',
      '2001:db8:5': 'OK',
    },
  },
}

// biome-ignore format: columns
testRestriction(setting, [
  // client         main.cf  expected
  ['192.0.2.1',     '',      '554 5.7.1 <mail.client.example[192.0.2.1]>: Client host rejected: by name'],
  ['192.0.2.5',     '',      'dunno'],
  ['2001:db8:5::1', '',      'dunno'],
])

// Without an entry for "unknown" the address and the networks around it come next.
// biome-ignore format: columns
testRestriction({ ...setting, tables: { 'hash:t': { 'client.example': 'OK', '192.0.2.1': 'REJECT', '192.0.2.5': '421 go away', '192.0': 'some_class', '2001:db8:5': 'REJECT', '.gone.example': 'REJECT' } } }, [
  // client          main.cf                              expected
  // Postfix: a parent domain wins over the address itself.
  ['192.0.2.1',     '',                                  'permit'],
  ['192.0.2.1',     'parent_domain_matches_subdomains =', '554 5.7.1 <mail.client.example[192.0.2.1]>: Client host rejected: Access denied'],
  ['192.0.2.5',     '',                                  '421 4.7.1 <unknown[192.0.2.5]>: Client host rejected: go away'],
  ['192.0.2.2',     '',                                  'list some_class'],
  ['203.0.113.9',   '',                                  'dunno'],
  ['2001:db8:5::1', '',                                  '554 5.7.1 <unknown[2001:db8:5::1]>: Client host rejected: Access denied'],
  ['2001:db8:6::1', '',                                  'dunno'],
])

// biome-ignore format: columns
testRestriction({ ...setting, tables: { 'hash:t': { '.client.example': 'REJECT', '.example': 'OK' } } }, [
  ['192.0.2.1',     '',                                  'dunno'],
  ['192.0.2.1',     'parent_domain_matches_subdomains =', '554 5.7.1 <mail.client.example[192.0.2.1]>: Client host rejected: Access denied'],
])

// Pattern tables are asked for whole names and addresses only.
// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_client_access regexp:t', tables: { 'regexp:t': { 'client.example': 'REJECT', '192.0.2': 'REJECT', '192.0.2.5': 'OK' } } }, [
  ['192.0.2.1',     '',                                  'dunno'],
  ['192.0.2.5',     '',                                  'permit'],
])

// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_client_access hash:nowhere' }, [
  ['192.0.2.1',     '',                                  '451 4.3.5 <mail.client.example[192.0.2.1]>: Client host rejected: Server configuration error', ...unavailable('hash:nowhere', 'mail.client.example')],
])
