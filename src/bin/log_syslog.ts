/** Log lines to syslog(3): through logger(1), because Node has no Unix datagram sockets, or over UDP. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { LogLine } from '../event/format.ts'
import { openSyslogSocket } from '../net/syslog_socket.ts'

export interface SyslogOptions {
  /** "mail", "local0" … */
  readonly facility: string
  readonly pid: number
  /** "mx1", for UDP. */
  readonly host: string
  /** RFC 3164 time stamp, for UDP. */
  readonly timestamp: () => string
  /** A line about our own trouble. */
  readonly warn: (text: string) => void
}

export interface Syslog {
  /** `name`: "postfix/smtpd". */
  write(name: string, line: LogLine): void
  close(): Promise<void>
}

/** RFC 3164 4.1.1. */
const FACILITIES: readonly string[] = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  ...Array.from({ length: 4 }, () => 'reserved'),
  ...Array.from({ length: 8 }, (_, i) => `local${i}`),
]
const SEVERITIES: Readonly<Record<LogLine['severity'], number>> = { crit: 2, error: 3, warning: 4, info: 6 }

function priority(facility: string, severity: LogLine['severity']): number {
  const code = FACILITIES.indexOf(facility === 'security' ? 'auth' : facility)
  return (code < 0 ? 2 : code) * 8 + SEVERITIES[severity]
}

/** To a server at an address. */
export function udpSyslog(target: { readonly address: string; readonly port: number }, options: SyslogOptions): Syslog {
  const socket = openSyslogSocket(target.address, target.port)
  const { facility, pid, host, timestamp } = options
  return {
    write: (name, line) =>
      socket.send(`<${priority(facility, line.severity)}>${timestamp()} ${host} ${name}[${pid}]: ${line.text}`),
    async close() {
      socket.close()
    },
  }
}

/** What waits for logger(1) is at most so much; more is lost, and counted. */
const MAX_WAITING_BYTES = 1024 * 1024

/** To the machine's own syslog: one logger(1) for each name that lines carry. */
export function loggerSyslog(options: SyslogOptions): Syslog {
  const loggers = new Map<string, Logger>()
  return {
    write(name, line) {
      let logger = loggers.get(name)
      if (logger === undefined) {
        logger = new Logger(name, options)
        loggers.set(name, logger)
      }
      logger.write(line)
    },
    async close() {
      await Promise.all([...loggers.values()].map(logger => logger.close()))
    },
  }
}

class Logger {
  readonly #name: string
  readonly #options: SyslogOptions
  #child: ChildProcess | null = null
  #lost = 0

  constructor(name: string, options: SyslogOptions) {
    this.#name = name
    this.#options = options
  }

  write(line: LogLine): void {
    const child = this.#child ?? this.#start()
    if (child.stdin === null || child.stdin.writableLength > MAX_WAITING_BYTES) {
      this.#lost++
      return
    }
    if (this.#lost > 0) {
      const count = this.#lost
      this.#lost = 0
      this.#put(child, { daemon: line.daemon, severity: 'warning', text: lostLines(count) })
    }
    this.#put(child, line)
  }

  #put(child: ChildProcess, line: LogLine): void {
    child.stdin?.write(`<${priority(this.#options.facility, line.severity)}>${line.text}\n`)
  }

  #start(): ChildProcess {
    const { pid, warn } = this.#options
    const args = ['--prio-prefix', '--socket-errors=off', `--id=${pid}`, '--tag', this.#name]
    const child = spawn('logger', args, { stdio: ['pipe', 'ignore', 'ignore'] })
    this.#child = child
    child.stdin.on('error', () => undefined)
    child.on('error', error => warn(`cannot start logger: ${error.message}`))
    // It is started again by the next line.
    child.on('close', () => {
      if (this.#child === child) this.#child = null
    })
    child.unref()
    return child
  }

  close(): Promise<void> {
    const child = this.#child
    if (child === null) return Promise.resolve()
    return new Promise(resolve => {
      child.once('close', () => resolve())
      child.stdin?.end()
    })
  }
}

export function lostLines(count: number): string {
  return `warning: ${count} log line${count === 1 ? ' was' : 's were'} lost: the log did not take them in time`
}
