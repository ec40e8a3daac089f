import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { errnoText } from '../util/errno_text.ts'
import type { ByteStream, TlsServerOptions, TlsStarted } from './byte_stream.ts'
import { nativeContext, tlsInfo } from './tls.ts'

/** Bytes that wait for the session; beyond it the socket is paused and TCP holds the client back. */
const READ_AHEAD = 256 * 1024

/** The server end of an accepted socket. */
export class SocketStream implements ByteStream {
  #socket: Socket
  #chunks: Buffer[] = []
  #waiting = 0
  #ended = false
  #reader: ((chunk: Uint8Array | null) => void) | null = null
  #drainers: ((open: boolean) => void)[] = []

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    // A client that has said all it wants still reads our replies.
    socket.allowHalfOpen = true
    this.#attach()
  }

  read(): Promise<Uint8Array | null> {
    const chunk = this.#shift()
    if (chunk !== null || this.#ended) return Promise.resolve(chunk)
    return new Promise(resolve => {
      this.#reader = resolve
    })
  }

  async poll(): Promise<Uint8Array | null> {
    if (this.#chunks.length === 0) await new Promise(resolve => setImmediate(resolve))
    return this.#shift()
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  drained(): Promise<boolean> {
    if (!this.#socket.writable) return Promise.resolve(false)
    if (!this.#socket.writableNeedDrain) return Promise.resolve(true)
    return new Promise(resolve => this.#drainers.push(resolve))
  }

  async startTls(options: TlsServerOptions): Promise<TlsStarted> {
    const plain = this.#socket
    this.#detach()
    plain.on('error', () => undefined)
    this.#chunks = []
    this.#waiting = 0
    const secure = new TLSSocket(plain, {
      isServer: true,
      secureContext: nativeContext(options.context),
      requestCert: options.askClientCert,
      rejectUnauthorized: false,
    })
    this.#socket = secure
    const failure = await handshakeFailure(secure)
    this.#attach()
    if (failure === null) return { ok: true, info: tlsInfo(secure, options.context) }
    this.destroy()
    return { ok: false, reason: failure }
  }

  end(): Promise<void> {
    if (this.#socket.writable) this.#socket.end()
    // The session is over: what the client still sends is read and dropped, so that it gets our last reply and not a reset.
    this.#chunks = []
    this.#socket.resume()
    if (this.#socket.closed) return Promise.resolve()
    return new Promise(resolve => {
      this.#socket.once('close', () => resolve())
    })
  }

  destroy(): void {
    this.#socket.destroy()
    this.#end()
  }

  #attach(): void {
    this.#socket.on('data', this.#onData)
    this.#socket.on('drain', this.#onDrain)
    this.#socket.on('end', this.#onEnd)
    this.#socket.on('error', this.#onEnd)
    this.#socket.on('close', this.#onEnd)
    this.#socket.resume()
  }

  #detach(): void {
    this.#socket.off('data', this.#onData)
    this.#socket.off('drain', this.#onDrain)
    this.#socket.off('end', this.#onEnd)
    this.#socket.off('error', this.#onEnd)
    this.#socket.off('close', this.#onEnd)
    this.#socket.pause()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#socket.writableEnded) return
    if (this.#reader !== null) {
      this.#deliver(chunk)
      return
    }
    this.#chunks.push(chunk)
    this.#waiting += chunk.length
    if (this.#waiting > READ_AHEAD) this.#socket.pause()
  }
  readonly #onDrain = (): void => this.#wakeDrainers(true)
  readonly #onEnd = (): void => this.#end()

  #end(): void {
    this.#ended = true
    if (this.#reader !== null) this.#deliver(null)
    if (this.#socket.destroyed || this.#socket.errored !== null) this.#wakeDrainers(false)
  }

  #deliver(chunk: Uint8Array | null): void {
    const reader = this.#reader
    this.#reader = null
    reader?.(chunk)
  }

  #shift(): Buffer | null {
    const chunk = this.#chunks.shift() ?? null
    if (chunk !== null) {
      this.#waiting -= chunk.length
      if (this.#socket.isPaused() && this.#waiting <= READ_AHEAD) this.#socket.resume()
    }
    return chunk
  }

  #wakeDrainers(open: boolean): void {
    const drainers = this.#drainers
    this.#drainers = []
    for (const resolve of drainers) resolve(open)
  }
}

/** Null: the handshake is done. What the client sends behind it stays to be read. */
async function handshakeFailure(secure: TLSSocket): Promise<string | null> {
  const watch = (): void => undefined
  // Without a reader Node would not notice that a client has closed its side: half-open sockets do not close by themselves.
  secure.on('readable', watch)
  const failure = await new Promise<string | null>(resolve => {
    const tell = (error: Error): void => resolve(errnoText(error))
    secure.once('secure', () => resolve(null))
    secure.once('error', tell)
    // Before the handshake is done Node tells errors only by this event.
    secure.once('_tlsError', tell)
    secure.once('end', () => resolve('lost connection'))
    secure.once('close', () => resolve('lost connection'))
  })
  secure.off('readable', watch)
  secure.removeAllListeners('error')
  return failure
}

/** An accepted socket as the SMTP server takes it. Unix-domain clients have no address; Postfix calls them "localhost". */
export function acceptedConnection(socket: Socket): {
  readonly stream: ByteStream
  readonly client: { readonly address: string; readonly port: number | null }
  readonly server: { readonly address: string; readonly port: number | null }
} {
  return {
    client: { address: socket.remoteAddress ?? '127.0.0.1', port: socket.remotePort ?? null },
    server: { address: socket.localAddress ?? '127.0.0.1', port: socket.localPort ?? null },
    stream: new SocketStream(socket),
  }
}
