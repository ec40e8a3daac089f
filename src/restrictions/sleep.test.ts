import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { tellRestriction } from '../../test/support/restriction_cases.ts'

test('sleep says nothing, but not before its seconds are over', async () => {
  const clock = new ManualClock()
  let told: unknown = null
  const asked = tellRestriction('sleep 3', {}, { clock }).then(answer => {
    told = answer
  })
  await clock.advance(2999)
  assert.equal(told, null)
  await clock.advance(1)
  await asked
  assert.deepEqual(told, { verdict: 'dunno', notes: [] })
})

test('sleep may be longer than postern_check_timeout', async () => {
  const clock = new ManualClock()
  const asked = tellRestriction('sleep 300', {}, { clock, mainCf: 'postern_check_timeout = 10s' })
  await clock.advance(300_000)
  assert.deepEqual(await asked, { verdict: 'dunno', notes: [] })
})
