import { LIST_ZONE, lookupError } from '../../test/support/list_zone.ts'
import { type RestrictionSetting, testAliases, testRestriction } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'reject_rbl_client bl.example',
  fact: 'client',
  dns: LIST_ZONE,
  notListings: ['bl.example 127.255.255.254'],
}

// biome-ignore format: columns
testRestriction(setting, [
  // client         main.cf                       expected
  ['192.0.2.1',     '',                           '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; listed, see bl.example'],
  ['192.0.2.2',     '',                           '554 5.7.1 Service unavailable; Client host [192.0.2.2] blocked using bl.example'],
  ['192.0.2.1',     'maps_rbl_reject_code = 450', '450 4.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; listed, see bl.example'],
  ['192.0.2.1',     'maps_rbl_reject_code = 550', '550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; listed, see bl.example'],
  ['2001:db8:5::1', '',                           '554 5.7.1 Service unavailable; Client host [2001:db8:5::1] blocked using bl.example'],
  ['192.0.2.3',     '',                           'dunno',                                                                                                   lookupError('3.2.0.192.bl.example')],
  ['192.0.2.9',     '',                           'dunno'],
  ['192.0.2.6',     '',                           'dunno'],
])

testAliases('reject_rbl_client', ['reject_rbl'])

// Postfix counts any answer; we pass over those that say the list cannot be asked (192.0.2.6 above).
// biome-ignore format: columns
testRestriction({ ...setting, notListings: [] }, [
  ['192.0.2.6', '', '554 5.7.1 Service unavailable; Client host [192.0.2.6] blocked using bl.example'],
])

// biome-ignore format: columns
testRestriction({ ...setting, word: 'reject_rbl_client bl.example=127.0.0.[4..8]' }, [
  ['192.0.2.1', '', 'dunno'],
  ['192.0.2.2', '', '554 5.7.1 Service unavailable; Client host [192.0.2.2] blocked using bl.example'],
  ['192.0.2.3', '', 'dunno', lookupError('3.2.0.192.bl.example')],
])

// Postfix: smtpd dies of a bad filter, also for clients that no list has.
// biome-ignore format: columns
testRestriction({ ...setting, word: 'reject_rbl_client bl.example=127.0.0' }, [
  ['192.0.2.9', '', 'fault 451 4.3.5 Server configuration error', 'RBL reply error: need four fields separated by "." in "127.0.0"'],
])
