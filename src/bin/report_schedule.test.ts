import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { hostEnv } from '../config/read.ts'
import {
  dueTime,
  markServed,
  openReportState,
  putLetter,
  removeLetter,
  waitingLetters,
} from '../report/command/outbox.ts'
import { MorningReport, morningReportDirectory, reportPlan } from './report_schedule.ts'

const MINUTE = 60_000
const HOUR = 3_600_000

interface Bench {
  readonly clock: ManualClock
  /** "01-02 04:00": when it worked, to the minute. */
  readonly worked: string[]
  config: Config
  relay: 'takes' | 'defers'
  start(): MorningReport
}

function bench(t: TestContext, mainCf = 'postern_report_to = you@example.com\n'): Bench {
  const directory = mkdtempSync(join(tmpdir(), 'postern-morning-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const load = (text: string): Config =>
    loadConfig({
      mainCf: `postern_state_directory = ${directory}\n${text}`,
      ...{ path: 'main.cf', masterCf: '', overrides: [], env: hostEnv() },
    }).config
  const clock = new ManualClock()
  const worked: string[] = []
  const self: Bench = {
    ...{ clock, worked, config: load(mainCf), relay: 'takes' },
    start() {
      const report = new MorningReport({
        clock,
        config: () => self.config,
        // As report_process.ts, without the report.
        async work() {
          worked.push(new Date(clock.now()).toISOString().slice(5, 16).replace('T', ' '))
          const state = openReportState(morningReportDirectory(self.config))
          const plan = reportPlan(self.config)
          const dueMs = plan === null ? null : dueTime(state, plan, clock.now())
          if (plan !== null && dueMs !== null) {
            putLetter(state, { dueMs, from: 'a@example.com', to: ['b@example.com'], message: '' })
            markServed(state, plan, dueMs)
          }
          if (self.relay === 'takes') for (const letter of waitingLetters(state)) removeLetter(state, letter)
        },
        warn: text => assert.fail(text),
      })
      t.after(() => report.stop())
      report.start()
      return report
    },
  }
  return self
}

describe('G26 the morning report', () => {
  const zone = process.env['TZ']
  before(() => {
    process.env['TZ'] = 'UTC'
  })
  after(() => {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  })

  test('is made at four, once a day, and not for the time before it was wanted', async t => {
    const { clock, worked, start } = bench(t)
    await clock.advance(5 * HOUR)
    start()
    await clock.advance(48 * HOUR)
    assert.deepEqual(worked, ['01-02 04:00', '01-03 04:00'])
  })

  test('nobody is told: nothing is made', async t => {
    const { clock, worked, start } = bench(t, '')
    start()
    await clock.advance(48 * HOUR)
    assert.deepEqual(worked, [])
  })

  test('what was due while nothing ran is made at the start, once', async t => {
    const { clock, worked, start } = bench(t)
    const first = start()
    await clock.advance(25 * HOUR)
    assert.deepEqual(worked, ['01-01 04:00'])
    first.stop()
    await clock.advance(3 * 24 * HOUR + 9 * HOUR)
    start()
    await clock.advance(HOUR)
    start()
    await clock.advance(HOUR)
    assert.deepEqual(worked, ['01-01 04:00', '01-05 10:00'])
  })

  test('a new schedule has nothing to catch up with', async t => {
    const self = bench(t)
    self.start()
    await self.clock.advance(6 * HOUR)
    self.config = { ...self.config, postern_report_schedule: '0 5 * * *' }
    await self.clock.advance(12 * HOUR)
    self.config = { ...self.config, postern_report_to: [] }
    await self.clock.advance(24 * HOUR)
    self.config = { ...self.config, postern_report_to: ['you@example.com'] }
    await self.clock.advance(10 * HOUR)
    assert.deepEqual(self.worked, ['01-01 04:00'])
    await self.clock.advance(2 * HOUR)
    assert.deepEqual(self.worked, ['01-01 04:00', '01-03 05:00'])
  })

  test('a letter that was deferred is tried again every ten minutes', async t => {
    const self = bench(t)
    self.relay = 'defers'
    self.start()
    await self.clock.advance(4 * HOUR + 25 * MINUTE)
    assert.deepEqual(self.worked, ['01-01 04:00', '01-01 04:10', '01-01 04:20'])
    self.relay = 'takes'
    await self.clock.advance(HOUR)
    assert.deepEqual(self.worked.slice(3), ['01-01 04:30'])
  })
})
