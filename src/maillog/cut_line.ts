/** One line of a mail log, whatever wrote it, into when it was and what a program said. Strings are latin1, a character for a byte. */
import type { LogTime } from '../model/log_line.ts'

export interface CutLine {
  readonly time: LogTime
  readonly host: string
  /** "postfix/smtpd[12]: connect from …": from the name of the program to the end. */
  readonly text: string
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
/** RFC 3164 4.1.2, as rsyslog and syslog-ng write it: "Nov 24 04:00:00 mx ". */
const TRADITIONAL = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\S+) (.+)$/s
/** RFC 3339: "2026-11-24T04:00:00.123456+01:00 mx ". */
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(?:[+-]\d\d:?\d\d|Z)? (\S+) (.+)$/s
/** RFC 5424 6.2.1, as relays and `logger --rfc5424` leave it: "<22>" or "<22>1 ". */
const PRIORITY = /^<\d{1,3}>(?:\d )?/
/** `docker compose logs`: "mail-1  | ". */
const COMPOSE = /^[\w.-]+ +\| /
/** kubectl and `docker logs --timestamps` put a time of their own in front. */
const CONTAINER_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z (?=[A-Z][a-z]{2} [ \d]\d \d\d:|\d{4}-\d\d-\d\dT)/

/** Null: it has no header that says when it was. */
export function cutLine(line: string): CutLine | null {
  const plain = cutPlain(line)
  if (plain !== null) return plain
  const first = line.charCodeAt(0)
  // "{"
  if (first === 123) return cutJson(line)
  // "<"
  if (first === 60) return cutPlain(line.replace(PRIORITY, ''))
  const bare = line.replace(COMPOSE, '').replace(CONTAINER_TIME, '')
  return bare === line ? null : cutLine(bare)
}

function cutPlain(line: string): CutLine | null {
  const code = line.charCodeAt(0)
  // Digits begin years, capitals months.
  if (code >= 48 && code <= 57) {
    const parts = RFC3339.exec(line)
    if (parts === null) return null
    const time = clock(parts, { year: Number(parts[1]), month: Number(parts[2]), day: Number(parts[3]) })
    return { time, host: parts[7] ?? '', text: parts[8] ?? '' }
  }
  const parts = TRADITIONAL.exec(line)
  if (parts === null) return null
  const at = MONTHS.indexOf(parts[1] ?? '')
  if (at < 0 || at % 3 !== 0) return null
  const [, , day, hour, minute, second, host = '', text = ''] = parts
  return {
    time: {
      ...{ year: null, month: at / 3 + 1, day: Number(day) },
      ...{ hour: Number(hour), minute: Number(minute), second: Number(second) },
    },
    host,
    text,
  }
}

function clock(parts: RegExpExecArray, day: Pick<LogTime, 'year' | 'month' | 'day'>): LogTime {
  return { ...day, hour: Number(parts[4]), minute: Number(parts[5]), second: Number(parts[6]) }
}

/** `journalctl -o json`, or Docker's json-file whose "log" is a line again. */
function cutJson(line: string): CutLine | null {
  let entry: unknown
  try {
    entry = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'))
  } catch {
    return null
  }
  if (typeof entry !== 'object' || entry === null) return null
  // Checked below, field by field.
  const fields = entry as Readonly<Record<string, unknown>>
  if (typeof fields['log'] === 'string') return cutLine(toLatin1(fields['log'].replace(/\r?\n$/, '')))
  const micros = Number(fields['_SOURCE_REALTIME_TIMESTAMP'] ?? fields['__REALTIME_TIMESTAMP'])
  const message = messageOf(fields['MESSAGE'])
  const program = textOf(fields['SYSLOG_IDENTIFIER']) ?? textOf(fields['_COMM'])
  if (!Number.isFinite(micros) || message === null || program === null) return null
  const date = new Date(micros / 1000)
  const pid = textOf(fields['SYSLOG_PID']) ?? textOf(fields['_PID'])
  return {
    time: {
      ...{ year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate() },
      ...{ hour: date.getHours(), minute: date.getMinutes(), second: date.getSeconds() },
    },
    host: toLatin1(textOf(fields['_HOSTNAME']) ?? ''),
    text: `${toLatin1(program)}${pid === null ? '' : `[${pid}]`}: ${message}`,
  }
}

/** systemd.journal-fields(7): what is no UTF-8 comes as a list of bytes. */
function messageOf(value: unknown): string | null {
  if (typeof value === 'string') return toLatin1(value)
  if (Array.isArray(value) && value.every(each => typeof each === 'number'))
    return Buffer.from(value).toString('latin1')
  return null
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function toLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
