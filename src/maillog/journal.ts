/** Entries of the systemd journal (systemd.journal-fields(7)), as `journalctl -o json` writes them, into lines. */
import type { LogTime } from '../model/log_line.ts'
import { ReadLine } from './read_line.ts'

/** Null: the fields do not say when, who and what. */
export function journalLine(fields: Readonly<Record<string, unknown>>): ReadLine | null {
  // The time of the program itself is what a syslog daemon writes, too.
  const micros = Number(fields['_SOURCE_REALTIME_TIMESTAMP'] ?? fields['__REALTIME_TIMESTAMP'] ?? Number.NaN)
  const program = textOf(fields['SYSLOG_IDENTIFIER']) ?? textOf(fields['_COMM'])
  const message = bytesOf(fields['MESSAGE'])
  if (!Number.isFinite(micros) || message === null || program === null) return null
  const pid = textOf(fields['SYSLOG_PID']) ?? textOf(fields['_PID'])
  const isPid = pid !== null && /^\d{1,10}$/.test(pid)
  const name = toLatin1(program)
  const head = `${name}${isPid ? `[${pid}]` : ''}: `
  // A line break in a message is one line for a syslog daemon, too: rsyslog writes "#012".
  const source = `${head}${message.replaceAll('\n', '#012')}`
  return new ReadLine({
    ...{ source, start: 0, end: source.length, programStart: 0, messageStart: head.length },
    time: localTime(micros / 1000),
    host: toLatin1(textOf(fields['_HOSTNAME']) ?? ''),
    program: name,
    pid: isPid ? Number(pid) : null,
    form: 'journal',
  })
}

/** Milliseconds since 1970 by this machine's clock and zone, as a syslog daemon would have written them. */
export function localTime(ms: number): LogTime {
  const date = new Date(ms)
  return {
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
  }
}

/** What is no UTF-8 comes as a list of bytes. */
function bytesOf(value: unknown): string | null {
  if (typeof value === 'string') return toLatin1(value)
  if (Array.isArray(value) && value.every(each => typeof each === 'number'))
    return Buffer.from(value).toString('latin1')
  return null
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

export function toLatin1(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}
