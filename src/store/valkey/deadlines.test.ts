import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock, settle } from '../../../test/support/manual_clock.ts'
import { Deadlines, errorText } from './deadlines.ts'

function start() {
  const clock = new ManualClock()
  return { clock, deadlines: new Deadlines(clock, 250) }
}

const never = new Promise<never>(() => {})

describe('Deadlines', () => {
  test('hands an answer on that comes in time', async () => {
    const { deadlines } = start()
    assert.deepEqual(await deadlines.within(Promise.resolve(5)), { ok: true, value: 5 })
    assert.deepEqual(await deadlines.within(Promise.reject(new Error('no'))), { ok: false, reason: 'no' })
  })

  test('gives up after its time, each call after its own', async () => {
    const { clock, deadlines } = start()
    const said: string[] = []
    const ask = (name: string) =>
      void deadlines.within(never).then(({ ok }) => said.push(`${name} ${ok} ${clock.monotonic()}`))
    ask('first')
    await clock.advance(100)
    ask('second')
    await clock.advance(149)
    assert.deepEqual(said, [])
    await clock.advance(1)
    await settle()
    assert.deepEqual(said, ['first false 250'])
    await clock.advance(100)
    await settle()
    assert.equal(said[1], 'second false 350')
  })

  test('reads what has come before it calls it late', async () => {
    const { clock, deadlines } = start()
    const { promise, resolve } = Promise.withResolvers<string>()
    const outcome = deadlines.within(promise)
    // The process was held up for a second; timers run first, then what lies in the sockets.
    const held = clock.advance(1000)
    setImmediate(() => resolve('it was there'))
    await held
    assert.deepEqual(await outcome, { ok: true, value: 'it was there' })
  })

  test('needs no timer when nothing waits', async () => {
    const { clock, deadlines } = start()
    for (let i = 0; i < 3000; i++) await deadlines.within(Promise.resolve(i))
    assert.equal(clock.waiting, 1)
    await clock.advance(250)
    await settle()
    assert.equal(clock.waiting, 0)
    assert.deepEqual(await deadlines.within(Promise.resolve('again')), { ok: true, value: 'again' })
  })
})

test('errorText() has something to say of every error', () => {
  assert.equal(errorText(new Error('text')), 'text')
  assert.equal(errorText(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })), 'ECONNREFUSED')
  assert.equal(errorText(new TypeError()), 'TypeError')
  assert.equal(errorText('odd'), 'odd')
})
