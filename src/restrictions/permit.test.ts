import { testInLists } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testInLists({ word: 'permit' }, [
  // list               main.cf  expected
  ['Client host',       '',      'permit'],
  ['Helo command',      '',      'permit'],
  ['Sender address',    '',      'permit'],
  ['Recipient address', '',      'permit'],
  ['End-of-data',       '',      'permit'],
])
