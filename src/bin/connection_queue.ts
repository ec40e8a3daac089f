import type { AcceptedSocket } from '../net/listener.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { doorKind } from './doors.ts'

/** A connection and the door it came through. */
export interface Arrival {
  readonly socket: AcceptedSocket
  /** The door's key. */
  readonly door: string
}

/** Somebody who can take a connection. */
export interface Taker {
  /** Policy and milter connections that it serves: they live long, so the next one is for who has fewest. */
  readonly load: number
  give(arrival: Arrival): void
}

/** Postfix's inet backlog and more. What waits beyond this is closed: it would only time out. */
const MAX_WAITING = 2000
const MAX_RETURNS = 3
/** A long connection goes to a worker that has more of them than this above another only when that one cannot take any. */
const MARGIN = 3
/** So long is waited for the other one: it may be starting a session, or be stuck. */
const PATIENCE_MS = 200

interface Waiting {
  readonly arrival: Arrival
  readonly since: number
}

/** Connections that wait for a worker, and workers that wait for a connection. */
export class ConnectionQueue {
  readonly #clock: Clock
  /** All workers that have ever been free, and are not gone. */
  readonly #known = new Set<Taker>()
  #free: Taker[] = []
  #waiting: Waiting[] = []
  #patience: Timer | null = null
  readonly #returned = new WeakMap<AcceptedSocket, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A new connection. */
  take(arrival: Arrival): void {
    // The client may go while it waits, and nobody else listens for that yet.
    arrival.socket.on('error', () => undefined)
    if (this.#waiting.length >= MAX_WAITING) arrival.socket.destroy()
    else this.#waiting.push({ arrival, since: this.#clock.monotonic() })
    this.#match()
  }

  /** A connection whose worker died before it took it: the next one gets it, unless it seems to kill them. */
  takeBack(arrival: Arrival): void {
    const times = (this.#returned.get(arrival.socket) ?? 0) + 1
    this.#returned.set(arrival.socket, times)
    if (times > MAX_RETURNS) arrival.socket.destroy()
    else this.take(arrival)
  }

  /** A worker that can take one connection. */
  offer(taker: Taker): void {
    this.#known.add(taker)
    if (!this.#free.includes(taker)) this.#free.push(taker)
    this.#match()
  }

  /** The worker is gone. */
  remove(taker: Taker): void {
    this.#known.delete(taker)
    this.#free = this.#free.filter(each => each !== taker)
    // Nobody waits for it any more.
    this.#match()
  }

  /** Closes what waits. */
  clear(): void {
    this.#patience?.cancel()
    for (const { arrival } of this.#waiting.splice(0)) arrival.socket.destroy()
  }

  /** In the order of arrival, but that nobody waits behind one that waits for its worker. */
  #match(): void {
    const left: Waiting[] = []
    for (const waiting of this.#waiting) {
      if (waiting.arrival.socket.destroyed) continue
      const taker = this.#takerFor(waiting)
      if (taker === null) left.push(waiting)
      else taker.give(waiting.arrival)
    }
    this.#waiting = left
    if (left.length > 0 && this.#free.length > 0) this.#matchLater()
  }

  #matchLater(): void {
    this.#patience ??= this.#clock.after(PATIENCE_MS, () => {
      this.#patience = null
      this.#match()
    })
  }

  /** SMTP sessions are short: they go round. */
  #takerFor({ arrival, since }: Waiting): Taker | null {
    if (doorKind(arrival.door) === 'smtp') return this.#free.shift() ?? null
    const [first, ...others] = this.#free
    if (first === undefined) return null
    const best = others.reduce((least, each) => (each.load < least.load ? each : least), first)
    const least = Math.min(...[...this.#known].map(({ load }) => load))
    if (best.load > least + MARGIN && this.#clock.monotonic() - since < PATIENCE_MS) return null
    this.#free = this.#free.filter(each => each !== best)
    return best
  }
}
