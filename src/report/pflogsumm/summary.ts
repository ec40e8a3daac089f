/** Lines of a log, one after the other, into the figures of pflogsumm. */
import type { LogTime } from '../../model/log_line.ts'
import type { Facts } from '../facts.ts'
import type { CountOptions, DateRange } from '../options.ts'
import { lineCutter, withoutMessageId } from './collect/line.ts'
import { PostscreenCounts } from './collect/postscreen.ts'
import { QueueCounts } from './collect/queue.ts'
import { StatelessCounts } from './collect/stateless.ts'
import { dayNumber, TrafficCounts } from './collect/traffic.ts'

export class Summary {
  readonly #options: CountOptions
  readonly #cut: ReturnType<typeof lineCutter>
  readonly #traffic = new TrafficCounts()
  readonly #stateless: StatelessCounts
  readonly #queue: QueueCounts
  readonly #postscreen: PostscreenCounts | null
  /** Whether it is a day that is asked for. */
  readonly wants: (time: LogTime) => boolean
  #lastDay = 0
  #row = 0
  #dayCount = 0
  #read = 0
  #postfix = 0

  constructor(options: CountOptions) {
    this.#options = options
    this.#cut = lineCutter(options.syslogName)
    this.#stateless = new StatelessCounts(options, this.#traffic)
    this.#queue = new QueueCounts(options, this.#traffic)
    this.#postscreen = options.postscreenStats ? new PostscreenCounts() : null
    this.wants = dayFilter(options)
  }

  /** Lines without a time. */
  skip(lines: number): void {
    this.#read += lines
  }

  /** `text` is the line from its program on. Whether it was one of Postfix, on a day that is asked for. */
  take({ time, text }: { readonly time: LogTime; readonly text: string }): boolean {
    this.#read++
    if (!this.wants(time)) return false
    const line = this.#cut(withoutMessageId(text))
    if (line === null) return false
    this.#postfix++
    const { month, day, hour, minute, second } = time
    const number = dayNumber(yearOf(time, this.#options), month, day)
    // pflogsumm: another day of the month is another day; a log may skip whole months.
    if (day !== this.#lastDay) {
      this.#lastDay = day
      this.#row = number
      this.#dayCount++
      this.#traffic.selectDay(number)
      if (this.#options.zeroFill) this.#traffic.zeroFill()
    }
    this.#traffic.hour = hour
    const moment = { day: number, row: this.#row, hour, minute, second }
    if (line.daemon === 'postscreen') this.#postscreen?.count(line.text, moment)
    if (!this.#stateless.count(line)) this.#queue.count(line, moment)
    return true
  }

  facts(): Facts {
    const { refusals, refused, warnings, fatals, panics, master } = this.#stateless
    const { totals, senders, recipients, connections } = this.#queue
    return {
      totals: {
        ...totals,
        rejected: refused.reject,
        rejectWarnings: refused.reject_warning,
        held: refused.hold,
        discarded: refused.discard,
        bytesReceived: senders.bytes,
        bytesDelivered: recipients.bytes,
      },
      days: this.#traffic.days(),
      dayCount: this.#dayCount,
      hours: this.#traffic.hours(),
      recipientDomains: recipients.domainFacts(),
      senderDomains: senders.domains.facts(),
      senders: senders.addresses.facts(),
      recipients: recipients.addresses.facts(),
      deferrals: this.#queue.deferralReasons,
      bounces: this.#queue.bounceReasons,
      rejects: refusals.reject,
      rejectWarnings: refusals.reject_warning,
      holds: refusals.hold,
      discards: refusals.discard,
      smtpFailures: this.#queue.smtpFailures,
      ...{ warnings, fatals, panics, masterMessages: master },
      sizeless: this.#queue.sizeless,
      messages: this.#queue.messages,
      connections: this.#options.smtpdStats ? connections.facts() : null,
      ...(this.#postscreen === null ? {} : { postscreen: this.#postscreen.facts() }),
      lines: { read: this.#read, postfix: this.#postfix },
    }
  }
}

/** pflogsumm: a month that is yet to come was last year's, and a year in the log does not count. */
function yearOf({ year, month }: LogTime, { today, years }: CountOptions): number {
  if (year !== null && years === 'log') return year
  return month > today.month ? today.year - 1 : today.year
}

function dayFilter(options: CountOptions): (time: LogTime) => boolean {
  const { dates, years } = options
  if (dates === null) return () => true
  const first = numberOf(dates.first)
  const last = numberOf(dates.last)
  return time => {
    // pflogsumm 1.1.5 compares "Nov 24" where there is no year.
    if (time.year === null && years === 'guessed' && first === last)
      return time.month === dates.first.month && time.day === dates.first.day
    const year = time.year ?? yearOf(time, options)
    const number = dayNumber(year, time.month, time.day)
    return number >= first && number <= last
  }
}

function numberOf({ year, month, day }: DateRange['first']): number {
  return dayNumber(year, month, day)
}
