import { type RestrictionSetting, testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'permit_auth_destination',
  fact: 'recipient',
  tables: { 'hash:away': 'failed' },
}

// biome-ignore format: columns
testRestriction(setting, [
  // recipient                          main.cf                          expected
  ['u@here.example',                    '',                              'permit'],
  ['u',                                 '',                              'permit'],
  ['u@[192.0.2.25]',                    '',                              'permit'],
  ['u@alias.example',                   '',                              'permit'],
  ['u@box.example',                     '',                              'permit'],
  ['u@relay.example',                   '',                              'permit'],
  ['u@sub.relay.example',               '',                              'permit'],
  ['u@elsewhere.example',               '',                              'dunno'],
  ['u@[192.0.2.26]',                    '',                              'dunno'],
  ['u%elsewhere.example@here.example',  '',                              'dunno'],
  ['u@elsewhere.example@here.example',  '',                              'dunno'],
  ['u@relay.example@here.example',      '',                              'permit'],
  ['u%elsewhere.example@relay.example', '',                              'dunno'],
  ['u%elsewhere.example@relay.example', 'allow_untrusted_routing = yes', 'permit'],
  ['u@elsewhere.example',               'relay_domains = hash:away',     'fault 451 4.3.0 <u@elsewhere.example>: Temporary lookup failure'],
  ['u@elsewhere.example',               'mydestination = hash:away',     'fault 451 4.3.0 <u@elsewhere.example>: Temporary lookup failure'],
])
testSilent('permit_auth_destination', { sender: 'a@b.example' })
