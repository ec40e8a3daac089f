import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fillPercent, findBadPercent } from './percent_text.ts'

describe('a text with %s', () => {
  const good: readonly (readonly [text: string, filled: string])[] = [
    ['rejected by DMARC policy for %s', 'rejected by DMARC policy for a.example'],
    ['%s: see https://x.example/?d=%s', 'a.example: see https://x.example/?d=a.example'],
    ['100%% %s', '100% a.example'],
    ['100% %s', '100% a.example'],
    ['no name', 'no name'],
    ['%%s', '%s'],
    ['%%%s', '%a.example'],
    ['50%', '50%'],
  ]
  for (const [text, filled] of good)
    test(text, () => {
      assert.equal(findBadPercent(text), null)
      assert.equal(fillPercent(text, 'a.example'), filled)
    })

  const bad: readonly (readonly [text: string, word: string, offset: number])[] = [
    ['%d', '%d', 0],
    ['%s and %n', '%n', 7],
    ['%% %20', '%2', 3],
    ['%%%x', '%x', 2],
  ]
  for (const [text, word, offset] of bad)
    test(`bad: ${text}`, () => assert.deepEqual(findBadPercent(text), { word, offset }))

  test('a name with "%s" or "$&" in it is put in as it is', () => {
    assert.equal(fillPercent('for %s', '%s$&%%'), 'for %s$&%%')
  })
})
