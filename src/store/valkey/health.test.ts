import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import { Health } from './health.ts'

function start() {
  const clock = new ManualClock()
  const told: string[] = []
  const health = new Health(clock, {
    lost: (lane, reason) => told.push(`${lane} lost: ${reason}`),
    back: (lane, seconds) => told.push(`${lane} back after ${seconds}`),
  })
  return { clock, told, health }
}

describe('Health', () => {
  test('takes a server for gone after three failures in a row, and tells it once', () => {
    const { told, health } = start()
    for (let i = 0; i < 10; i++) {
      health.failed('a', 'late', 'k')
      health.failed('a', 'late', 'k')
      health.succeeded('a')
    }
    assert.equal(health.isUp('a'), true)
    for (let i = 0; i < 10; i++) health.failed('a', 'late', `k${i}`)
    assert.equal(health.isUp('a'), false)
    assert.equal(health.isUp('b'), true)
    assert.deepEqual(told, ['a lost: late'])
    assert.deepEqual(health.gone, [['a', 'k9']])
    assert.equal(health.reason('a'), 'late')
  })

  test('is not persuaded by an answer that was under way', () => {
    const { health } = start()
    health.lost('a', 'ended')
    health.succeeded('a')
    assert.equal(health.isUp('a'), false)
  })

  test('has it back by a trial, told once, and doubts it for three seconds', async () => {
    const { clock, told, health } = start()
    health.trust(['a'])
    assert.equal(health.isDoubtful('a'), false)
    health.lost('a', 'ended')
    await clock.advance(12_300)
    health.back('a')
    health.back('a')
    assert.deepEqual(told, ['a lost: ended', 'a back after 12'])
    assert.equal(health.isUp('a'), true)
    assert.equal(health.isDoubtful('a'), true)
    await clock.advance(3000)
    assert.equal(health.isDoubtful('a'), false)
  })

  test('doubts one that was not there from the beginning: it may be the replica of another', async () => {
    const { clock, health } = start()
    health.trust(['a'])
    assert.equal(health.isDoubtful('b'), true)
    await clock.advance(3000)
    assert.equal(health.isDoubtful('b'), false)
  })

  test('tries one that comes and goes less and less often, down to once in four seconds', async () => {
    const { clock, health } = start()
    const waited: number[] = []
    for (let i = 0; i < 6; i++) {
      health.lost('a', 'late')
      let ms = 0
      for (; !health.mayTry('a'); ms += 100) await clock.advance(100)
      waited.push(ms)
      health.back('a')
    }
    assert.deepEqual(waited, [0, 500, 1500, 3500, 4000, 4000])
    await clock.advance(10_000)
    health.lost('a', 'late')
    assert.equal(health.mayTry('a'), true)
  })
})
