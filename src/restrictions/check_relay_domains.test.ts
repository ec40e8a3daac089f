import { type RestrictionSetting, testRestriction } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'check_relay_domains',
  fact: 'recipient',
  said: { toldName: 'mail.client.example' },
  tables: { 'hash:away': 'failed' },
}

// biome-ignore format: columns
testRestriction(setting, [
  // recipient            main.cf                            expected
  ['u@here.example',      '',                                'permit',                                                                           'support for restriction "check_relay_domains" will be removed from Postfix; use "reject_unauth_destination" instead'],
  ['u@relay.example',     '',                                'permit',                                                                           'support for restriction "check_relay_domains" will be removed from Postfix; use "reject_unauth_destination" instead'],
  ['u@elsewhere.example', '',                                '554 5.7.1 <u@elsewhere.example>: Recipient address rejected: Relay access denied', 'support for restriction "check_relay_domains" will be removed from Postfix; use "reject_unauth_destination" instead'],
  ['u@elsewhere.example', 'relay_domains_reject_code = 450', '450 4.7.1 <u@elsewhere.example>: Recipient address rejected: Relay access denied', 'support for restriction "check_relay_domains" will be removed from Postfix; use "reject_unauth_destination" instead'],
  ['u@elsewhere.example', 'relay_domains = client.example',  'permit',                                                                           'support for restriction "check_relay_domains" will be removed from Postfix; use "reject_unauth_destination" instead'],
  ['u@elsewhere.example', 'mydestination = hash:away',       'fault 451 4.3.0 <u@elsewhere.example>: Temporary lookup failure',                  'support for restriction "check_relay_domains" will be removed from Postfix; use "reject_unauth_destination" instead'],
])
