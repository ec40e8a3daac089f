/** What is counted by hour and by day. */
import type { DayFacts, Traffic } from '../../facts.ts'

export const RECEIVED = 0
export const DELIVERED = 1
export const DEFERRED = 2
export const BOUNCED = 3
export const REJECTED = 4
const COLUMNS = 5
const HOURS = 24
/** A day is a number, year · 10000 + month · 100 + day of the month, so that days sort. */
const YEAR = 10_000
const MONTH = 100

export type Column = typeof RECEIVED | typeof DELIVERED | typeof DEFERRED | typeof BOUNCED | typeof REJECTED

interface Row {
  readonly counts: Float64Array
  columns: number
}

export function dayNumber(year: number, month: number, day: number): number {
  return year * YEAR + month * MONTH + day
}

/** The three of a day number. */
export function dayParts(number: number): { readonly year: number; readonly month: number; readonly day: number } {
  return { year: Math.floor(number / YEAR), month: Math.floor(number / MONTH) % MONTH, day: number % MONTH }
}

export class TrafficCounts {
  /** Of the line in hand; 24 to 99 can be written, too, and is counted nowhere. */
  hour = 0
  readonly #hours = new Float64Array(HOURS * COLUMNS)
  readonly #days = new Map<number, Row>()
  #day = 0
  #row: Row = { counts: new Float64Array(COLUMNS), columns: 0 }

  /** The day of the lines to come. */
  selectDay(number: number): void {
    if (number === this.#day) return
    this.#day = number
    let row = this.#days.get(number)
    if (row === undefined) {
      row = { counts: new Float64Array(COLUMNS), columns: 0 }
      this.#days.set(number, row)
    }
    this.#row = row
  }

  /** --zero-fill: the day has a row. What was rejected on it before, in an earlier stretch of the log, pflogsumm forgets here. */
  zeroFill(): void {
    this.#row.counts[REJECTED] = 0
    this.#row.columns = COLUMNS
  }

  count(column: Column): void {
    const at = this.hour * COLUMNS + column
    if (this.hour < HOURS) this.#hours[at] = (this.#hours[at] ?? 0) + 1
    const row = this.#row
    row.counts[column] = (row.counts[column] ?? 0) + 1
    if (row.columns <= column) row.columns = column + 1
  }

  hours(): readonly Traffic[] {
    return Array.from({ length: HOURS }, (_, hour) => toTraffic(this.#hours.subarray(hour * COLUMNS)))
  }

  days(): readonly DayFacts[] {
    return [...this.#days]
      .filter(([, row]) => row.columns > 0)
      .sort(([a], [b]) => a - b)
      .map(([number, row]) => ({ ...dayParts(number), traffic: toTraffic(row.counts), columns: row.columns }))
  }
}

function toTraffic(counts: Float64Array): Traffic {
  return {
    received: counts[RECEIVED] ?? 0,
    delivered: counts[DELIVERED] ?? 0,
    deferred: counts[DEFERRED] ?? 0,
    bounced: counts[BOUNCED] ?? 0,
    rejected: counts[REJECTED] ?? 0,
  }
}
