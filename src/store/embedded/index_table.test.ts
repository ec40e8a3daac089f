import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../../util/random.ts'
import { IndexTable, TABLES } from './index_table.ts'

/** Signed halves of a fingerprint, as Fingerprinter has them. */
function halves(n: number): { a: number; b: number } {
  return { a: Math.imul(n + 1, 0x9e3779b1) | 0, b: Math.imul(n ^ 0x5bd1e995, 0x85ebca6b) | 0 }
}

describe('IndexTable', () => {
  test('knows what a Map knows after any setting, removing and sweeping', () => {
    const random = seededRandom(7)
    const index = new IndexTable()
    const model = new Map<string, readonly [number, number, number]>()
    // Few distinct keys in two of the tables, so that probing, removal and growth meet.
    const key = (n: number): { a: number; b: number; kind: number } => ({
      a: (n % 2) << 21,
      b: Math.imul(n % 700, 0x01000193) << 2,
      kind: n % 3,
    })
    for (let step = 0; step < 60_000; step++) {
      const { a, b, kind } = key(random.below(2100))
      const id = `${a} ${b} ${kind}`
      const known = index.seek(a, b, kind)
      const expected = model.get(id)
      assert.equal(known, expected !== undefined)
      if (known) assert.deepEqual([index.first, index.last, index.count], expected)
      const dice = random.below(10)
      if (dice < 5) {
        const seen = [random.below(2 ** 32), random.below(2 ** 32), random.below(2 ** 32)] as const
        index.set(...seen)
        model.set(id, seen)
      } else if (dice < 9 && known) {
        index.remove()
        model.delete(id)
      } else if (random.below(500) === 0) {
        const isGone = (first: number): boolean => first % 3 === 0
        for (let table = 0; table < TABLES; table++) index.sweep(table, (_, first) => isGone(first))
        for (const [name, [first]] of model) if (isGone(first)) model.delete(name)
      }
      assert.equal(index.size, model.size)
    }
  })

  test('the sweep is told the kind', () => {
    const index = new IndexTable()
    for (const kind of [0, 1, 2]) {
      index.seek(5, 99, kind)
      index.set(1, 2, 3)
    }
    index.sweep(0, kind => kind !== 1)
    assert.deepEqual(
      [0, 1, 2].map(kind => index.seek(5, 99, kind)),
      [false, true, false],
    )
  })

  test('T22.3 takes less than 30 bytes an entry, filled one by one or at once', () => {
    for (const reserved of [0, 300_000]) {
      const index = new IndexTable()
      index.reserve(reserved)
      for (let n = 0; n < 300_000; n++) {
        const { a, b } = halves(n)
        index.seek(a, b, 0)
        index.set(n, n, 1)
      }
      assert.equal(index.size, 300_000)
      assert.ok(index.bytes / index.size < 30, `${index.bytes / index.size} bytes`)
      for (let n = 0; n < 300_000; n += 1000) {
        const { a, b } = halves(n)
        assert.ok(index.seek(a, b, 0) && index.first === n)
      }
    }
  })

  test('a count stops at its largest number', () => {
    const index = new IndexTable()
    index.seek(1, 1, 0)
    index.set(1, 1, 2 ** 33)
    assert.equal(index.count, 2 ** 32 - 1)
  })
})
