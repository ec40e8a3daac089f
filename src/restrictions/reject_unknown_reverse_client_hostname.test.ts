import { CLIENT_ZONE } from '../../test/support/client_zone.ts'
import { type RestrictionSetting, testRestriction } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = { word: 'reject_unknown_reverse_client_hostname', fact: 'client', dns: CLIENT_ZONE }

// biome-ignore format: columns
testRestriction(setting, [
  // client     main.cf                             expected
  ['192.0.2.1', '',                                 'dunno'],
  ['192.0.2.2', '',                                 'dunno'],
  ['192.0.2.3', '',                                 'dunno'],
  ['192.0.2.6', '',                                 'dunno'],
  ['192.0.2.4', 'unknown_client_reject_code = 550', '450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.4]'],
  ['192.0.2.5', '',                                 '450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.5]'],
  ['192.0.2.5', 'unknown_client_reject_code = 550', '550 5.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.5]'],
])
