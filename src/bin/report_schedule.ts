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
/** How long the relay gets rest after it would not take a letter. */
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
  /** Monotonic: the outbox is left alone until then. */
  #restUntil = 0
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
    if (this.#hasWork()) {
      await this.#options.work()
      this.#restUntil = this.#options.clock.monotonic() + RETRY_MS
    }
    if (!this.#stopped) this.#timer = this.#options.clock.after(LOOK_MS, () => void this.#look())
  }

  #hasWork(): boolean {
    const { clock, config: current, warn } = this.#options
    const config = current()
    const directory = morningReportDirectory(config)
    try {
      const has = hasWork(openReportState(directory), config, {
        now: clock.now(),
        isResting: clock.monotonic() < this.#restUntil,
      })
      this.#lastTrouble = ''
      return has
    } catch (error) {
      const text = `cannot use ${directory}: ${error instanceof Error ? error.message : String(error)}`
      // Not every half minute.
      if (text !== this.#lastTrouble) warn(text)
      this.#lastTrouble = text
      return false
    }
  }
}

function hasWork(
  state: ReportState,
  config: Config,
  at: { readonly now: number; readonly isResting: boolean },
): boolean {
  const plan = reportPlan(config)
  if (plan === null) forgetServed(state)
  else if (dueTime(state, plan, at.now) !== null) return true
  return !at.isResting && waitingLetters(state).length > 0
}
