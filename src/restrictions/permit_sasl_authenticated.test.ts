import { testSaid } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testSaid({ word: 'permit_sasl_authenticated' }, [
  // said             main.cf  expected
  [{},                '',      'dunno'],
  [{ sasl: 'alice' }, '',      'permit'],
])
