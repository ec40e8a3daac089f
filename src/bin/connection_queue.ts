import type { AcceptedSocket } from '../net/listener.ts'
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

/** Connections that wait for a worker, and workers that wait for a connection; one of the two is always empty. */
export class ConnectionQueue {
  #free: Taker[] = []
  #waiting: Arrival[] = []
  readonly #returned = new WeakMap<AcceptedSocket, number>()

  /** A new connection. */
  take(arrival: Arrival): void {
    // The client may go while it waits, and nobody else listens for that yet.
    arrival.socket.on('error', () => undefined)
    if (this.#waiting.length >= MAX_WAITING) arrival.socket.destroy()
    else this.#waiting.push(arrival)
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
    if (!this.#free.includes(taker)) this.#free.push(taker)
    this.#match()
  }

  /** The worker is gone. */
  remove(taker: Taker): void {
    this.#free = this.#free.filter(each => each !== taker)
  }

  /** Closes what waits. */
  clear(): void {
    for (const { socket } of this.#waiting.splice(0)) socket.destroy()
  }

  #match(): void {
    while (this.#free.length > 0) {
      const arrival = this.#waiting.shift()
      if (arrival === undefined) return
      if (!arrival.socket.destroyed) this.#takerFor(arrival)?.give(arrival)
    }
  }

  /** SMTP sessions are short: they go round. */
  #takerFor({ door }: Arrival): Taker | undefined {
    if (doorKind(door) === 'smtp') return this.#free.shift()
    let best = 0
    for (const [index, taker] of this.#free.entries()) {
      if (taker.load < (this.#free[best]?.load ?? 0)) best = index
    }
    return this.#free.splice(best, 1)[0]
  }
}
