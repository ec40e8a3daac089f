import type { PushStream } from '../net/push_stream.ts'
import type { Clock, Timer } from '../util/clock.ts'
import type { JudgedMessage } from './message.ts'
import { MilterSession } from './session.ts'

export interface MilterServerOptions {
  readonly clock: Clock
  /** The judge of a message that begins now. Asked for each message, because connections outlive configurations. */
  open(): JudgedMessage
  warn(text: string): void
  /** Seconds that a connection may rest. */
  idleSeconds(): number
}

const SWEEP_MS = 10_000

/** Answers an MTA over connections that live as long as its clients' sessions. */
export class MilterServer {
  readonly options: MilterServerOptions
  readonly #connections = new Set<Connection>()
  #sweep: Timer | null = null
  #stopping = false
  #stopped: (() => void) | null = null

  constructor(options: MilterServerOptions) {
    this.options = options
  }

  /** Serves one connection; `closed` is called once, when it is gone. */
  serve(stream: PushStream, closed: () => void = () => undefined): void {
    if (this.#stopping) {
      stream.destroy()
      closed()
      return
    }
    const connection = new Connection(this.options, stream)
    this.#connections.add(connection)
    this.#sweep ??= this.#startSweep()
    stream.start({
      data: chunk => connection.take(chunk),
      drained: () => connection.proceed(),
      ended: () => connection.inputEnded(),
      closed: () => {
        connection.gone()
        this.#connections.delete(connection)
        closed()
        if (this.#connections.size === 0) this.#stopped?.()
      },
    })
  }

  /** Closes connections when their message is over. Resolves when all are closed, or after `graceMs` by force. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    this.#sweep?.cancel()
    for (const connection of this.#connections) connection.finish()
    if (this.#connections.size === 0) return
    const force = this.options.clock.after(graceMs, () => {
      for (const connection of this.#connections) connection.destroy()
    })
    await new Promise<void>(resolve => {
      this.#stopped = resolve
      if (this.#connections.size === 0) resolve()
    })
    force.cancel()
  }

  /** One timer for all. */
  #startSweep(): Timer {
    return this.options.clock.after(SWEEP_MS, () => {
      const idleSeconds = this.options.idleSeconds()
      for (const connection of this.#connections) connection.grow(SWEEP_MS / 1000, idleSeconds)
      this.#sweep = this.#connections.size > 0 ? this.#startSweep() : null
    })
  }
}

class Connection {
  readonly #stream: PushStream
  readonly #session: MilterSession
  /** Seconds since something was heard, to within SWEEP_MS. */
  #restedFor = 0
  /** Nothing is read for the moment. */
  #isResting = false
  /** To be closed after the message that is under way. */
  #finishing = false
  /** No more will come. */
  #inputEnded = false
  #open = true

  constructor({ clock, open, warn }: MilterServerOptions, stream: PushStream) {
    this.#stream = stream
    this.#session = new MilterSession({
      isLocal: stream.isLocal,
      clock,
      open,
      warn,
      write: bytes => {
        if (this.#open) this.#stream.write(bytes)
      },
      wake: () => this.proceed(),
    })
  }

  take(chunk: Buffer): void {
    this.#restedFor = 0
    this.#session.push(chunk)
    this.proceed()
  }

  /** Takes what can be taken, and reads on or not. */
  proceed(): void {
    if (!this.#open) return
    this.#session.proceed()
    if (this.#endIfDone()) return
    // While a verdict is awaited TCP holds the MTA back.
    const mustRest = this.#session.isJudging || this.#stream.isCongested
    if (mustRest === this.#isResting) return
    this.#isResting = mustRest
    if (mustRest) this.#stream.pause()
    else this.#stream.resume()
  }

  /** A verdict that is awaited is still given, then we close too. */
  inputEnded(): void {
    this.#inputEnded = true
    this.proceed()
  }

  finish(): void {
    this.#finishing = true
    this.#endIfDone()
  }

  gone(): void {
    this.#open = false
    this.#session.close()
  }

  destroy(): void {
    this.#stream.destroy()
  }

  grow(seconds: number, idleSeconds: number): void {
    if (this.#session.isJudging) return
    this.#restedFor += seconds
    if (this.#restedFor >= idleSeconds) this.destroy()
  }

  #endIfDone(): boolean {
    if (!this.#open || this.#session.isJudging) return false
    const isDone = this.#session.isOver || this.#inputEnded || (this.#finishing && !this.#session.isInMessage)
    if (isDone) this.#stream.end()
    return isDone
  }
}
