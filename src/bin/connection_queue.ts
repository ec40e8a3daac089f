import type { AcceptedSocket } from '../net/listener.ts'

/** Somebody who can take a connection. */
export interface Taker {
  give(socket: AcceptedSocket): void
}

/** Postfix's inet backlog and more. What waits beyond this is closed: it would only time out. */
const MAX_WAITING = 2000
const MAX_RETURNS = 3

/** Connections that wait for a worker, and workers that wait for a connection; one of the two is always empty. */
export class ConnectionQueue {
  #free: Taker[] = []
  #waiting: AcceptedSocket[] = []
  readonly #returned = new WeakMap<AcceptedSocket, number>()

  /** A new connection. */
  take(socket: AcceptedSocket): void {
    // The client may go while it waits, and nobody else listens for that yet.
    socket.on('error', () => undefined)
    if (this.#waiting.length >= MAX_WAITING) socket.destroy()
    else this.#waiting.push(socket)
    this.#match()
  }

  /** A connection whose worker died before it took it: the next one gets it, unless it seems to kill them. */
  takeBack(socket: AcceptedSocket): void {
    const times = (this.#returned.get(socket) ?? 0) + 1
    this.#returned.set(socket, times)
    if (times > MAX_RETURNS) socket.destroy()
    else this.take(socket)
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
    for (const socket of this.#waiting.splice(0)) socket.destroy()
  }

  #match(): void {
    while (this.#free.length > 0) {
      const socket = this.#waiting.shift()
      if (socket === undefined) return
      if (!socket.destroyed) this.#free.shift()?.give(socket)
    }
  }
}
