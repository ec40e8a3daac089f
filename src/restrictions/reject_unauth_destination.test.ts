import { type RestrictionSetting, testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'reject_unauth_destination',
  fact: 'recipient',
  tables: { 'hash:away': 'failed' },
}

// biome-ignore format: columns
testRestriction(setting, [
  // recipient                          main.cf                            expected
  ['u@here.example',                    '',                                'dunno'],
  ['u',                                 '',                                'dunno'],
  ['u@[192.0.2.25]',                    '',                                'dunno'],
  ['u@alias.example',                   '',                                'dunno'],
  ['u@box.example',                     '',                                'dunno'],
  ['u@relay.example',                   '',                                'dunno'],
  ['u@sub.relay.example',               '',                                'dunno'],
  ['u@elsewhere.example',               '',                                '554 5.7.1 <u@elsewhere.example>: Relay access denied'],
  ['u@[192.0.2.26]',                    '',                                '554 5.7.1 <u@[192.0.2.26]>: Relay access denied'],
  ['u%elsewhere.example@here.example',  '',                                '554 5.7.1 <u%elsewhere.example@here.example>: Relay access denied'],
  ['u@elsewhere.example@here.example',  '',                                '554 5.7.1 <u@elsewhere.example@here.example>: Relay access denied'],
  ['u@relay.example@here.example',      '',                                'dunno'],
  ['u%elsewhere.example@relay.example', '',                                '554 5.7.1 <u%elsewhere.example@relay.example>: Relay access denied'],
  ['u%elsewhere.example@relay.example', 'allow_untrusted_routing = yes',   'dunno'],
  ['u@elsewhere.example',               'relay_domains = hash:away',       'fault 451 4.3.0 <u@elsewhere.example>: Temporary lookup failure'],
  ['u@elsewhere.example',               'mydestination = hash:away',       'fault 451 4.3.0 <u@elsewhere.example>: Temporary lookup failure'],
  ['u@elsewhere.example',               'relay_domains_reject_code = 450', '450 4.7.1 <u@elsewhere.example>: Relay access denied'],
])
testSilent('reject_unauth_destination', { sender: 'a@b.example' })
