import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { SparseNotice } from './sparse_notice.ts'

test('says a line once a minute, with the number kept back', async () => {
  const clock = new ManualClock()
  const notice = new SparseNotice(clock)
  assert.equal(notice.tell('full'), 'full')
  for (let i = 0; i < 1234; i++) assert.equal(notice.tell('full'), null)
  await clock.advance(59_999)
  assert.equal(notice.tell('full'), null)
  await clock.advance(1)
  assert.equal(notice.tell('gone'), 'gone; 1235 more in the last 60 s')
  await clock.advance(90_000)
  assert.equal(notice.tell('gone'), 'gone')
})
