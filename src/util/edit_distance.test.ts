import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { editDistance, nearest } from './edit_distance.ts'

describe('editDistance', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'abd', 1],
    ['abc', 'ab', 1],
    ['abc', 'xabc', 1],
    ['smptd', 'smtpd', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ]
  for (const [a, b, expected] of cases) {
    test(`${a} to ${b} is ${expected}, both ways`, () => {
      assert.equal(editDistance(a, b), expected)
      assert.equal(editDistance(b, a), expected)
    })
  }

  test('stops at the limit', () => assert.equal(editDistance('kitten', 'sitting', 1), 2))
})

test('nearest() keeps to the limit, and takes the first of equals', () => {
  assert.equal(nearest('reject', ['eject', 'rejects', 'permit'], 2), 'eject')
  assert.equal(nearest('reject', ['permit', 'defer'], 2), null)
  assert.equal(nearest('reject', ['rejecd', 'reject'], 2), 'reject')
})
