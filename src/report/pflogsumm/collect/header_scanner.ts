/** Headers of lines as bytes: the two forms that pflogsumm knows at once, all others by the reader of all forms. */
import { type HeaderOptions, HeaderReader } from '../../../maillog/header.ts'
import type { ReadLine } from '../../../maillog/lines.ts'
import type { LogTime } from '../../../model/log_line.ts'
import type { DayRule } from '../day_rule.ts'
import { BLANK, COLON, isDigit, lineEnd, OPEN, twoDigits } from './bytes.ts'

const DASH = 45
/** "Nov 24 ", then the time, a blank and the host. */
const TRADITIONAL_CLOCK = 7
/** "2026-11-24T", then the time. */
const RFC3339_CLOCK = 11
const CLOCK_LENGTH = 8

export class HeaderScanner {
  readonly #days: DayRule
  #headers = new HeaderReader({ newest: null })
  /** The block of the lines to come. */
  bytes: Buffer = Buffer.alloc(0)
  /** The date of the line before as its bytes: a traditional one as three and two, an RFC 3339 one in three numbers. */
  #dateA = -1
  #dateB = -1
  #dateC = -1
  /** Of the line in hand: whether it is of a day that is asked for. */
  isWanted = false
  /** As `dayNumber` has it, and the day of the month. */
  day = 0
  date = 0
  hour = 0
  /** Where the time of day stands. */
  clock = 0

  constructor(days: DayRule) {
    this.#days = days
  }

  /** The blocks to come are of another log. */
  beginLog(options: HeaderOptions): void {
    this.#headers = new HeaderReader(options)
    this.#dateA = -1
  }

  /** Null: no form of header fits. */
  readAnyForm(text: string): ReadLine | null {
    const line = this.#headers.read(text, 0, text.length)
    if (line === null) return null
    this.#dateA = -1
    this.#setDate(line.time)
    this.hour = line.time.hour
    return line
  }

  /** Where the program's name begins; -1: it is for `readAnyForm` to find out. */
  programAt(start: number): number {
    const bytes = this.bytes
    let at = 0
    if (bytes[start + 3] === BLANK && bytes[start + 6] === BLANK) {
      const month = (bytes[start] ?? 0) | ((bytes[start + 1] ?? 0) << 8) | ((bytes[start + 2] ?? 0) << 16)
      const day = (bytes[start + 4] ?? 0) | ((bytes[start + 5] ?? 0) << 8)
      if ((month !== this.#dateA || day !== this.#dateB) && !this.#newDate(start, month, day)) return -1
      this.clock = start + TRADITIONAL_CLOCK
      at = this.clock + CLOCK_LENGTH
    } else {
      if (bytes[start + 4] !== DASH || !this.#isSameDate(start)) return -1
      this.clock = start + RFC3339_CLOCK
      at = skipZone(bytes, this.clock + CLOCK_LENGTH)
    }
    const clock = this.clock
    this.hour = twoDigits(bytes, clock)
    if (this.hour < 0 || bytes[clock + 2] !== COLON || bytes[clock + 5] !== COLON) return -1
    if (twoDigits(bytes, clock + 3) < 0 || twoDigits(bytes, clock + 6) < 0 || bytes[at] !== BLANK) return -1
    const host = ++at
    let byte = bytes[at] ?? 0
    while (byte > BLANK && byte !== OPEN) byte = bytes[++at] ?? 0
    // A colon: the host is left out, and this is the program.
    if (byte !== BLANK || at === host || bytes[at - 1] === COLON) return -1
    const next = bytes[at + 1] ?? 0
    return next > BLANK ? at + 1 : -1
  }

  #isSameDate(start: number): boolean {
    const bytes = this.bytes
    const year = pack4(bytes, start)
    const month = (bytes[start + 5] ?? 0) | ((bytes[start + 6] ?? 0) << 8) | (1 << 24)
    const day = (bytes[start + 8] ?? 0) | ((bytes[start + 9] ?? 0) << 8)
    if (bytes[start + 7] !== DASH || bytes[start + 10] !== 84) return false
    if (year === this.#dateC && month === this.#dateA && day === this.#dateB) return true
    if (!this.#newDate(start, month, day)) return false
    this.#dateC = year
    return true
  }

  /** Reads the line of another date by the reader of all forms, which knows about years. False: it is none of the two common forms. */
  #newDate(start: number, month: number, day: number): boolean {
    this.#dateA = -1
    const text = this.bytes.toString('latin1', start, lineEnd(this.bytes, start))
    const line = this.#headers.read(text, 0, text.length)
    if (line === null || (line.form !== 'rfc3164' && line.form !== 'rfc3339')) return false
    this.#setDate(line.time)
    this.#dateA = month
    this.#dateB = day
    return true
  }

  #setDate(time: LogTime): void {
    this.isWanted = this.#days.wants(time)
    this.day = this.#days.numberOf(time)
    this.date = time.day
  }
}

/** Behind a fraction and a zone, as of RFC 3339; there the host's blank must be. */
function skipZone(bytes: Uint8Array, start: number): number {
  let at = start
  if (bytes[at] === 46)
    do at++
    while (isDigit(bytes[at]))
  // "Z"
  if (bytes[at] === 90) return at + 1
  const isZone = (bytes[at] === 43 || bytes[at] === DASH) && twoDigits(bytes, at + 1) >= 0 && bytes[at + 3] === COLON
  return isZone && twoDigits(bytes, at + 4) >= 0 ? at + 6 : start - 1
}

function pack4(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
}
