import { LIST_ZONE, lookupError } from '../../test/support/list_zone.ts'
import { type RestrictionSetting, testRestriction } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = { word: 'reject_rhsbl_client dbl.example', fact: 'client', dns: LIST_ZONE }

// biome-ignore format: columns
testRestriction(setting, [
  // client     main.cf                       expected
  ['192.0.2.1', '',                           '554 5.7.1 Service unavailable; Client host [mail.listed.example] blocked using dbl.example; seen in spam'],
  ['192.0.2.1', 'maps_rbl_reject_code = 450', '450 4.7.1 Service unavailable; Client host [mail.listed.example] blocked using dbl.example; seen in spam'],
  ['192.0.2.2', '',                           'dunno'],
  ['192.0.2.4', '',                           'dunno'],
  ['192.0.2.9', '',                           'dunno'],
  ['192.0.2.3', '',                           'dunno',                                                                                                    lookupError('mail.slow.example.dbl.example')],
])
