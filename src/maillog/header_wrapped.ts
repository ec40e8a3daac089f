/** Lines that something has wrapped: Docker, compose, Kubernetes, the journal's JSON, RFC 5424. Rare enough for regular expressions. */
import type { LogTime } from '../model/log_line.ts'
import { findTime } from './header_time.ts'
import { journalLine, localTime, toLatin1 } from './journal.ts'
import { ReadLine } from './read_line.ts'

/** A line within the line, or a record that has no line. */
export type Unwrapped =
  | {
      readonly kind: 'line'
      readonly source: string
      readonly start: number
      readonly end: number
      /** When the wrapping says it was, should the line itself not say it; null: neither does. */
      readonly time: LogTime | null
      readonly host: string
    }
  | { readonly kind: 'record'; readonly line: ReadLine }

interface Place {
  readonly source: string
  readonly start: number
  readonly end: number
}

/** `docker compose logs`: "mail-1  | ". */
const COMPOSE = /^([\w.-]+) +\| ?/
/** `docker logs -t`, and Kubernetes' CRI with its stream and its flag: "2026-11-24T23:00:00.1Z stdout F ". */
const CONTAINER_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (std(?:out|err) [FP] )?/
/** RFC 3164 4.1.1: "<22>". */
const PRIORITY = /^<\d{1,3}>(?!\d )/
/** RFC 5424 6: "<22>1 TIME HOST APP PID MSGID SD MSG"; the priority is often taken off already. */
const RFC5424 =
  /^(?:<\d{1,3}>)?1 (\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) (\S+) (\S+) (\S+) \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?(?:\xef\xbb\xbf)?/
/** journalctl -o short-full: "Tue 2026-11-24 23:00:00 CET mx ". */
const WEEKDAY = /^[A-Z][a-z]{2} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? [A-Z]{3,5} /
/** Two wrappings are real (compose around a time); more are a joke. */
const MAX_DEPTH = 3

/** Null: nothing that is known is around it. */
export function unwrapLine({ source, start, end }: Place): Unwrapped | null {
  return unwrap(source.slice(start, end), { time: null, host: '' }, 0)
}

interface Outer {
  readonly time: LogTime | null
  readonly host: string
}

function unwrap(line: string, outer: Outer, depth: number): Unwrapped | null {
  if (depth > MAX_DEPTH) return null
  if (line.startsWith('{')) return unwrapJson(line, depth)
  const newer = RFC5424.exec(line)
  if (newer !== null) return rfc5424Line(line, newer)
  const compose = COMPOSE.exec(line)
  if (compose !== null) return again(line.slice(compose[0].length), { ...outer, host: compose[1] ?? '' }, depth)
  const stamped = CONTAINER_TIME.exec(line)
  if (stamped !== null && isWrapping(stamped, line, outer))
    return again(line.slice(stamped[0].length), { ...outer, time: localTime(Date.parse(stamped[1] ?? '')) }, depth)
  const priority = PRIORITY.exec(line)
  if (priority !== null) return again(line.slice(priority[0].length), outer, depth)
  const weekday = WEEKDAY.exec(line)
  if (weekday !== null) return asLine(`${weekday[1]} ${line.slice(weekday[0].length)}`, outer)
  return null
}

/** A time with a host behind it is the line's own header, no wrapping. */
function isWrapping(stamped: RegExpExecArray, line: string, outer: Outer): boolean {
  const end = stamped[0].length
  return (
    stamped[2] !== undefined || findTime(line, end) !== null || (outer.host !== '' && /^\S+: /.test(line.slice(end)))
  )
}

/** The rest may be wrapped again, else it is the line. */
function again(rest: string, outer: Outer, depth: number): Unwrapped {
  return unwrap(rest, outer, depth + 1) ?? asLine(rest, outer)
}

function asLine(source: string, outer: Outer): Unwrapped {
  return { kind: 'line', source, start: 0, end: source.length, ...outer }
}

function rfc5424Line(line: string, parts: RegExpExecArray): Unwrapped {
  const [head, year, month, day, hour, minute, second, host = '-', program = '-', pid = '-'] = parts
  const isPid = /^\d{1,10}$/.test(pid)
  const name = program === '-' ? '' : program
  const start = name === '' ? '' : `${name}${isPid ? `[${pid}]` : ''}: `
  const source = `${start}${line.slice(head.length)}`
  return {
    kind: 'record',
    line: new ReadLine({
      ...{ source, start: 0, end: source.length, programStart: 0, messageStart: start.length },
      time: {
        ...{ year: Number(year), month: Number(month), day: Number(day) },
        ...{ hour: Number(hour), minute: Number(minute), second: Number(second) },
      },
      host: host === '-' ? '' : host,
      program: name,
      pid: isPid ? Number(pid) : null,
      form: 'rfc5424',
    }),
  }
}

/** An entry of the journal, or Docker's json-file, whose "log" is a line again. */
function unwrapJson(line: string, depth: number): Unwrapped | null {
  let entry: unknown
  try {
    entry = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'))
  } catch {
    return null
  }
  if (typeof entry !== 'object' || entry === null) return null
  // Every field is looked at before it is used.
  const fields = entry as Readonly<Record<string, unknown>>
  const log = fields['log']
  if (typeof log === 'string') {
    const time = typeof fields['time'] === 'string' ? Date.parse(fields['time']) : Number.NaN
    const outer = { time: Number.isNaN(time) ? null : localTime(time), host: '' }
    return again(toLatin1(log.replace(/\r?\n$/, '')), outer, depth)
  }
  const record = journalLine(fields)
  return record === null ? null : { kind: 'record', line: record }
}
