import { type RestrictionSetting, testRestriction } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'permit_inet_interfaces',
  fact: 'client',
  mainCf: 'proxy_interfaces = 203.0.113.25',
}

// biome-ignore format: columns
testRestriction(setting, [
  // client        main.cf  expected
  ['192.0.2.25',   '',      'permit'],
  ['127.0.0.1',    '',      'permit'],
  ['127.0.0.2',    '',      'dunno'],
  ['192.0.2.26',   '',      'dunno'],
  ['203.0.113.25', '',      'dunno'],
])
