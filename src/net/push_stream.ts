import type { Socket } from 'node:net'

export interface PushHandlers {
  /** Bytes that have come; they belong to the receiver. */
  data(chunk: Buffer): void
  /** `isCongested` is over. */
  drained(): void
  /** The other side will send no more; it may still read. */
  ended(): void
  /** Once, however it ended. */
  closed(): void
}

/** A connection that hands bytes on as they come: for protocols with many small requests, which a promise for each read would slow down. */
export interface PushStream {
  /** Who is at the other end, for the log: "192.0.2.7:4711", or "a local process" behind a Unix socket. */
  readonly peer: string
  /** Behind a Unix socket: no Nagle, no delayed ACK. */
  readonly isLocal: boolean
  /** Nothing is read before. */
  start(handlers: PushHandlers): void
  /** In one system call. After a break it does nothing. */
  write(bytes: string | Uint8Array): void
  /** The other side does not read what was written. */
  readonly isCongested: boolean
  pause(): void
  resume(): void
  /** Sends what is written, then closes both sides; what comes meanwhile is lost. */
  end(): void
  destroy(): void
}

/** The server end of an accepted socket. */
export class SocketPushStream implements PushStream {
  readonly peer: string
  readonly isLocal: boolean
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
    const { remoteAddress: address, remotePort: port } = socket
    this.isLocal = address === undefined
    this.peer =
      address === undefined ? 'a local process' : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
    socket.setNoDelay(true)
    // Who has said all it wants still reads our answer.
    socket.allowHalfOpen = true
  }

  start(handlers: PushHandlers): void {
    const socket = this.#socket
    socket.on('data', chunk => handlers.data(chunk))
    socket.on('drain', () => handlers.drained())
    socket.on('end', () => handlers.ended())
    // Followed by 'close'.
    socket.on('error', () => undefined)
    if (socket.closed) handlers.closed()
    else socket.on('close', () => handlers.closed())
    socket.resume()
  }

  write(bytes: string | Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  get isCongested(): boolean {
    return this.#socket.writableNeedDrain
  }

  pause(): void {
    if (!this.#socket.isPaused()) this.#socket.pause()
  }

  resume(): void {
    if (this.#socket.isPaused()) this.#socket.resume()
  }

  end(): void {
    // Not waiting for the other side: Postfix notices that we have closed only when it wants something again.
    this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
