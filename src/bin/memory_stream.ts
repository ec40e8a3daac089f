import type { ByteStream, TlsStarted } from '../net/byte_stream.ts'

/** A connection without a network: `client` is the other end of `stream`. */
export class MemoryStream implements ByteStream {
  #toServer: Uint8Array[] = []
  #toClient = ''
  #reader: ((bytes: Uint8Array | null) => void) | null = null
  #listener: (() => void) | null = null
  #closed = false

  /** What the client says. */
  say(said: string | Uint8Array): void {
    const bytes = Buffer.from(said)
    if (this.#reader === null) this.#toServer.push(bytes)
    else this.#deliver(bytes)
  }

  /** The next whole reply, its lines joined with "\n"; null when the server has closed. */
  async nextReply(): Promise<string | null> {
    for (;;) {
      const match = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n/.exec(this.#toClient)
      if (match !== null) {
        this.#toClient = this.#toClient.slice(match[0].length)
        return match[0].trimEnd().replaceAll('\r\n', '\n')
      }
      if (this.#closed) return null
      await new Promise<void>(resolve => {
        this.#listener = resolve
      })
    }
  }

  /** The client goes. */
  hangUp(): void {
    this.#close()
  }

  read(): Promise<Uint8Array | null> {
    const waiting = this.#toServer.shift()
    if (waiting !== undefined) return Promise.resolve(waiting)
    if (this.#closed) return Promise.resolve(null)
    return new Promise(resolve => {
      this.#reader = resolve
    })
  }

  async poll(): Promise<Uint8Array | null> {
    return this.#toServer.shift() ?? null
  }

  write(bytes: Uint8Array): void {
    this.#toClient += Buffer.from(bytes).toString()
    this.#wake()
  }

  async drained(): Promise<boolean> {
    return !this.#closed
  }

  async startTls(): Promise<TlsStarted> {
    return { ok: false, reason: 'there is no TLS without a network' }
  }

  async end(): Promise<void> {
    this.#close()
  }

  destroy(): void {
    this.#close()
  }

  #close(): void {
    this.#closed = true
    this.#deliver(null)
    this.#wake()
  }

  #deliver(bytes: Uint8Array | null): void {
    const reader = this.#reader
    this.#reader = null
    reader?.(bytes)
  }

  #wake(): void {
    const listener = this.#listener
    this.#listener = null
    listener?.()
  }
}
