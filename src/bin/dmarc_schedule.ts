/** When DMARC reports are made and sent: by the supervisor, so that it happens once, however many workers there are. */
import type { Config } from '../config/config.ts'
import { hasWork } from '../dmarc_report/run.ts'
import type { Clock, Timer } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import { reportDirectory } from './dmarc_reports.ts'

export interface ScheduleOptions {
  readonly clock: Clock
  readonly random: Random
  /** The configuration in use. */
  config(): Config
  /** Does what is due, and settles when that is done. Never rejects. */
  work(settleMs: number): Promise<void>
  warn(text: string): void
}

const DAY_MS = 86_400_000
/** Ten past midnight: until then the last messages of the day have their verdicts. */
const SETTLE_MS = 600_000
/** After a late start: not while everything else begins. */
const START_MS = 60_000

export class ReportSchedule {
  readonly #options: ScheduleOptions
  /** Which part of postern_dmarc_report_spread is ours, in thousandths. */
  readonly #share: number
  #timer: Timer | null = null
  #stopped = false

  constructor(options: ScheduleOptions) {
    this.#options = options
    this.#share = options.random.below(1000)
  }

  start(): void {
    this.#wait(START_MS)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #wait(ms: number): void {
    if (!this.#stopped) this.#timer = this.#options.clock.after(ms, () => void this.#wake())
  }

  async #wake(): Promise<void> {
    const { clock } = this.#options
    const config = this.#options.config()
    const settleMs = SETTLE_MS + config.postern_dmarc_report_spread * this.#share
    if (config.postern_dmarc_report_from !== '' && this.#hasWork(config, settleMs)) await this.#options.work(settleMs)
    const now = clock.now()
    const sinceDue = (((now - settleMs) % DAY_MS) + DAY_MS) % DAY_MS
    // A second later: a clock may be a little early.
    this.#wait(Math.min(config.postern_dmarc_report_retry * 1000, DAY_MS - sinceDue + 1000))
  }

  #hasWork(config: Config, settleMs: number): boolean {
    const directory = reportDirectory(config)
    try {
      return hasWork(directory, this.#options.clock.now(), settleMs)
    } catch (error) {
      this.#options.warn(`cannot read ${directory}: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
  }
}
