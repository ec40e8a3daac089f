import type { LineSocket, TlsStarted } from '../net/line_socket.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { type Features, NO_FEATURES, ReplyReader, replyText, type ServerReply } from './codec.ts'
import { lostTrouble, type Outcome, type Trouble } from './trouble.ts'

/** How one command is described when it fails, and how long its answer may take. */
export interface Step {
  /** "sending MAIL FROM", as Postfix says it after "lost connection with … while". */
  readonly doing: string
  readonly timeoutMs: number
}

interface Waiter {
  readonly step: Step
  readonly resolve: (outcome: Outcome) => void
}

interface Unsent extends Waiter {
  readonly text: string
}

/**
 * One connection to a next hop that speaks SMTP or LMTP: commands go in, each gets its own answer in order. With PIPELINING they
 * leave at once, without it one after another; callers need not care. Whatever happens, every command is answered, at
 * worst with trouble.
 */
export class HopConnection {
  readonly #socket: LineSocket
  readonly #clock: Clock
  readonly #reader = new ReplyReader()
  #waiting: Waiter[] = []
  #unsent: Unsent[] = []
  #timer: Timer | null = null
  #broken: Trouble | null = null
  #early: ServerReply | null = null
  #whenEarly: (() => void) | null = null
  features: Features = NO_FEATURES
  /** What goes on while no command waits for an answer: "sending message body". */
  currently: string | null = null
  /** Messages and aborted transactions behind it. */
  uses = 0
  readonly openedAt: number
  /** "host[addr]" and "host[addr]:port". */
  readonly namaddr: string
  readonly namaddrport: string

  constructor(makeSocket: (connection: HopConnection) => LineSocket, names: ConnectionNames, clock: Clock) {
    this.#clock = clock
    this.namaddr = names.namaddr
    this.namaddrport = names.namaddrport
    this.openedAt = clock.monotonic()
    this.#socket = makeSocket(this)
  }

  get broken(): Trouble | null {
    return this.#broken
  }

  get isIdle(): boolean {
    return this.#broken === null && this.#waiting.length === 0 && this.#unsent.length === 0 && this.#early === null
  }

  /** A reply that came without a question: "421 timeout" or, while a message goes out, its refusal. */
  get early(): ServerReply | null {
    return this.#early
  }

  /** Waits for one (more) reply without sending anything: the greeting, the second and later LMTP answers. */
  expect(step: Step): Promise<Outcome> {
    if (this.#broken !== null) return Promise.resolve({ ok: false, trouble: this.#broken })
    return new Promise(resolve => this.#enqueue({ step, resolve }))
  }

  command(text: string, step: Step): Promise<Outcome> {
    if (this.#broken !== null) return Promise.resolve({ ok: false, trouble: this.#broken })
    return new Promise(resolve => {
      this.#unsent.push({ text, step, resolve })
      this.#send()
    })
  }

  /** Message bytes. Never before the answer to DATA. */
  writeBytes(bytes: string | Uint8Array): void {
    if (this.#broken === null) this.#socket.write(bytes)
  }

  /** False: the server took nothing for `timeoutMs`, and the connection is given up; or it is broken, or said something early. */
  async drained(step: Step): Promise<boolean> {
    if (!this.#socket.isFull) return this.#broken === null && this.#early === null
    let timer: Timer | null = null
    const interrupted = new Promise<void>(resolve => {
      this.#whenEarly = resolve
      timer = this.#clock.after(step.timeoutMs, () => this.#timedOut(step))
    })
    await Promise.race([this.#socket.drained(), interrupted])
    // TypeScript does not see that the executor has run.
    ;(timer as Timer | null)?.cancel()
    this.#whenEarly = null
    return this.#broken === null && this.#early === null
  }

  async startTls(serverName: string, step: Step): Promise<TlsStarted> {
    if (this.#early !== null) return { ok: false, text: 'unexpected server message before the TLS handshake' }
    const timer = this.#clock.after(step.timeoutMs, () => this.#timedOut(step))
    const started = await this.#socket.startTls(serverName)
    timer.cancel()
    return started
  }

  /** Gives it up without a word. */
  destroy(): void {
    this.#fail(lostTrouble('4.4.2', `connection with ${this.namaddr} was closed`))
  }

  /** QUIT, then waits for nothing. */
  quit(): void {
    if (this.#broken === null && this.isIdle) this.#socket.write('QUIT\r\n')
    this.#socket.end()
    this.#broken ??= lostTrouble('4.4.2', `connection with ${this.namaddr} was closed`)
    // An end() that the peer never answers must not hold the socket.
    this.#clock.after(5000, () => this.#socket.destroy())
  }

  /** For the socket: a line has come. */
  takeLine(line: Uint8Array): void {
    if (this.#broken !== null) return
    const step = this.#reader.push(line.at(-1) === 13 ? line.subarray(0, -1) : line)
    if (step.kind === 'more') this.#restartTimer()
    else if (step.kind === 'reply') this.#takeReply(step.reply)
    else this.#fail(lostTrouble('4.5.0', `non-ESMTP response from ${this.namaddrport}: ${step.line.slice(0, 100)}`))
  }

  #takeReply(reply: ServerReply): void {
    const waiter = this.#waiting.shift()
    if (waiter === undefined) {
      this.#early = reply
      this.#whenEarly?.()
      return
    }
    this.#restartTimer()
    waiter.resolve({ ok: true, reply })
    this.#send()
  }

  /** For the socket: the connection has ended. */
  takeClose(): void {
    this.#whenEarly?.()
    const doing = this.#waiting[0]?.step.doing ?? this.#unsent[0]?.step.doing ?? this.currently
    const text = `lost connection with ${this.namaddr}`
    this.#fail(lostTrouble('4.4.2', doing === null ? text : `${text} while ${doing}`))
  }

  #send(): void {
    while (this.#unsent.length > 0 && (this.features.pipelining || this.#waiting.length === 0)) {
      const next = this.#unsent.shift()
      if (next === undefined) return
      this.#socket.write(`${next.text}\r\n`)
      this.#enqueue(next)
    }
  }

  #enqueue(waiter: Waiter): void {
    const early = this.#early
    if (early !== null) {
      // 421: the server said goodbye before it saw this command. Anything else: replies no longer match commands.
      const doing = `while ${waiter.step.doing}`
      const lost = `lost connection with ${this.namaddr} ${doing}`
      const text = early.code === 421 ? lost : `unexpected message from ${this.namaddr} ${doing}: ${replyText(early)}`
      this.#fail(lostTrouble('4.4.2', text))
      waiter.resolve({ ok: false, trouble: this.#broken ?? lostTrouble('4.4.2', text) })
      return
    }
    this.#waiting.push(waiter)
    if (this.#waiting.length === 1) this.#restartTimer()
  }

  #restartTimer(): void {
    this.#timer?.cancel()
    this.#timer = null
    const head = this.#waiting[0]
    if (head !== undefined) this.#timer = this.#clock.after(head.step.timeoutMs, () => this.#timedOut(head.step))
  }

  #timedOut(step: Step): void {
    this.#fail(lostTrouble('4.4.2', `conversation with ${this.namaddr} timed out while ${step.doing}`))
  }

  #fail(trouble: Trouble): void {
    if (this.#broken !== null) return
    this.#broken = trouble
    this.#timer?.cancel()
    this.#timer = null
    const all = [...this.#waiting, ...this.#unsent]
    this.#waiting = []
    this.#unsent = []
    this.#whenEarly?.()
    this.#socket.destroy()
    for (const waiter of all) waiter.resolve({ ok: false, trouble })
  }
}

export interface ConnectionNames {
  readonly namaddr: string
  readonly namaddrport: string
}
