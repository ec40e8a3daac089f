/** Which days count, and which day a line is filed under. */
import type { LogTime } from '../../model/log_line.ts'
import type { CountOptions, DateRange } from '../options.ts'
import { dayNumber } from './collect/traffic.ts'

export class DayRule {
  /** Whether it is a day that is asked for. */
  readonly wants: (time: LogTime) => boolean
  readonly #options: CountOptions
  /** The day of the month of the line before. */
  lastDate = 0
  /** The day, by `dayNumber`, under which lines are filed. */
  row = 0
  /** How often the day of the month changed. */
  count = 0

  constructor(options: CountOptions) {
    this.#options = options
    this.wants = dayFilter(options)
  }

  numberOf(time: LogTime): number {
    return dayNumber(yearOf(time, this.#options), time.month, time.day)
  }

  /** pflogsumm: another day of the month is another day; a log may skip whole months. */
  begin(date: number, number: number): void {
    this.lastDate = date
    this.row = number
    this.count++
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
