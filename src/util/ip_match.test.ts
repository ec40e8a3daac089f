import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseIpMatch } from './ip_match.ts'

describe('parseIpMatch', () => {
  // biome-ignore format: columns
  const cases: readonly [pattern: string, yes: readonly string[], no: readonly string[]][] = [
    ['127.0.0.2',                 ['127.0.0.2'],                ['127.0.0.3', '127.0.2.0', '2.0.0.127']],
    ['[127.0.0.2]',               ['127.0.0.2'],                ['127.0.0.3']],
    ['127.0.0.[2..4]',            ['127.0.0.2', '127.0.0.4'],   ['127.0.0.1', '127.0.0.5']],
    ['127.0.0.[2;4;6..8]',        ['127.0.0.2', '127.0.0.7'],   ['127.0.0.3', '127.0.0.5', '127.0.0.9']],
    ['127.0.[0..255].[1..3]',     ['127.0.0.1', '127.0.255.3'], ['127.1.0.1', '127.0.0.0']],
    ['[127.0.[0..255].[1..3]]',   ['127.0.0.1'],                ['127.0.0.4']],
    ['[1;2].0.0.[3]',             ['1.0.0.3', '2.0.0.3'],       ['3.0.0.3', '1.0.0.1']],
    ['[0..255].[0..255].[0..255].[0..255]', ['0.0.0.0', '255.255.255.255'], ['1.2.3', 'x', '']],
    ['127.000.00.02',             ['127.0.0.2'],                []],
    ['127.0.0.[5..5]',            ['127.0.0.5'],                ['127.0.0.4']],
  ]
  for (const [pattern, yes, no] of cases) {
    test(pattern, () => {
      const matches = parseIpMatch(pattern)
      assert.ok(typeof matches === 'function')
      for (const address of yes) assert.equal(matches(address), true, address)
      for (const address of no) assert.equal(matches(address), false, address)
    })
  }

  // biome-ignore format: columns
  const bad: readonly string[] = [
    '', '[]', '127.0.0', '127.0.0.2.3', '127.0.0.', '.127.0.0.2', '127.0.0.256', '127.0.0.-1', '127.0.0.x', '127.0.0.2 ',
    '127.0.0.[]', '127.0.0.[2', '127.0.0.2]', '127.0.0.[2..]', '127.0.0.[..2]', '127.0.0.[4..2]', '127.0.0.[2;]',
    '127.0.0.[2;;3]', '127.0.0.[2,3]', '127.0.0.[2...3]', '127.0.0.[2.3]', '127.0.0.[[2]]', '127.0.0.[256]', '127..0.2',
    '[127.0.0.2', '[127.0.0.2]]', '2001:db8::1', '127.0.0.[2..4]5', '1[2].0.0.1', '[127.0.0].2',
  ]
  for (const pattern of bad) {
    test(`"${pattern}" is refused`, () => {
      const refused = parseIpMatch(pattern)
      assert.ok(typeof refused !== 'function')
      assert.notEqual(refused.problem, '')
    })
  }
})
