import { type RestrictionSetting, testRestriction } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'permit_mynetworks',
  fact: 'client',
  said: { recipient: 'user@here.example' },
  tables: { 'cidr:net': { '203.0.113.9': 'x' }, 'cidr:broken': 'broken' },
}

// biome-ignore format: columns
testRestriction(setting, [
  // client         main.cf                      expected
  ['127.0.0.1',     '',                          'permit'],
  ['198.51.100.7',  '',                          'permit'],
  ['198.51.101.7',  '',                          'dunno'],
  ['2001:db8:1::7', '',                          'permit'],
  ['2001:db8:2::7', '',                          'dunno'],
  ['203.0.113.9',   'mynetworks = cidr:net',     'permit'],
  ['203.0.113.8',   'mynetworks = cidr:net',     'dunno'],
  ['203.0.113.8',   'mynetworks = cidr:nowhere', 'fault 451 4.3.0 <user@here.example>: Temporary lookup failure'],
  ['203.0.113.8',   'mynetworks = cidr:broken',  'fault 451 4.3.5 Server configuration error'],
])
