import { CLIENT_ZONE } from '../../test/support/client_zone.ts'
import { type RestrictionSetting, testAliases, testRestriction } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = { word: 'reject_unknown_client_hostname', fact: 'client', dns: CLIENT_ZONE }

// biome-ignore format: columns
testRestriction(setting, [
  // client     main.cf                             expected
  ['192.0.2.1', '',                                 'dunno'],
  ['192.0.2.2', '',                                 '450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.2]'],
  ['192.0.2.2', 'unknown_client_reject_code = 550', '550 5.7.25 Client host rejected: cannot find your hostname, [192.0.2.2]'],
  ['192.0.2.3', 'unknown_client_reject_code = 550', '450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.3]'],
  ['192.0.2.4', 'unknown_client_reject_code = 550', '450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.4]'],
  ['192.0.2.5', 'unknown_client_reject_code = 550', '550 5.7.25 Client host rejected: cannot find your hostname, [192.0.2.5]'],
  ['192.0.2.6', 'unknown_client_reject_code = 550', '550 5.7.25 Client host rejected: cannot find your hostname, [192.0.2.6]'],
  ['192.0.2.1', 'smtpd_peername_lookup = no',       '450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]'],
])

testAliases('reject_unknown_client_hostname', ['reject_unknown_client', 'REJECT_Unknown_Client_Hostname'])
