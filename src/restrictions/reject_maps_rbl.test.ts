import { LIST_ZONE, lookupError } from '../../test/support/list_zone.ts'
import { type RestrictionSetting, testRestriction } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'reject_maps_rbl',
  fact: 'client',
  dns: LIST_ZONE,
  mainCf: 'maps_rbl_domains = other.example, bl.example',
  notListings: ['bl.example 127.255.255.254'],
}

// biome-ignore format: columns
testRestriction(setting, [
  // client         main.cf                       expected
  ['192.0.2.1',     '',                           '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; listed, see bl.example', 'support for restriction "reject_maps_rbl" will be removed from Postfix; use "reject_rbl_client domain-name" instead'],
  ['192.0.2.2',     '',                           '554 5.7.1 Service unavailable; Client host [192.0.2.2] blocked using bl.example',                         'support for restriction "reject_maps_rbl" will be removed from Postfix; use "reject_rbl_client domain-name" instead'],
  ['192.0.2.1',     'maps_rbl_reject_code = 450', '450 4.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; listed, see bl.example', 'support for restriction "reject_maps_rbl" will be removed from Postfix; use "reject_rbl_client domain-name" instead'],
  ['192.0.2.1',     'maps_rbl_reject_code = 550', '550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; listed, see bl.example', 'support for restriction "reject_maps_rbl" will be removed from Postfix; use "reject_rbl_client domain-name" instead'],
  ['2001:db8:5::1', '',                           '554 5.7.1 Service unavailable; Client host [2001:db8:5::1] blocked using bl.example',                     'support for restriction "reject_maps_rbl" will be removed from Postfix; use "reject_rbl_client domain-name" instead'],
  ['192.0.2.3',     '',                           'dunno',                                                                                                   'support for restriction "reject_maps_rbl" will be removed from Postfix; use "reject_rbl_client domain-name" instead', lookupError('3.2.0.192.bl.example')],
  ['192.0.2.9',     '',                           'dunno',                                                                                                   'support for restriction "reject_maps_rbl" will be removed from Postfix; use "reject_rbl_client domain-name" instead'],
  ['192.0.2.6',     '',                           'dunno',                                                                                                   'support for restriction "reject_maps_rbl" will be removed from Postfix; use "reject_rbl_client domain-name" instead'],
])
