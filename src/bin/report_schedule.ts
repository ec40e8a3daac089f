/** When the morning report is made and sent: by the supervisor, so that it happens once, however many workers there are. */
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import {
  dueTime,
  forgetServed,
  openReportState,
  type Plan,
  type ReportState,
  waitingLetters,
} from '../report/command/outbox.ts'
import { parseCron } from '../report/schedule/cron.ts'
import type { Clock, Timer } from '../util/clock.ts'

export interface MorningReportOptions {
  readonly clock: Clock
  /** The configuration in use. */
  config(): Config
  /** Makes and sends what is due, and settles when that is done. Never rejects. */
  work(): Promise<void>
  warn(text: string): void
}

/** A machine may have slept, and its clock may be set: what is due is looked at so often. */
const LOOK_MS = 30_000
/** How long what was tried gets rest: a relay that would not take a letter, or whatever kept a report from being made. */
const RETRY_MS = 600_000

export function morningReportDirectory(config: Pick<Config, 'postern_state_directory'>): string {
  return join(config.postern_state_directory, 'report')
}

/** What main.cf plans; null: nothing, or it is unsound, which was told when it was read. */
export function reportPlan(config: Pick<Config, 'postern_report_to' | 'postern_report_schedule'>): Plan | null {
  const text = config.postern_report_schedule
  if (config.postern_report_to.length === 0 || text === '') return null
  const parsed = parseCron(text)
  return parsed.ok ? { text, schedule: parsed.schedule } : null
}

export class MorningReport {
  readonly #options: MorningReportOptions
  #timer: Timer | null = null
  #stopped = false
  /** Monotonic: what was tried is left alone until then. */
  #restUntil = 0
  #triedMs: number | null = null
  #lastTrouble = ''

  constructor(options: MorningReportOptions) {
    this.#options = options
  }

  start(): void {
    void this.#look()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #look(): Promise<void> {
    const { clock } = this.#options
    const dueMs = this.#dueNow()
    if (dueMs !== null) {
      this.#triedMs = dueMs
      await this.#options.work()
      this.#restUntil = clock.monotonic() + RETRY_MS
    }
    if (!this.#stopped) this.#timer = clock.after(LOOK_MS, () => void this.#look())
  }

  /** The time to be served, or of a letter that waits; null: nothing is to be done now. */
  #dueNow(): number | null {
    const { clock, config: current, warn } = this.#options
    const config = current()
    const directory = morningReportDirectory(config)
    try {
      const dueMs = dueTimeOf(openReportState(directory), config, clock.now())
      this.#lastTrouble = ''
      return dueMs !== null && dueMs === this.#triedMs && clock.monotonic() < this.#restUntil ? null : dueMs
    } catch (error) {
      const text = `cannot use ${directory}: ${error instanceof Error ? error.message : String(error)}`
      // Not every half minute.
      if (text !== this.#lastTrouble) warn(text)
      this.#lastTrouble = text
      return null
    }
  }
}

function dueTimeOf(state: ReportState, config: Config, now: number): number | null {
  const plan = reportPlan(config)
  if (plan === null) forgetServed(state)
  const dueMs = plan === null ? null : dueTime(state, plan, now)
  return dueMs ?? waitingLetters(state)[0]?.dueMs ?? null
}
