import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { LocalRates } from './anvil.ts'

test('counts connections that are open, and events within the time unit', async () => {
  const clock = new ManualClock()
  const rates = new LocalRates(clock, 60_000)
  assert.deepEqual(await rates.connect('192.0.2.1'), { count: 1, rate: 1 })
  assert.deepEqual(await rates.connect('192.0.2.1'), { count: 2, rate: 2 })
  assert.deepEqual(await rates.connect('192.0.2.2'), { count: 1, rate: 1 })
  rates.disconnect('192.0.2.1')
  assert.deepEqual(await rates.connect('192.0.2.1'), { count: 2, rate: 3 })
  assert.equal(await rates.count('192.0.2.1', 'message'), 1)
  assert.equal(await rates.count('192.0.2.1', 'message'), 2)
  assert.equal(await rates.current('192.0.2.1', 'message'), 2)
  assert.equal(await rates.current('192.0.2.1', 'auth'), 0)
  await clock.advance(60_001)
  assert.deepEqual(await rates.connect('192.0.2.1'), { count: 3, rate: 1 })
  assert.equal(await rates.current('192.0.2.1', 'message'), 0)
})

test('forgets clients that are gone', async () => {
  const clock = new ManualClock()
  const rates = new LocalRates(clock, 60_000)
  for (let i = 0; i < 1000; i++) {
    await rates.connect(`10.0.0.${i}`)
    rates.disconnect(`10.0.0.${i}`)
  }
  await rates.connect('192.0.2.1')
  await clock.advance(120_002)
  await rates.connect('192.0.2.2')
  assert.equal(rates.size, 2)
})

test('a disconnect that nobody counted does no harm', async () => {
  const rates = new LocalRates(new ManualClock(), 60_000)
  rates.disconnect('192.0.2.1')
  assert.deepEqual(await rates.connect('192.0.2.1'), { count: 1, rate: 1 })
})
