import type { PushStream } from '../net/push_stream.ts'
import type { Clock, Timer } from '../util/clock.ts'
import type { PolicyRequest } from './codec.ts'
import { type Asked, PolicySession } from './session.ts'

/** What an endpoint does with its requests, in the configuration of the moment. */
export interface PolicyEndpoint {
  /** One access(5) action. Never rejects. */
  decide(request: PolicyRequest): Promise<string> | string
  warn(text: string): void
  /** A request is being decided; `release` follows. */
  hold(): void
  release(): void
}

export interface PolicyServerOptions {
  readonly clock: Clock
  /** The endpoint behind a door now; null: this door is closed. Asked for each request, because connections outlive configurations. */
  endpoint(door: string): PolicyEndpoint | null
  /** Seconds that a connection may rest. */
  idleSeconds(): number
}

/** A request that has begun must be whole within this: nobody of Postfix's writes it in pieces. */
const PARTIAL_SECONDS = 100
const SWEEP_MS = 10_000

/** Answers policy requests over connections that live for as long as Postfix likes. */
export class PolicyServer {
  readonly options: PolicyServerOptions
  readonly #connections = new Set<Connection>()
  #dirty: Connection[] = []
  #sweep: Timer | null = null
  #stopping = false
  #stopped: (() => void) | null = null

  constructor(options: PolicyServerOptions) {
    this.options = options
  }

  /** Serves one connection; `closed` is called once, when it is gone. */
  serve(stream: PushStream, door: string, closed: () => void = () => undefined): void {
    if (this.#stopping) {
      stream.destroy()
      closed()
      return
    }
    const connection = new Connection(this, stream, door)
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

  /** Connections of doors that are no more are closed, each after what it was asked already. */
  closeDoors(): void {
    for (const connection of this.#connections) {
      if (this.options.endpoint(connection.door) === null) connection.finish()
    }
  }

  /** Takes no further requests, answers those that it has, and closes. Resolves when all is closed, or after `graceMs` by force. */
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

  /** Has the connection write what it can at the end of this turn: one write for all answers of the turn. */
  write(connection: Connection): void {
    if (this.#dirty.length === 0) queueMicrotask(this.#flush)
    this.#dirty.push(connection)
  }

  readonly #flush = (): void => {
    const dirty = this.#dirty
    this.#dirty = []
    for (const connection of dirty) connection.flush()
  }

  /** One timer for all: a timer per request would cost more than its answer. */
  #startSweep(): Timer {
    return this.options.clock.after(SWEEP_MS, () => {
      const idleSeconds = this.options.idleSeconds()
      for (const connection of this.#connections) connection.grow(SWEEP_MS / 1000, idleSeconds)
      this.#sweep = this.#connections.size > 0 ? this.#startSweep() : null
    })
  }
}

class Connection {
  readonly door: string
  readonly #server: PolicyServer
  readonly #stream: PushStream
  readonly #session: PolicySession
  /** Seconds since something was heard, to within SWEEP_MS. */
  #restedFor = 0
  /** In the server's list of those who have something to write. */
  #isDirty = false
  /** Nothing is read for the moment. */
  #isResting = false
  /** No more requests are taken. */
  #finishing = false
  /** No more will come. */
  #inputEnded = false
  #open = true

  constructor(server: PolicyServer, stream: PushStream, door: string) {
    this.#server = server
    this.#stream = stream
    this.door = door
    const from = ` (${door.replace(/^policy /, '')}, from ${stream.peer})`
    this.#session = new PolicySession(text => this.#endpoint()?.warn(text + from))
  }

  take(chunk: Buffer): void {
    if (this.#finishing) return
    this.#restedFor = 0
    this.#session.push(chunk)
    this.proceed()
  }

  /** Judges what can be judged, and reads on or not. */
  proceed(): void {
    if (!this.#open) return
    while (!this.#finishing) {
      const endpoint = this.#endpoint()
      // A reload closed the door: without an answer, so that the client connects again and learns it.
      if (endpoint === null) this.#finishing = true
      const asked = endpoint === null ? null : this.#session.next()
      if (endpoint === null || asked === null) break
      this.#ask(endpoint, asked)
    }
    if (this.#session.isBroken) this.#finishing = true
    if (this.#session.hasOutput) this.#setDirty()
    this.#endIfDone()
    const mustRest = this.#session.isFull || this.#stream.isCongested
    if (mustRest === this.#isResting) return
    this.#isResting = mustRest
    if (mustRest) this.#stream.pause()
    else this.#stream.resume()
  }

  /** The client has said all it wants (Exim's ${readsocket}, nc -N): it gets its answers, then we close too. */
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
    if (this.#session.pending > 0) return
    this.#restedFor += seconds
    const limit = this.#session.isPartial ? Math.min(PARTIAL_SECONDS, idleSeconds) : idleSeconds
    if (this.#restedFor >= limit) this.destroy()
  }

  flush(): void {
    this.#isDirty = false
    const text = this.#session.output()
    if (text !== '' && this.#open) this.#stream.write(text)
    // Mostly there is nothing more to judge: the client waits for this very answer.
    if (this.#isResting || this.#inputEnded || this.#stream.isCongested) this.proceed()
    else this.#endIfDone()
  }

  #endpoint(): PolicyEndpoint | null {
    return this.#server.options.endpoint(this.door)
  }

  #ask(endpoint: PolicyEndpoint, { number, request }: Asked): void {
    endpoint.hold()
    const decided = endpoint.decide(request)
    if (typeof decided === 'string') this.#answered(endpoint, number, decided)
    else
      decided.then(
        action => this.#answered(endpoint, number, action),
        (error: unknown) => {
          endpoint.warn(`judging a policy request failed: ${error instanceof Error ? error.message : String(error)}`)
          this.#answered(endpoint, number, 'DUNNO')
        },
      )
  }

  #answered(endpoint: PolicyEndpoint, number: number, action: string): void {
    endpoint.release()
    this.#session.answer(number, action)
    this.#setDirty()
  }

  #setDirty(): void {
    if (this.#isDirty) return
    this.#isDirty = true
    this.#server.write(this)
  }

  #endIfDone(): void {
    if ((this.#finishing || this.#inputEnded) && this.#open && this.#session.pending === 0) this.#stream.end()
  }
}
