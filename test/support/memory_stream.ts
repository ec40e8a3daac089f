import type { ByteStream, TlsServerOptions, TlsStarted } from '../../src/net/byte_stream.ts'

/** The server's end of a connection without a network; the test is the client. */
export class MemoryStream implements ByteStream {
  /** All that the server has said. */
  said = ''
  ended = false
  destroyed = false
  tlsRequests: TlsServerOptions[] = []
  /** What a handshake gives. */
  tls: TlsStarted = { ok: false, reason: 'lost connection' }
  /** The client reads nothing: writes pile up. */
  stuck = false
  #chunks: (Uint8Array | null)[] = []
  #reader: ((chunk: Uint8Array | null) => void) | null = null
  #drained: ((open: boolean) => void)[] = []

  /** Pieces that the server has not read. */
  get unread(): number {
    return this.#chunks.length
  }

  /** The client sends text (Latin-1 for bytes) or bytes. */
  send(data: string | Uint8Array): void {
    this.#give(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
  }

  /** The client closes its side. */
  hangUp(): void {
    this.#give(null)
  }

  /** The client reads again. */
  unstick(): void {
    this.stuck = false
    for (const resolve of this.#drained.splice(0)) resolve(true)
  }

  /** What was said since the last call. */
  take(): string {
    const { said } = this
    this.said = ''
    return said
  }

  read(): Promise<Uint8Array | null> {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) return Promise.resolve(chunk)
    return new Promise(resolve => {
      this.#reader = resolve
    })
  }

  poll(): Promise<Uint8Array | null> {
    const chunk = this.#chunks[0]
    if (chunk === undefined || chunk === null) return Promise.resolve(null)
    this.#chunks.shift()
    return Promise.resolve(chunk)
  }

  write(bytes: Uint8Array): void {
    if (!this.ended) this.said += Buffer.from(bytes).toString('latin1')
  }

  drained(): Promise<boolean> {
    if (!this.stuck) return Promise.resolve(true)
    return new Promise(resolve => this.#drained.push(resolve))
  }

  startTls(options: TlsServerOptions): Promise<TlsStarted> {
    this.tlsRequests.push(options)
    return Promise.resolve(this.tls)
  }

  end(): Promise<void> {
    this.ended = true
    return Promise.resolve()
  }

  destroy(): void {
    this.destroyed = true
    this.ended = true
    this.#give(null)
  }

  #give(chunk: Uint8Array | null): void {
    const reader = this.#reader
    this.#reader = null
    if (reader !== null) reader(chunk)
    else this.#chunks.push(chunk)
  }
}
