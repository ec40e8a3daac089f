import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom, systemRandom } from './random.ts'

describe('random', () => {
  test('the same seed gives the same numbers, another seed others', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed)
      return Array.from({ length: 50 }, () => random.below(1000))
    }
    assert.deepEqual(draw(7), draw(7))
    assert.notDeepEqual(draw(7), draw(8))
  })

  test('numbers lie below the limit and reach every value', () => {
    const random = seededRandom(1)
    const seen = new Set(Array.from({ length: 2000 }, () => random.below(10)))
    assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('numbers are spread evenly over three, which does not divide 2^32', () => {
    const random = seededRandom(3)
    const counts = [0, 0, 0]
    for (let i = 0; i < 30_000; i++) {
      const n = random.below(3)
      counts[n] = (counts[n] ?? 0) + 1
    }
    for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, `counts ${counts.join(' ')}`)
  })

  test('a limit that cannot be met is refused', () => {
    for (const limit of [0, -1, 1.5, 2 ** 33, Number.NaN]) assert.throws(() => systemRandom.below(limit), RangeError)
  })

  test('the system gives as many bytes as asked for', () => {
    assert.equal(systemRandom.bytes(0).length, 0)
    assert.equal(systemRandom.bytes(5000).length, 5000)
    assert.ok(new Set(systemRandom.bytes(5000)).size > 200)
  })
})
