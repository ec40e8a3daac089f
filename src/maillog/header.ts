/** Lines of a log, of any form, into their parts. */
import type { LogTime } from '../model/log_line.ts'
import { findTime, skipZone } from './header_time.ts'
import { unwrapLine } from './header_wrapped.ts'
import { flatCopy, type LineForm, ReadLine } from './read_line.ts'
import { type CalendarDay, YearGuess } from './year_guess.ts'

export interface HeaderOptions {
  /** When the log was last written to, from which missing years are reckoned; null: they stay null. */
  readonly newest: CalendarDay | null
}

/** Programs beyond this many are cut anew for each line: a forger of names shall not fill the memory. */
const MAX_PROGRAMS = 64
const BLANK = 32
const COLON = 58
const OPEN = 91
const CLOSE = 93

/** A line in a text. */
export interface Place {
  readonly source: string
  readonly start: number
  /** Behind the last character. */
  readonly end: number
}

/**
 * Reads the lines of one log in their order. Neighbours are alike: the time, host and program of the line before are compared
 * first, and shared when they are the same.
 */
export class HeaderReader {
  readonly #years: YearGuess | null
  /** The time of the line before as it was written, down to the second. */
  #stamp = '\n'
  #time: LogTime = { year: null, month: 1, day: 1, hour: 0, minute: 0, second: 0 }
  #form: LineForm = 'variant'
  /** With the blank behind it. */
  #hostBlank = '\n'
  #host = ''
  readonly #programs: string[] = []
  #lastProgram = '\n'

  constructor(options: HeaderOptions) {
    this.#years = options.newest === null ? null : new YearGuess(options.newest)
  }

  /** Null: no form of header fits. */
  read(source: string, start: number, end: number): ReadLine | null {
    const line = this.#readPlain(source, start, end)
    // Without a program, what followed the time may be a header of its own.
    return line !== null && line.program !== '' ? line : (this.#readWrapped({ source, start, end }) ?? line)
  }

  #readPlain(source: string, start: number, end: number): ReadLine | null {
    const behindTime = this.#takeTime(source, start, end)
    if (behindTime < 0) return null
    const behindHost = this.#takeHost(source, behindTime, end)
    return this.#cutProgram({ source, start, end }, behindHost, behindHost === behindTime ? '' : this.#host)
  }

  /** Where the host begins; -1: the line begins with no time. */
  #takeTime(source: string, start: number, end: number): number {
    if (source.startsWith(this.#stamp, start)) {
      const stampEnd = start + this.#stamp.length
      return stampEnd < end ? skipZone(source, stampEnd, end) : -1
    }
    const found = findTime(source, start)
    if (found === null || found.end >= end) return -1
    const behind = skipZone(source, found.end, end)
    if (behind < 0) return -1
    const { time } = found
    if (time.year === null) this.#time = { ...time, year: this.#years?.next(time.month, time.day) ?? null }
    else {
      this.#time = time
      this.#years?.saw({ year: time.year, month: time.month, day: time.day })
    }
    this.#stamp = flatCopy(source.slice(start, found.end))
    const isDigit = source.charCodeAt(start) < COLON
    this.#form = found.form === 'variant' ? 'variant' : isDigit ? 'rfc3339' : 'rfc3164'
    return behind
  }

  /** Where the program begins; `start`: there is no host, as "smtpd[12]:" or "smtpd:" stands in its place. */
  #takeHost(source: string, start: number, end: number): number {
    if (source.startsWith(this.#hostBlank, start)) return start + this.#hostBlank.length
    const blank = source.indexOf(' ', start)
    if (blank < 0 || blank >= end || blank === start || source.charCodeAt(blank - 1) === COLON) return start
    this.#hostBlank = flatCopy(source.slice(start, blank + 1))
    this.#host = flatCopy(source.slice(start, blank))
    return blank + 1
  }

  /** "postfix/smtpd[12]: ", "postgrey: "; a line without ("last message repeated 2 times") is all message. */
  #cutProgram({ source, start, end }: Place, programStart: number, host: string): ReadLine {
    const program = this.#program(source, programStart, end)
    let at = programStart + program.length
    let pid: number | null = null
    if (source.charCodeAt(at) === OPEN) {
      let code = source.charCodeAt(++at)
      let value = 0
      for (; code >= 48 && code <= 57; code = source.charCodeAt(++at)) value = value * 10 + code - 48
      if (code === CLOSE && source.charCodeAt(at + 1) === COLON) {
        pid = value
        at++
      }
    }
    const hasProgram = program !== '' && source.charCodeAt(at) === COLON && at < end
    const messageStart = hasProgram ? skipMessageId(source, at + 1, end) : programStart
    return new ReadLine({
      ...{ source, start, end, programStart, messageStart, time: this.#time, host },
      program: hasProgram ? program : '',
      pid: hasProgram ? pid : null,
      form: this.#form,
    })
  }

  /** What is before "[" or ": "; '' when a blank or the end comes first. */
  #program(source: string, start: number, end: number): string {
    if (isProgram(this.#lastProgram, source, start)) return this.#lastProgram
    for (const name of this.#programs)
      if (isProgram(name, source, start)) {
        this.#lastProgram = name
        return name
      }
    for (let at = start; at < end; at++) {
      const code = source.charCodeAt(at)
      if (code === BLANK) return ''
      const isEnd = code === OPEN || (code === COLON && (at + 1 >= end || source.charCodeAt(at + 1) === BLANK))
      if (isEnd) return this.#remember(flatCopy(source.slice(start, at)))
    }
    return ''
  }

  #remember(name: string): string {
    if (name === '') return name
    if (this.#programs.length < MAX_PROGRAMS) this.#programs.push(name)
    this.#lastProgram = name
    return name
  }

  #readWrapped(place: Place): ReadLine | null {
    const inner = unwrapLine(place)
    if (inner === null) return null
    if (inner.kind === 'record') return inner.line
    const { source, start, end } = inner
    const line = this.#readPlain(source, start, end)
    if (line === null && inner.time === null) return null
    if (line === null && inner.time !== null) {
      this.#stamp = '\n'
      this.#time = inner.time
      this.#form = 'container'
      return this.#cutProgram(inner, start, inner.host)
    }
    return line
  }
}

function isProgram(name: string, source: string, start: number): boolean {
  if (!source.startsWith(name, start)) return false
  const next = source.charCodeAt(start + name.length)
  return next === OPEN || next === COLON
}

/** Behind the blank after the colon, and behind Solaris's "[ID 197553 mail.info] ". */
function skipMessageId(source: string, start: number, end: number): number {
  const at = source.charCodeAt(start) === BLANK ? start + 1 : start
  if (source.charCodeAt(at) !== OPEN || !source.startsWith('[ID ', at)) return Math.min(at, end)
  const close = source.indexOf('] ', at)
  return close < 0 || close + 2 > end ? at : close + 2
}
