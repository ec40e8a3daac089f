import type { Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { errnoText } from '../util/errno_text.ts'

export interface LineHandlers {
  /** One line without its LF; a CR before it is still there. What exceeds `maxLine` is cut off. */
  line(line: Buffer): void
  /** Once, however the connection ended; `error` is null after an orderly close. */
  closed(error: string | null): void
}

/** What the TLS handshake agreed on, or why it failed. */
export type TlsStarted =
  | { readonly ok: true; readonly protocol: string; readonly cipher: string }
  | { readonly ok: false; readonly text: string }

/**
 * A connected socket that speaks lines: the client side of SMTP, LMTP and the policy protocol. Writes of one turn of the event
 * loop leave in one system call; `drained` is the back-pressure.
 */
export class LineSocket {
  #socket: Socket | TLSSocket
  readonly #handlers: LineHandlers
  readonly #maxLine: number
  #partial: Buffer = Buffer.alloc(0)
  #closed = false
  #corked = false
  #error: string | null = null
  #waiters: (() => void)[] = []

  constructor(socket: Socket, handlers: LineHandlers, maxLine: number) {
    this.#socket = socket
    this.#handlers = handlers
    this.#maxLine = maxLine
    this.#attach()
  }

  get isOpen(): boolean {
    return !this.#closed
  }

  /** What has come of an unfinished line. */
  get partialLine(): Buffer {
    return this.#partial
  }

  write(data: string | Uint8Array): void {
    if (this.#closed) return
    if (!this.#corked) {
      const socket = this.#socket
      this.#corked = true
      socket.cork()
      setImmediate(() => {
        this.#corked = false
        socket.uncork()
      })
    }
    this.#socket.write(data)
  }

  /** More is waiting to be sent than the socket wants to hold. */
  get isFull(): boolean {
    return !this.#closed && this.#socket.writableNeedDrain
  }

  /** Resolves when the kernel has taken most of what was written, or the connection is gone. */
  drained(): Promise<void> {
    if (!this.isFull) return Promise.resolve()
    return new Promise(resolve => this.#waiters.push(resolve))
  }

  /** The certificate is not verified: opportunistic or mandatory encryption only (Postfix levels may and encrypt). */
  async startTls(serverName: string): Promise<TlsStarted> {
    // Bytes before the handshake would be read as if they had come encrypted (CVE-2011-0411).
    if (this.#partial.length > 0) return { ok: false, text: 'unexpected plaintext before the TLS handshake' }
    const plain = this.#socket
    this.#detach()
    plain.on('error', () => undefined)
    const servername = /^[\d.]+$|:|\//.test(serverName) ? {} : { servername: serverName }
    const secure = connectTls({ socket: plain, rejectUnauthorized: false, ...servername })
    this.#socket = secure
    const failure = await new Promise<string | null>(resolve => {
      secure.once('secureConnect', () => resolve(null))
      secure.once('error', error => resolve(errnoText(error)))
      secure.once('close', () => resolve('connection closed during the TLS handshake'))
    })
    if (failure !== null) {
      secure.on('error', () => undefined)
      secure.destroy()
      this.#end()
      return { ok: false, text: failure }
    }
    this.#attach()
    return { ok: true, protocol: secure.getProtocol() ?? 'unknown', cipher: secure.getCipher().name }
  }

  /** Sends what is written, then closes. */
  end(): void {
    if (!this.#closed) this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
    this.#end()
  }

  #attach(): void {
    this.#socket.on('data', this.#onData)
    this.#socket.on('drain', this.#onDrain)
    this.#socket.on('error', this.#onError)
    this.#socket.on('close', this.#onClose)
  }

  #detach(): void {
    this.#socket.off('data', this.#onData)
    this.#socket.off('drain', this.#onDrain)
    this.#socket.off('error', this.#onError)
    this.#socket.off('close', this.#onClose)
  }

  readonly #onData = (chunk: Buffer): void => this.#take(chunk)
  readonly #onDrain = (): void => this.#wake()
  readonly #onClose = (): void => this.#end()
  readonly #onError = (error: Error): void => {
    this.#error ??= errnoText(error)
  }

  #end(): void {
    if (this.#closed) return
    this.#closed = true
    this.#wake()
    this.#handlers.closed(this.#error)
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }

  #take(chunk: Buffer): void {
    let from = 0
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      const line = this.#join(chunk.subarray(from, at))
      this.#partial = Buffer.alloc(0)
      from = at + 1
      if (this.#closed) return
      this.#handlers.line(line)
    }
    if (from < chunk.length) this.#partial = Buffer.from(this.#join(chunk.subarray(from)))
  }

  #join(piece: Buffer): Buffer {
    const room = this.#maxLine - this.#partial.length
    const kept = piece.length > room ? piece.subarray(0, Math.max(0, room)) : piece
    return this.#partial.length === 0 ? kept : Buffer.concat([this.#partial, kept])
  }
}
