import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Record } from './record.ts'
import { MemoryState } from './state.ts'

const DAY = 86_400
const LIFETIMES = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, correspondent: 60 * DAY }
const NOW = 1_700_000_000

function state(): MemoryState {
  const made = new MemoryState({ low: 1, high: 2 }, LIFETIMES)
  made.now = NOW
  return made
}

/** Sightings of one key within an hour: nothing expires, no clock is wrong. */
const record: fc.Arbitrary<Record> = fc
  .record({
    kind: fc.integer({ min: 0, max: 2 }),
    forget: fc.boolean(),
    generation: fc.integer({ min: 0, max: 3 }),
    count: fc.integer({ min: 0, max: 5 }),
    first: fc.integer({ min: NOW - 3600, max: NOW }),
    span: fc.integer({ min: 0, max: 3600 }),
  })
  .map(({ span, forget, generation, first, ...fields }) => ({
    ...fields,
    first,
    last: Math.min(NOW, first + span),
    // Only a forgotten key has a generation, and what forgets it carries one.
    forget: forget && generation > 0,
    generation,
    bytes: Buffer.from('key'),
    keyStart: 0,
    keyEnd: 3,
  }))

function told(made: MemoryState): unknown {
  return [0, 1, 2].map(kind => {
    const key = { kind, forget: false, first: 0, last: 0, count: 0, generation: 0, bytes: Buffer.from('key') }
    return made.sighting({ ...key, keyStart: 0, keyEnd: 3 }, NOW)
  })
}

test('the order in which files are read does not matter', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (records, dice) => {
      const [inOrder, mixed] = [state(), state()]
      for (const one of records) inOrder.apply(one, 'add')
      const shuffled = records.map(one => ({ one, at: dice.next().value })).sort((a, b) => a.at - b.at)
      for (const { one } of shuffled) mixed.apply(one, 'add')
      assert.deepEqual(told(mixed), told(inOrder))
    }),
  )
})
