import { type RestrictionSetting, testRestriction, unavailable } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'check_sasl_access hash:users',
  fact: 'sasl',
  mainCf: 'smtpd_sasl_auth_enable = yes',
  tables: { 'hash:users': { alice: 'REJECT', bob: 'OK', 'con\ttrol': 'REJECT no tabs' } },
}

// biome-ignore format: columns
testRestriction(setting, [
  // sasl       main.cf                         expected
  ['alice',     '',                             '554 5.7.1 <alice>: SASL login name rejected: Access denied'],
  ['alice',     'access_map_reject_code = 450', '450 4.7.1 <alice>: SASL login name rejected: Access denied'],
  ['bob',       '',                             'permit'],
  ['carol',     '',                             'dunno'],
  ['',          '',                             'dunno'],
  ['con\ttrol', '',                             '554 5.7.1 <con_trol>: SASL login name rejected: no tabs'],
  ['alice',     'smtpd_sasl_auth_enable = no',  'dunno',                                                      "restriction `check_sasl_access' ignored: no SASL support"],
])

// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_sasl_access hash:nowhere' }, [
  ['alice', '', '451 4.3.5 <alice>: SASL login name rejected: Server configuration error', ...unavailable('hash:nowhere', 'alice')],
])
