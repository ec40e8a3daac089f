import type { ByteStream, TlsServerOptions, TlsStarted } from '../net/byte_stream.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { decodeLine, encodeLine } from './bytes.ts'
import { InputBuffer, type Line, type LineRules } from './codec.ts'

/** 'hangup': it is we who leave, without a word (access table action HANGUP). */
export type LostReason = 'timeout' | 'lost connection' | 'hangup'

/** The client can no longer be talked to. Thrown out of whatever command was running. */
export class LostClient extends Error {
  readonly reason: LostReason

  constructor(reason: LostReason) {
    super(reason)
    this.name = 'LostClient'
    this.reason = reason
  }
}

/** smtpd_timeout and its relatives, milliseconds. */
export interface WireLimits {
  readonly timeoutMs: number
  /** smtpd_per_request_deadline: the time is for a whole command or reply, not for each packet. */
  readonly deadline: boolean
  /** smtpd_min_data_rate: message content earns more time, bytes per second; 0: none (commands). */
  readonly minDataRate: number
}

/** Text out beyond which it is sent without waiting for a pause. */
const WRITE_BEHIND = 16 * 1024

/** A client that never closes its side does not keep the socket for longer after our last word. */
const LINGER_MS = 10_000

/** Reads lines and writes replies. Replies leave when the input runs dry, so that pipelined commands get theirs in one packet. */
export class Wire {
  readonly input = new InputBuffer()
  private readonly stream: ByteStream
  private readonly clock: Clock
  private limits: WireLimits = { timeoutMs: 0, deadline: false, minDataRate: 0 }
  private deadlineAt = 0
  private outgoing = ''
  private lastFlush: number
  private broken = false

  constructor(stream: ByteStream, clock: Clock) {
    this.stream = stream
    this.clock = clock
    this.lastFlush = clock.monotonic()
  }

  /** Starts the time for the next command (or content). */
  startRequest(limits: WireLimits): void {
    this.limits = limits
    this.deadlineAt = this.clock.monotonic() + limits.timeoutMs
  }

  async readCommand(rules: LineRules): Promise<Line> {
    for (;;) {
      const line = this.input.takeCommand(rules)
      if (line !== null) return line
      await this.pull()
    }
  }

  /** Waits for more bytes. Throws LostClient. */
  async pull(): Promise<void> {
    await this.flush()
    const chunk = await this.timed(this.stream.read())
    if (chunk === null) {
      this.broken = true
      throw new LostClient('lost connection')
    }
    const { deadline, minDataRate, timeoutMs } = this.limits
    if (deadline && minDataRate > 0) {
      const earned = this.deadlineAt + (chunk.length * 1000) / minDataRate
      this.deadlineAt = Math.min(earned, this.clock.monotonic() + timeoutMs)
    }
    this.input.push(chunk)
  }

  /** What the client has sent ahead, at most `limit` bytes. */
  async peekAhead(limit: number): Promise<Buffer> {
    if (this.input.length === 0) {
      const chunk = await this.stream.poll()
      if (chunk !== null) this.input.push(chunk)
    }
    return this.input.peek(limit)
  }

  write(text: string): void {
    this.outgoing += text
  }

  /** Sends what is due when it was long ago that anything was sent, or when there is much of it. */
  async flushIfDue(): Promise<void> {
    // Postfix: ten seconds, so that slow lookups do not make a pipelining client give up.
    if (this.outgoing.length > WRITE_BEHIND || this.clock.monotonic() - this.lastFlush > 10_000) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.outgoing === '') return
    const bytes = encodeLine(this.outgoing)
    this.outgoing = ''
    this.lastFlush = this.clock.monotonic()
    this.stream.write(bytes)
    if (this.broken) return
    if (!(await this.timed(this.stream.drained()))) {
      this.broken = true
      throw new LostClient('lost connection')
    }
  }

  async startTls(options: TlsServerOptions, timeoutMs: number): Promise<TlsStarted> {
    this.startRequest({ timeoutMs, deadline: true, minDataRate: 0 })
    this.input.clear()
    return await this.timed(this.stream.startTls(options))
  }

  /** Says the last words, as far as they can be said, and hangs up. */
  async close(): Promise<void> {
    await this.flush().catch(() => undefined)
    const timer = this.clock.after(LINGER_MS, () => this.stream.destroy())
    void this.stream.end().then(() => timer.cancel())
  }

  destroy(): void {
    this.stream.destroy()
  }

  private async timed<T>(work: Promise<T>): Promise<T> {
    const { timeoutMs, deadline } = this.limits
    const waitMs = deadline ? Math.max(0, this.deadlineAt - this.clock.monotonic()) : timeoutMs
    let timer: Timer | undefined
    const expired = new Promise<never>((_, reject) => {
      timer = this.clock.after(waitMs, () => reject(new LostClient('timeout')))
    })
    try {
      return await Promise.race([work, expired])
    } finally {
      timer?.cancel()
    }
  }
}

/** A command line as text, and whether it was cut. */
export function commandText(line: Line): string {
  return decodeLine(line.bytes)
}
