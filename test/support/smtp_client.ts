import net from 'node:net'
import tls from 'node:tls'

/** One reply: its lines as they came, without line ends. `[closed]` and `[timeout]` stand for a reply that never came. */
export type ReplyLines = readonly string[]

/** A reply that takes longer than this is a fault of the server: the slowest restriction (a policy timeout) answers in 10 s. */
const REPLY_TIMEOUT_MS = 20_000

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  /** Source address; any of 127/8 on Linux. */
  readonly from: string
}

/** A raw SMTP client: sends what it is told, byte for byte, and hands out replies in the order in which they come. */
export class SmtpClient {
  #socket: net.Socket
  #partial = ''
  #reply: string[] = []
  #replies: string[][] = []
  #closed = false
  #waiters: (() => void)[] = []
  /** Distinct from a reply: what the server sent before the TLS handshake must not count after it. */
  #onData: (bytes: Buffer) => void
  #onEnd: () => void

  constructor(options: ConnectOptions) {
    this.#onData = bytes => this.#take(bytes)
    this.#onEnd = () => this.#end()
    this.#socket = net.connect({ host: options.host, port: options.port, localAddress: options.from, noDelay: true })
    this.#listen()
  }

  get closed(): boolean {
    return this.#closed
  }

  get waiting(): number {
    return this.#replies.length
  }

  write(bytes: Buffer | string): void {
    if (!this.#closed) this.#socket.write(bytes)
  }

  async read(timeoutMs = REPLY_TIMEOUT_MS): Promise<ReplyLines> {
    const until = performance.now() + timeoutMs
    for (;;) {
      const reply = this.#replies.shift()
      if (reply) return reply
      if (this.#closed) return ['[closed]']
      const left = until - performance.now()
      if (left <= 0) return ['[timeout]']
      await this.#change(left)
    }
  }

  /** Every reply that has come, without waiting. */
  drain(): ReplyLines[] {
    return this.#replies.splice(0)
  }

  /** Sends one line and reads one reply. */
  async command(line: string): Promise<string> {
    this.write(line + '\r\n')
    return (await this.read()).join('\n')
  }

  /** Waits until nothing new has come for `quietMs`. */
  async settle(quietMs: number): Promise<void> {
    for (;;) {
      const before = this.#replies.length
      await new Promise(resolve => setTimeout(resolve, quietMs))
      if (this.#replies.length === before || this.#closed) return
    }
  }

  async waitForClose(timeoutMs: number): Promise<boolean> {
    const until = performance.now() + timeoutMs
    while (!this.#closed && performance.now() < until) await this.#change(until - performance.now())
    return this.#closed
  }

  /** TLS handshake on the open connection, as after "220 2.0.0 Ready to start TLS". Answers null or the error's text. */
  startTls(options: tls.ConnectionOptions): Promise<string | null> {
    const plain = this.#socket
    plain.removeAllListeners('data')
    plain.removeAllListeners('end')
    plain.removeAllListeners('close')
    plain.removeAllListeners('error')
    return new Promise(resolve => {
      const secure = tls.connect({ socket: plain, rejectUnauthorized: false, ...options }, () => resolve(null))
      secure.once('error', error => resolve(error.message))
      this.#socket = secure
      this.#listen()
    })
  }

  destroy(): void {
    this.#socket.destroy()
    this.#end()
  }

  /** Half-close: the server sees the end of the stream and may still answer. */
  end(): void {
    this.#socket.end()
  }

  #listen(): void {
    this.#socket.on('data', this.#onData)
    this.#socket.on('end', this.#onEnd)
    this.#socket.on('close', this.#onEnd)
    this.#socket.on('error', this.#onEnd)
  }

  #take(bytes: Buffer): void {
    this.#partial += bytes.toString('latin1')
    for (;;) {
      const end = this.#partial.indexOf('\n')
      if (end < 0) break
      const line = this.#partial.slice(0, end).replace(/\r$/, '')
      this.#partial = this.#partial.slice(end + 1)
      this.#reply.push(line)
      if (/^\d{3}-/.test(line)) continue
      this.#replies.push(this.#reply)
      this.#reply = []
    }
    this.#wake()
  }

  #end(): void {
    if (this.#closed) return
    this.#closed = true
    const rest = [...this.#reply, this.#partial].filter(line => line !== '')
    if (rest.length > 0) this.#replies.push(rest)
    this.#wake()
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter()
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#waiters.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

/** Whether anything listens on a port of 127.0.0.1. */
export function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect({ host: '127.0.0.1', port })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
