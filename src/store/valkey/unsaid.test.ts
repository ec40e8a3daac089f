import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RecordName } from './record.ts'
import { Unsaid } from './unsaid.ts'

const name = (key: string): RecordName => ({ kind: 'triplet', key })
const keys = (names: readonly RecordName[]) => names.map(({ key }) => key)
const everything = () => true

describe('Unsaid', () => {
  test('hands out each record once, the oldest first', () => {
    const unsaid = new Unsaid()
    for (const key of ['a', 'b', 'a', 'c']) unsaid.add(name(key))
    assert.equal(unsaid.size, 3)
    assert.deepEqual(keys(unsaid.take(2, everything)), ['b', 'a'])
    assert.deepEqual(keys(unsaid.take(2, everything)), ['c'])
    assert.deepEqual(keys(unsaid.take(2, everything)), [])
  })

  test('keeps what cannot be told yet', () => {
    const unsaid = new Unsaid()
    for (const key of ['a', 'b']) unsaid.add(name(key))
    assert.deepEqual(keys(unsaid.take(5, id => id === 'postern:t:b')), ['b'])
    assert.deepEqual(keys(unsaid.take(5, everything)), ['a'])
  })

  test('is bounded, and keeps the newest', () => {
    const unsaid = new Unsaid()
    for (let i = 0; i < 100_050; i++) unsaid.add(name(`${i}`))
    assert.equal(unsaid.size, 100_000)
    assert.deepEqual(keys(unsaid.take(1, everything)), ['50'])
  })

  test('T5.1 doubts what was acknowledged in the last two seconds, and nothing older', () => {
    const unsaid = new Unsaid()
    unsaid.acknowledged(name('old'), 1000)
    unsaid.acknowledged(name('recent'), 3900)
    unsaid.acknowledged(name('just now'), 5500)
    unsaid.doubtRecent(5900)
    assert.deepEqual(keys(unsaid.take(5, everything)), ['recent', 'just now'])
    unsaid.doubtRecent(5950)
    assert.equal(unsaid.size, 0)
  })

  test('forgets by itself what is older', () => {
    const unsaid = new Unsaid()
    for (let second = 0; second < 100; second++) unsaid.acknowledged(name(`${second}`), second * 1000)
    unsaid.doubtRecent(200_000)
    assert.equal(unsaid.size, 0)
  })
})
