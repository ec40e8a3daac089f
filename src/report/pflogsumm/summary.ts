/** Lines of a log, one after the other, into the figures of pflogsumm. */
import type { LogTime } from '../../model/log_line.ts'
import type { Facts } from '../facts.ts'
import type { CountOptions } from '../options.ts'
import { assembleFacts } from './assemble.ts'
import { lineCutter, withoutMessageId } from './collect/line.ts'
import { PostscreenCounts } from './collect/postscreen.ts'
import { QueueCounts } from './collect/queue.ts'
import { StatelessCounts } from './collect/stateless.ts'
import { TrafficCounts } from './collect/traffic.ts'
import { DayRule } from './day_rule.ts'

export class Summary {
  readonly #options: CountOptions
  readonly #cut: ReturnType<typeof lineCutter>
  readonly #traffic = new TrafficCounts()
  readonly #stateless: StatelessCounts
  readonly #queue: QueueCounts
  readonly #postscreen: PostscreenCounts | null
  readonly #days: DayRule
  readonly #lines = { read: 0, postfix: 0 }

  constructor(options: CountOptions) {
    this.#options = options
    this.#cut = lineCutter(options.syslogName)
    this.#stateless = new StatelessCounts(options, this.#traffic)
    this.#queue = new QueueCounts(options, this.#traffic)
    this.#postscreen = options.postscreenStats ? new PostscreenCounts() : null
    this.#days = new DayRule(options)
  }

  /** Whether it is a day that is asked for. */
  wants(time: LogTime): boolean {
    return this.#days.wants(time)
  }

  /** Lines without a time. */
  skip(lines: number): void {
    this.#lines.read += lines
  }

  /** `text` is the line from its program on. Whether it was one of Postfix, on a day that is asked for. */
  take({ time, text }: { readonly time: LogTime; readonly text: string }): boolean {
    this.#lines.read++
    if (!this.wants(time)) return false
    const line = this.#cut(withoutMessageId(text))
    if (line === null) return false
    this.#lines.postfix++
    const { hour, minute, second } = time
    const day = this.#days.numberOf(time)
    if (time.day !== this.#days.lastDate) {
      this.#days.begin(time.day, day)
      this.#traffic.selectDay(day)
      if (this.#options.zeroFill) this.#traffic.zeroFill()
    }
    this.#traffic.hour = hour
    const moment = { day, row: this.#days.row, hour, minute, second }
    if (line.daemon === 'postscreen') this.#postscreen?.count(line.text, moment)
    if (!this.#stateless.count(line)) this.#queue.count(line, moment)
    return true
  }

  facts(): Facts {
    return assembleFacts({
      scanned: { ...this.#stateless.result(), ...this.#lines, dayCount: this.#days.count, days: [], hours: [] },
      queue: this.#queue,
      traffic: this.#traffic,
      postscreen: this.#postscreen,
      options: this.#options,
    })
  }
}
