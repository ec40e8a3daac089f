/** The time at the beginning of a line. Every line of a log passes here: no regular expression, and nothing made that is not kept. */
import type { LogTime } from '../model/log_line.ts'

/** What a time looked like: 'plain' is read by pflogsumm, too; 'variant' only here. */
export type TimeForm = 'plain' | 'variant'

export interface FoundTime {
  readonly time: LogTime
  /** Behind the seconds; a fraction and a zone may follow, and do not matter: the log's own clock counts. */
  readonly end: number
  readonly form: TimeForm
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
const BLANK = 32
const DOT = 46
const COMMA = 44
const ZERO = 48
const NINE = 57

/** Null: no time stands at `start`. A year that the line does not say is null. */
export function findTime(text: string, start: number): FoundTime | null {
  const code = text.charCodeAt(start)
  if (code >= ZERO && code <= NINE) return isoTime(text, start)
  return code >= 65 && code <= 90 ? traditionalTime(text, start) : null
}

/** RFC 3164 4.1.2, "Nov  4 23:00:00"; pflogsumm takes "Nov 4" and "Nov 04", too. Cisco's and syslog-ng's have a year: "Nov  4 2026 23:00:00". */
function traditionalTime(text: string, start: number): FoundTime | null {
  const month = MONTHS.indexOf(text.slice(start, start + 3))
  if (month < 0 || month % 3 !== 0 || text.charCodeAt(start + 3) !== BLANK) return null
  let at = start + 4
  if (text.charCodeAt(at) === BLANK) at++
  let day = digits(text, at, 2)
  if (day >= 0) at += 2
  else {
    day = digits(text, at, 1)
    at++
  }
  if (day < 1 || day > 31 || text.charCodeAt(at) !== BLANK) return null
  at++
  const written = digits(text, at, 4)
  const year = written >= 0 && text.charCodeAt(at + 4) === BLANK ? written : null
  if (year !== null) at += 5
  const form = year === null && text.charCodeAt(at + 8) === BLANK ? 'plain' : 'variant'
  return clockTime({ text, at, form, year, month: month / 3 + 1, day })
}

/** RFC 3339, "2026-11-24T23:00:00", and journalctl's short-iso, whose zone has no colon; a blank for the "T" is common. */
function isoTime(text: string, start: number): FoundTime | null {
  const year = digits(text, start, 4)
  const month = digits(text, start + 5, 2)
  const day = digits(text, start + 8, 2)
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31) return null
  if (text[start + 4] !== '-' || text[start + 7] !== '-') return null
  const between = text[start + 10]
  if (between !== 'T' && between !== ' ') return null
  return clockTime({ text, at: start + 11, form: between === 'T' ? 'plain' : 'variant', year, month, day })
}

interface ClockPlace {
  readonly text: string
  readonly at: number
  readonly form: TimeForm
  readonly year: number | null
  readonly month: number
  readonly day: number
}

function clockTime({ text, at, form, year, month, day }: ClockPlace): FoundTime | null {
  const hour = digits(text, at, 2)
  const minute = digits(text, at + 3, 2)
  const second = digits(text, at + 6, 2)
  if (hour < 0 || minute < 0 || second < 0) return null
  if (text[at + 2] !== ':' || text[at + 5] !== ':') return null
  return { time: { year, month, day, hour, minute, second }, end: at + 8, form }
}

/**
 * Where the host begins: behind a fraction, a zone and one blank. -1: something else stands there. `start` is behind the
 * seconds, `end` is the end of the line.
 */
export function skipZone(text: string, start: number, end: number): number {
  let at = start
  let code = text.charCodeAt(at)
  if (code === BLANK) return at + 1
  if (code === DOT || code === COMMA) {
    do code = text.charCodeAt(++at)
    while (code >= ZERO && code <= NINE)
  }
  // "Z"
  if (code === 90) code = text.charCodeAt(++at)
  // "+" and "-"
  else if (code === 43 || code === 45) {
    // ":" follows the digits in the table of characters.
    do code = text.charCodeAt(++at)
    while (code >= ZERO && code <= NINE + 1)
  }
  return code === BLANK && at < end ? at + 1 : -1
}

/** A number of exactly `length` digits; -1: other characters are among them. */
function digits(text: string, start: number, length: number): number {
  let value = 0
  for (let at = start; at < start + length; at++) {
    const code = text.charCodeAt(at)
    // Not so for NaN, which is behind the end.
    if (!(code >= ZERO && code <= NINE)) return -1
    value = value * 10 + code - ZERO
  }
  return value
}
