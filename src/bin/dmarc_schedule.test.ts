import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { loadConfig } from '../config/config.ts'
import { hostEnv } from '../config/read.ts'
import { ReportSchedule } from './dmarc_schedule.ts'

const MINUTE = 60_000
const HOUR = 3_600_000

interface Bench {
  readonly clock: ManualClock
  /** "01-02 00:10:01": when it worked. */
  readonly worked: string[]
  readonly schedule: ReportSchedule
  collect(day: string): void
  /** What the outbox holds after the work. */
  leaveUnsent: boolean
}

function bench(t: TestContext, from = 'dmarc@here.example'): Bench {
  const directory = mkdtempSync(join(tmpdir(), 'postern-schedule-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const mainCf = `postern_state_directory = ${directory}\npostern_dmarc_report_from = ${from}\npostern_dmarc_report_spread = 2h\n`
  const { config } = loadConfig({ mainCf, path: 'main.cf', masterCf: '', overrides: [], env: hostEnv() })
  const clock = new ManualClock()
  const worked: string[] = []
  const reports = join(directory, 'dmarc')
  for (const name of ['made', 'outbox']) mkdirSync(join(reports, name), { recursive: true })
  const self: Bench = {
    ...{ clock, worked, leaveUnsent: false },
    collect: day => writeFileSync(join(reports, `${day}.1.lines`), ''),
    schedule: new ReportSchedule({
      clock,
      random: { below: limit => limit / 2, bytes: count => new Uint8Array(count) },
      config: () => config,
      async work() {
        const now = new Date(clock.now())
        worked.push(now.toISOString().slice(5, 19).replace('T', ' '))
        const yesterday = new Date(clock.now() - 24 * HOUR).toISOString().slice(0, 10)
        writeFileSync(join(reports, 'made', `${yesterday}.json`), '{}')
        rmSync(join(reports, 'outbox', 'x.json'), { force: true })
        if (self.leaveUnsent) writeFileSync(join(reports, 'outbox', 'x.json'), '{}')
      },
      warn: text => assert.fail(text),
    }),
  }
  t.after(() => self.schedule.stop())
  return self
}

describe('T12.3 reports of a day', () => {
  test('are sent at ten past midnight UTC and our part of the spread, once a day', async t => {
    const { schedule, clock, worked, collect } = bench(t)
    for (const day of ['2026-01-01', '2026-01-02']) collect(day)
    schedule.start()
    await clock.advance(24 * HOUR)
    assert.deepEqual(worked, [])
    await clock.advance(2 * HOUR)
    assert.deepEqual(worked, ['01-02 01:10:01'])
    await clock.advance(24 * HOUR)
    assert.deepEqual(worked, ['01-02 01:10:01', '01-03 01:10:01'])
  })

  test('are sent soon after a late start', async t => {
    const { schedule, clock, worked, collect } = bench(t)
    collect('2025-12-31')
    await clock.advance(9 * HOUR)
    schedule.start()
    await clock.advance(2 * MINUTE)
    assert.deepEqual(worked, ['01-01 09:01:00'])
  })

  test('are tried again while some are unsent', async t => {
    const self = bench(t)
    self.collect('2025-12-31')
    self.leaveUnsent = true
    await self.clock.advance(9 * HOUR)
    self.schedule.start()
    await self.clock.advance(7 * HOUR)
    assert.deepEqual(self.worked, ['01-01 09:01:00', '01-01 12:01:00', '01-01 15:01:00'])
    self.leaveUnsent = false
    await self.clock.advance(8 * HOUR)
    assert.equal(self.worked.length, 4)
  })

  test('are not sent without a sender', async t => {
    const { schedule, clock, worked, collect } = bench(t, '')
    collect('2025-12-31')
    schedule.start()
    await clock.advance(72 * HOUR)
    assert.deepEqual(worked, [])
  })
})
