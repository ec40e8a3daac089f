import { LIST_ZONE, lookupError } from '../../test/support/list_zone.ts'
import { type RestrictionSetting, testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = { word: 'reject_rhsbl_sender dbl.example', fact: 'sender', dns: LIST_ZONE }

// biome-ignore format: columns
testRestriction(setting, [
  // sender                main.cf                       expected
  ['a@listed.example',     '',                           '554 5.7.1 Service unavailable; Sender address [a@listed.example] blocked using dbl.example'],
  ['"x@y"@listed.example', '',                           '554 5.7.1 Service unavailable; Sender address ["x@y"@listed.example] blocked using dbl.example'],
  ['a@bücher.example',     '',                           '554 5.7.1 Service unavailable; Sender address [a@b__cher.example] blocked using dbl.example'],
  ['a@listed.example',     'maps_rbl_reject_code = 450', '450 4.7.1 Service unavailable; Sender address [a@listed.example] blocked using dbl.example'],
  ['a@clean.example',      '',                           'dunno'],
  ['a@[192.0.2.1]',        '',                           'dunno'],
  ['a@192.0.2.1',          '',                           'dunno'],
  ['a',                    '',                           'dunno'],
  ['',                     '',                           'dunno'],
  ['a@slow.example',       '',                           'dunno',                                                                                          lookupError('slow.example.dbl.example')],
])
testSilent('reject_rhsbl_sender dbl.example', {})
