/** The log of one process: events in, Postfix's lines (or JSON) out, to where postern_log says. */
import { chownSync, closeSync, openSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Config } from '../config/config.ts'
import { type FormatOptions, formatEvent, type LogLine, programName } from '../event/format.ts'
import { formatJson } from '../event/json.ts'
import type { EmitEvent, Event } from '../model/event.ts'
import type { Clock } from '../util/clock.ts'
import type { UserIds } from './identity.ts'
import { LOG_FILE_MODE, LogFile } from './log_file.ts'
import { loggerSyslog, lostLines, type Syslog, type SyslogOptions, udpSyslog } from './log_syslog.ts'
import { LogWriter } from './log_writer.ts'

export interface Log {
  readonly emit: EmitEvent
  /** After a rotation. */
  reopen(): void
  /** Writes what waits, for a second at most. */
  close(): Promise<void>
}

export type LogConfig = Pick<
  Config,
  | 'postern_log'
  | 'postern_log_format'
  | 'syslog_name'
  | 'syslog_facility'
  | 'info_log_address_format'
  | 'smtputf8_enable'
  | 'mail_version'
  | 'postern_smtp_listen'
>

export interface LogOptions {
  readonly config: LogConfig
  readonly clock: Clock
  readonly pid: number
}

/** POSIX PIPE_BUF on Linux: writes to a pipe up to this size are not mixed with those of other processes. */
const PIPE_BUF = 4096
const FILE_BATCH = 64 * 1024
/** Some 40,000 lines. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024
const CLOSE_MS = 1000
const SYSLOG_PORT = 514

export type LogTarget =
  | { readonly kind: 'stdout' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'syslog'; readonly server: { readonly address: string; readonly port: number } | null }

/** Reads postern_log: "stdout:", "file:PATH", "syslog:" (this machine's own), "syslog:ADDR:PORT". Null: none of these. */
export function parseLogTarget(text: string): LogTarget | null {
  if (text === 'stdout:' || text === 'stdout') return { kind: 'stdout' }
  if (text === 'syslog:' || text === 'syslog') return { kind: 'syslog', server: null }
  const path = /^file:(\/?[^\0]+)$/.exec(text)?.[1]
  if (path !== undefined) return { kind: 'file', path }
  const server = /^syslog:(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::(\d{1,5}))?$/.exec(text)
  if (server === null) return null
  return { kind: 'syslog', server: { address: server[1] ?? server[2] ?? '', port: Number(server[3] ?? SYSLOG_PORT) } }
}

/** Opens the log. A target that cannot be read is stdout: `postern check` tells it before. */
export function openLog(options: LogOptions): Log {
  const target = parseLogTarget(options.config.postern_log) ?? { kind: 'stdout' }
  const log = target.kind === 'syslog' ? syslogLog(target.server, options) : lineLog(target, options)
  if (options.config.postern_smtp_listen.length > 0) return log
  return { ...log, emit: event => log.emit(asHelper(event)) }
}

/** Beside a Postfix, which has a log of its own, "postfix/master: terminating" would be taken for Postfix's. */
function asHelper(event: Event): Event {
  if (!isRemark(event) || (event.daemon !== undefined && event.daemon !== 'master')) return event
  return { ...event, daemon: 'postern' }
}

type Remark = Extract<Event, { readonly kind: 'info' | 'warning' | 'error' | 'fatal' }>

function isRemark(event: Event): event is Remark {
  return event.kind === 'info' || event.kind === 'warning' || event.kind === 'error' || event.kind === 'fatal'
}

/** Makes the log file while we may still do so, for the user that will write to it. Trouble with it is told by its writer. */
export function prepareLogFile(config: LogConfig, owner: UserIds | null): void {
  const target = parseLogTarget(config.postern_log)
  if (target?.kind !== 'file' || owner === null || process.getuid?.() !== 0) return
  try {
    closeSync(openSync(target.path, 'a', LOG_FILE_MODE))
    chownSync(target.path, owner.uid, owner.gid)
  } catch {}
}

function syslogLog(server: { readonly address: string; readonly port: number } | null, options: LogOptions): Log {
  const { config, clock, pid } = options
  const syslogOptions: SyslogOptions = {
    facility: config.syslog_facility,
    pid,
    host: shortHostname(),
    timestamp: () => formatTimestamp(clock.now()),
    warn: text => void process.stderr.write(`postern: ${text}\n`),
  }
  const formats = formatOptions(config)
  const syslog: Syslog = server === null ? loggerSyslog(syslogOptions) : udpSyslog(server, syslogOptions)
  return {
    emit(event) {
      const line = formatEvent(event, formats)
      const text = config.postern_log_format === 'json' ? formatJson(event, { time: clock.now(), pid }) : line.text
      syslog.write(programName(config.syslog_name, line.daemon), { ...line, text })
    },
    reopen: () => undefined,
    close: () => syslog.close(),
  }
}

function lineLog(
  target: { readonly kind: 'stdout' } | { readonly kind: 'file'; readonly path: string },
  options: LogOptions,
): Log {
  const { clock } = options
  const format = lineFormatter(options)
  const file = target.kind === 'file' ? new LogFile(target.path, clock, warnOnStderr) : null
  const writer = new LogWriter({
    fd: () => (file === null ? 1 : file.fd()),
    clock,
    batchBytes: file === null ? PIPE_BUF : FILE_BATCH,
    maxWaitingBytes: MAX_WAITING_BYTES,
    lostLine: count => format({ kind: 'warning', text: lostLines(count).replace(/^warning: /, '') }),
  })
  return {
    emit: event => writer.add(format(event)),
    reopen: () => file?.reopen(),
    async close() {
      await writer.flush(CLOSE_MS)
      file?.close()
    },
  }
}

/** Log lines as the Postfix of $mail_version writes them. */
export function formatOptions(config: LogConfig): FormatOptions {
  const [major = 0, minor = 0] = config.mail_version.split('.').map(Number)
  return {
    addressFormat: config.info_log_address_format,
    queueIdOfLost: major > 3 || (major === 3 && minor >= 10),
    utf8: config.smtputf8_enable,
  }
}

function warnOnStderr(text: string): void {
  process.stderr.write(`postern: ${text}\n`)
}

/** Makes lines; what stays the same from one to the next, the second of the time included, is made once. */
function lineFormatter({ config, clock, pid }: LogOptions): (event: Event) => string {
  if (config.postern_log_format === 'json') return event => formatJson(event, { time: clock.now(), pid })
  const formats = formatOptions(config)
  const host = shortHostname()
  const name = config.syslog_name
  let second = Number.NaN
  let timestamp = ''
  return event => {
    const time = clock.now()
    if (Math.floor(time / 1000) !== second) {
      second = Math.floor(time / 1000)
      timestamp = formatTimestamp(time)
    }
    return prefixed(formatEvent(event, formats), { timestamp, host, name, pid })
  }
}

/** "Nov  4 15:16:01 mx1 postfix/smtpd[4711]: connect from …", local time, as syslogd and postlogd(8) write it. */
export function prefixed(
  line: LogLine,
  origin: { readonly timestamp: string; readonly host: string; readonly name: string; readonly pid: number },
): string {
  return `${origin.timestamp} ${origin.host} ${programName(origin.name, line.daemon)}[${origin.pid}]: ${line.text}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** RFC 3164 4.1.2: a day below ten has a blank before it. */
export function formatTimestamp(time: number): string {
  const date = new Date(time)
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(n => String(n).padStart(2, '0')).join(':')
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${clock}`
}

function shortHostname(): string {
  return hostname().split('.')[0] || 'localhost'
}
