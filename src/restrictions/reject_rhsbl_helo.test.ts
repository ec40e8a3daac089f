import { LIST_ZONE, lookupError } from '../../test/support/list_zone.ts'
import { type RestrictionSetting, testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = { word: 'reject_rhsbl_helo dbl.example', fact: 'helo', dns: LIST_ZONE }

// biome-ignore format: columns
testRestriction(setting, [
  // helo                 main.cf                       expected
  ['mail.listed.example', '',                           '554 5.7.1 Service unavailable; Helo command [mail.listed.example] blocked using dbl.example; seen in spam'],
  ['LISTED.example',      '',                           '554 5.7.1 Service unavailable; Helo command [LISTED.example] blocked using dbl.example'],
  ['listed.example',      'maps_rbl_reject_code = 450', '450 4.7.1 Service unavailable; Helo command [listed.example] blocked using dbl.example'],
  ['clean.example',       '',                           'dunno'],
  ['192.0.2.1',           '',                           'dunno'],
  ['[192.0.2.1]',         '',                           'dunno'],
  ['listed',              '',                           'dunno'],
  ['-listed-.example',    '',                           'dunno'],
  ['slow.example',        '',                           'dunno',                                                                                                     lookupError('slow.example.dbl.example')],
])
testSilent('reject_rhsbl_helo dbl.example', { helo: null })
