import {
  type RestrictionSetting,
  testRestriction,
  testSilent,
  unavailable,
} from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'check_etrn_access hash:t',
  fact: 'etrn',
  tables: { 'hash:t': { 'bad.example': 'REJECT', 'good.example': 'OK' } },
}

// biome-ignore format: columns
testRestriction(setting, [
  // etrn           main.cf                         expected
  ['bad.example',   '',                             '554 5.7.1 <bad.example>: Etrn command rejected: Access denied'],
  ['a.bad.example', 'access_map_reject_code = 450', '450 4.7.1 <a.bad.example>: Etrn command rejected: Access denied'],
  ['good.example',  '',                             'permit'],
  ['else.example',  '',                             'dunno'],
])
testSilent('check_etrn_access hash:t', { recipient: 'user@bad.example' })

// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_etrn_access hash:nowhere' }, [
  ['bad.example', '', '451 4.3.5 <bad.example>: Etrn command rejected: Server configuration error', ...unavailable('hash:nowhere', 'bad.example')],
])
