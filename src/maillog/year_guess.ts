/** The year of lines whose log does not write it (RFC 3164), line by line, forwards over new year. */

/** A day of the calendar. */
export interface CalendarDay {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}

/** Clocks of hosts differ, and so do their zones: a line may be so many days later than the newest day. */
const SKEW_DAYS = 2
/** No month has more. */
const MONTH_DAYS = 31
/** A step back of more months than this is a new year: logs are read in their order, more or less. */
const HALF_YEAR = 6

/** One log of less than a year in length. A longer one needs years in its lines. */
export class YearGuess {
  readonly #newest: CalendarDay
  #year: number | null = null
  #month = 0
  #day = 0

  /** `newest` is when the log was last written to: its lines are not later. */
  constructor(newest: CalendarDay) {
    this.#newest = newest
  }

  /** The year of the next line, which is of that day. */
  next(month: number, day: number): number {
    if (this.#year === null) this.#year = this.#first(month, day)
    else if (this.#month - month > HALF_YEAR) this.#year++
    else if (this.#isHeldUp(month, day)) this.#year--
    this.#month = month
    this.#day = day
    return this.#year
  }

  /** The log has said a year itself: what follows is reckoned from it. */
  saw({ year, month, day }: CalendarDay): void {
    this.#year = year
    this.#month = month
    this.#day = day
  }

  /** A line of 31 December that came after those of 1 January. */
  #isHeldUp(month: number, day: number): boolean {
    return this.#month === 1 && this.#day <= SKEW_DAYS && month === 12 && day > MONTH_DAYS - SKEW_DAYS
  }

  #first(month: number, day: number): number {
    const newest = this.#newest
    const isLater = month * MONTH_DAYS + day > newest.month * MONTH_DAYS + newest.day + SKEW_DAYS
    let year = isLater ? newest.year - 1 : newest.year
    // 29 February says more than other days.
    while (month === 2 && day === 29 && !isLeap(year)) year--
    return year
  }
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}
