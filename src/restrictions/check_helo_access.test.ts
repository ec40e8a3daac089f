import {
  type RestrictionSetting,
  testRestriction,
  testSilent,
  unavailable,
} from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'check_helo_access hash:t',
  fact: 'helo',
  tables: {
    'hash:t': {
      'bad.example': 'REJECT no',
      'good.example': 'OK',
      '.dot.example': '450 4.7.1 later',
      localhost: 'some_class',
      '192.0.2': 'REJECT',
      '[192.0.2.1]': 'REJECT',
    },
    'regexp:t': { 'bad.example': 'REJECT' },
  },
}

// biome-ignore format: columns
testRestriction(setting, [
  // helo             main.cf                               expected
  ['bad.example',     '',                                   '554 5.7.1 <bad.example>: Helo command rejected: no'],
  ['BAD.example',     'access_map_reject_code = 450',       '450 4.7.1 <BAD.example>: Helo command rejected: no'],
  ['a.b.bad.example', '',                                   '554 5.7.1 <a.b.bad.example>: Helo command rejected: no'],
  ['good.example',    '',                                   'permit'],
  ['localhost',       '',                                   'list some_class'],
  ['else.example',    '',                                   'dunno'],
  ['a.dot.example',   '',                                   'dunno'],
  ['a.dot.example',   'parent_domain_matches_subdomains =', '450 4.7.1 <a.dot.example>: Helo command rejected: later'],
  ['a.bad.example',   'parent_domain_matches_subdomains =', 'dunno'],
  ['192.0.2.1',       '',                                   'dunno'],
  ['[192.0.2.1]',     '',                                   '554 5.7.1 <[192.0.2.1]>: Helo command rejected: Access denied'],
  ['bad.example.',    '',                                   'dunno'],
  ['.',               '',                                   'dunno'],
])
testSilent('check_helo_access hash:t', { helo: null })

// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_helo_access regexp:t' }, [
  ['bad.example',   '', '554 5.7.1 <bad.example>: Helo command rejected: Access denied'],
  ['a.bad.example', '', 'dunno'],
])

// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_helo_access hash:nowhere' }, [
  ['bad.example',   '', '451 4.3.5 <bad.example>: Helo command rejected: Server configuration error', ...unavailable('hash:nowhere', 'bad.example')],
])
