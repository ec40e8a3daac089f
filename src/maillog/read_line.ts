/** A line with what it was cut from. */
import type { LogLine, LogTime } from '../model/log_line.ts'

/** Which header the line had: 'rfc3164' and 'rfc3339' are those that pflogsumm reads, 'variant' their relatives. */
export type LineForm = 'rfc3164' | 'rfc3339' | 'rfc5424' | 'variant' | 'container' | 'journal'

export interface LineParts {
  /** A chunk of the log, or the line alone. */
  readonly source: string
  readonly start: number
  readonly end: number
  /** Where the program's name begins. */
  readonly programStart: number
  readonly messageStart: number
  readonly time: LogTime
  readonly host: string
  readonly program: string
  readonly pid: number | null
  readonly form: LineForm
}

/**
 * Its strings keep the whole chunk of the log in memory: what is kept longer than the batch is copied first (`flatCopy`). A
 * class for speed: what nobody asks for is never cut.
 */
export class ReadLine implements LogLine {
  readonly time: LogTime
  readonly host: string
  readonly program: string
  readonly pid: number | null
  readonly form: LineForm
  readonly #source: string
  readonly #start: number
  readonly #end: number
  readonly #programStart: number
  readonly #messageStart: number

  constructor(parts: LineParts) {
    this.time = parts.time
    this.host = parts.host
    this.program = parts.program
    this.pid = parts.pid
    this.form = parts.form
    this.#source = parts.source
    this.#start = parts.start
    this.#end = parts.end
    this.#programStart = parts.programStart
    this.#messageStart = parts.messageStart
  }

  get message(): string {
    return this.#source.slice(this.#messageStart, this.#end)
  }

  /** "postfix/smtpd[12]: connect from …": from the program's name to the end, "[ID …]" included. */
  get text(): string {
    return this.#source.slice(this.#programStart, this.#end)
  }

  /** The line as it was, without its end; for the journal "program[pid]: message", and in a container's log without the prefix. */
  get raw(): string {
    return this.#source.slice(this.#start, this.#end)
  }
}

/** The same string in memory of its own, so that it does not keep a chunk of the log alive. */
export function flatCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
