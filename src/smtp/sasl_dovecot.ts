import type { DialTarget } from '../net/dial.ts'
import type { LineConnection } from '../net/line_client.ts'
import type { Clock, Timer } from '../util/clock.ts'
import type { SaslClientInfo, SaslServer, SaslStep } from './sasl.ts'

/** Dovecot's authentication client protocol 1.x (doc: "Dovecot Authentication Protocol"), as Postfix's smtpd speaks it. */

export interface DovecotOptions {
  /** smtpd_sasl_path, for messages: "private/auth", "inet:127.0.0.1:12345". */
  readonly path: string
  /** Connects to it; a string is the reason why not, as strerror(3) has it. */
  connect(): Promise<LineConnection | string>
  readonly clock: Clock
  readonly pid: number
  warn(text: string): void
}

/** What a mechanism is good for, as Dovecot tells and smtpd_sasl_security_options names it. */
const PROPERTIES: Readonly<Record<string, string>> = {
  anonymous: 'noanonymous',
  plaintext: 'noplaintext',
  dictionary: 'nodictionary',
  active: 'noactive',
  'forward-secrecy': 'forward_secrecy',
  'mutual-auth': 'mutual_auth',
}
/** Options that want the property; the others forbid theirs. */
const WANTED = new Set(['forward_secrecy', 'mutual_auth'])

interface Mechanism {
  readonly name: string
  /** The words of smtpd_sasl_security_options that it concerns. */
  readonly options: ReadonlySet<string>
}

/** Postfix AUTH_TIMEOUT */
const TIMEOUT_MS = 10_000
const LOST = 'Connection lost to authentication server'

export function makeDovecotSasl(options: DovecotOptions): SaslServer {
  return new DovecotSasl(options)
}

/** One connection for all sessions of the process: requests carry ids, answers find their way by them. */
class DovecotSasl implements SaslServer {
  private readonly options: DovecotOptions
  private link: Promise<Link | null> | null = null

  constructor(options: DovecotOptions) {
    this.options = options
  }

  async mechanisms(info: SaslClientInfo): Promise<readonly string[] | null> {
    const link = await this.connected()
    return link === null ? null : allowed(link.mechanisms, info.securityOptions).map(mechanism => mechanism.name)
  }

  async begin(info: SaslClientInfo, mechanism: string, initialResponse: string | null): Promise<SaslStep> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const link = await this.connected()
      if (link === null) return temporary('')
      const known = allowed(link.mechanisms, info.securityOptions)
      if (!known.some(({ name }) => name.toUpperCase() === mechanism.toUpperCase()))
        return { kind: 'failed', reason: 'Invalid authentication mechanism', username: null }
      const step = await link.request(id => authLine(id, { info, mechanism, initialResponse }))
      // A connection that had died unnoticed: once more over a new one, as the client has been told nothing yet.
      if (step !== null) return step
    }
    return temporary(LOST)
  }

  close(): void {
    const { link } = this
    this.link = null
    void link?.then(open => open?.close())
  }

  private async connected(): Promise<Link | null> {
    this.link ??= this.open()
    const link = await this.link
    if (link === null) this.link = null
    else if (link.isClosed) {
      this.link = this.open()
      return this.link
    }
    return link
  }

  private async open(): Promise<Link | null> {
    const { options } = this
    const connection = await options.connect()
    if (typeof connection === 'string') {
      options.warn(`SASL: Connect to Dovecot auth socket '${options.path}' failed: ${connection}`)
      return null
    }
    const link = new Link(connection, options)
    return (await link.handshake()) ? link : null
  }
}

/** smtpd_sasl_security_options against what the server says of each mechanism. */
function allowed(mechanisms: readonly Mechanism[], securityOptions: readonly string[]): readonly Mechanism[] {
  const options = securityOptions.map(option => option.toLowerCase())
  return mechanisms.filter(mechanism => options.every(option => mechanism.options.has(option) === WANTED.has(option)))
}

function authLine(
  id: number,
  { info, mechanism, initialResponse }: { info: SaslClientInfo; mechanism: string; initialResponse: string | null },
): string {
  const fields = [
    'AUTH',
    String(id),
    mechanism,
    `service=${info.service}`,
    'nologin',
    `lip=${info.serverAddress}`,
    `rip=${info.clientAddress}`,
  ]
  if (info.encrypted) fields.push('secured')
  if (initialResponse !== null) fields.push(`resp=${initialResponse}`)
  return fields.join('\t')
}

function temporary(reason: string): SaslStep {
  return { kind: 'temporary', reason, username: null }
}

/** One connection to the authentication server. */
class Link {
  mechanisms: readonly Mechanism[] = []
  isClosed = false
  private readonly connection: LineConnection
  private readonly options: DovecotOptions
  private readonly waiting = new Map<number, (step: SaslStep | null) => void>()
  private lastId = 0
  private greeted: ((ok: boolean) => void) | null = null
  private sawMechanism = false

  constructor(connection: LineConnection, options: DovecotOptions) {
    this.connection = connection
    this.options = options
    connection.onLine(line => this.take(line.split('\t')))
    connection.onClose(() => this.lose())
  }

  /** False: the server is not one, or not there. */
  handshake(): Promise<boolean> {
    return new Promise(resolve => {
      const timer = this.options.clock.after(TIMEOUT_MS, () => this.close())
      this.greeted = ok => {
        timer.cancel()
        this.greeted = null
        if (!ok) this.close()
        resolve(ok)
      }
      this.connection.write(`VERSION\t1\t0\nCPID\t${this.options.pid}\n`)
    })
  }

  /** Null: the connection broke before there was an answer. */
  request(makeLine: (id: number) => string): Promise<SaslStep | null> {
    // Dovecot: 32 bits, and never one that is still open.
    do this.lastId = this.lastId >= 0x7fffffff ? 1 : this.lastId + 1
    while (this.waiting.has(this.lastId))
    return this.exchange(this.lastId, makeLine(this.lastId))
  }

  close(): void {
    this.connection.destroy()
    this.lose()
  }

  private exchange(id: number, line: string): Promise<SaslStep | null> {
    if (this.isClosed) return Promise.resolve(null)
    return new Promise(resolve => {
      const timer: Timer = this.options.clock.after(TIMEOUT_MS, () => {
        this.waiting.delete(id)
        resolve(temporary(LOST))
      })
      this.waiting.set(id, step => {
        timer.cancel()
        this.waiting.delete(id)
        resolve(step)
      })
      this.connection.write(`${line}\n`)
    })
  }

  private lose(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.greeted?.(false)
    for (const answer of [...this.waiting.values()]) answer(null)
  }

  private take(fields: readonly string[]): void {
    const [command = '', ...rest] = fields
    if (this.greeted !== null) this.greet(command, rest)
    else if (command === 'OK' || command === 'FAIL' || command === 'CONT') this.answer(command, rest)
  }

  private greet(command: string, fields: readonly string[]): void {
    if (command === 'VERSION') {
      const [major = ''] = fields
      if (!/^\d+$/.test(major) || !/^\d+$/.test(fields[1] ?? '')) this.refuse('Protocol version error')
      else if (major !== '1') this.refuse(`Protocol version mismatch (${major} vs. 1)`)
    } else if (command === 'MECH') {
      const [name = '', ...properties] = fields
      this.sawMechanism = true
      // "private": only for Dovecot's own login processes.
      if (properties.some(property => property.toLowerCase() === 'private')) return
      const options = properties
        .map(property => PROPERTIES[property.toLowerCase()])
        .filter(option => option !== undefined)
      this.mechanisms = [...this.mechanisms, { name, options: new Set(options) }]
    } else if (command === 'SPID' && !this.sawMechanism) {
      this.refuse('Connected to wrong auth socket (auth-master instead of auth-client)')
    } else if (command === 'DONE') {
      this.greeted?.(true)
    }
  }

  private refuse(text: string): void {
    this.options.warn(`SASL: ${text}`)
    this.greeted?.(false)
  }

  private answer(command: 'OK' | 'FAIL' | 'CONT', fields: readonly string[]): void {
    const id = Number(fields[0])
    const waiting = this.waiting.get(id)
    if (waiting === undefined) return
    const value = (name: string): string | null =>
      fields.find(field => field.startsWith(`${name}=`))?.slice(name.length + 1) ?? null
    const username = value('user')
    if (command === 'FAIL')
      waiting({
        kind: 'failed',
        reason: shown(value('reason') ?? ''),
        username: username === null ? null : shown(username),
      })
    else if (command === 'CONT')
      waiting(fields[1] === undefined ? this.missing('CONT reply') : this.challenge(id, fields[1]))
    else waiting(username === null ? this.missing('OK username') : { kind: 'done', username })
  }

  private missing(what: string): SaslStep {
    this.options.warn(`missing Dovecot server ${what} field`)
    return { kind: 'failed', reason: 'Authentication backend error', username: null }
  }

  private challenge(id: number, text: string): SaslStep {
    return {
      kind: 'challenge',
      text,
      answer: async response => (await this.exchange(id, `CONT\t${id}\t${response}`)) ?? temporary(LOST),
      // Later versions of the protocol have CANCEL; the server forgets requests by itself.
      cancel: () => undefined,
    }
  }
}

function shown(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, '?')
}

/** smtpd_sasl_path: "inet:host:port", "unix:path" or a path; relative ones start at `queueDirectory`. Null: no such form. */
export function parseSaslPath(path: string, queueDirectory: string): DialTarget | null {
  if (path.startsWith('inet:')) {
    const match = /^inet:(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(path)
    return match === null
      ? null
      : { kind: 'inet', address: match[1] ?? (match[2] || 'localhost'), port: Number(match[3]) }
  }
  const file = path.startsWith('unix:') ? path.slice(5) : path
  return { kind: 'unix', path: file.startsWith('/') ? file : `${queueDirectory}/${file}` }
}
