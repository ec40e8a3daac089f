import net from 'node:net'

/** One message as it reached the next hop. */
export interface ReceivedMail {
  readonly sender: string
  readonly recipients: readonly string[]
  /** As sent, dots unstuffed, without the final dot. */
  readonly content: string
}

/** What the sink says instead of 250: by the local part in RCPT TO, or in MAIL FROM. */
export type SinkScript = Readonly<Record<string, string>>

/**
 * The next hop of tests: an SMTP server that keeps what it gets, refuses whom its script names, and is asked in address probes
 * (a MAIL and RCPT without DATA).
 */
export class SinkServer {
  readonly #script: SinkScript
  readonly #connections = new Set<net.Socket>()
  #server: net.Server | null = null
  readonly received: ReceivedMail[] = []
  /** RCPT commands so far: what address probes cost. */
  probes = 0

  constructor(script: SinkScript) {
    this.#script = script
  }

  listen(address: string, port: number): Promise<void> {
    const server = net.createServer(socket => this.#serve(socket))
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, address, resolve)
    })
  }

  close(): void {
    for (const socket of this.#connections) socket.destroy()
    this.#server?.close()
  }

  #serve(socket: net.Socket): void {
    const session = new SinkSession(this)
    let text = ''
    this.#connections.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#connections.delete(socket))
    socket.on('data', bytes => {
      text += bytes.toString('latin1')
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line = text.slice(0, end).replace(/\r$/, '')
        text = text.slice(end + 1)
        const reply = session.line(line)
        if (reply !== null) socket.write(reply + '\r\n')
        if (/^QUIT$/i.test(line) && !session.inData) socket.end()
      }
    })
    socket.write('220 sink.example ESMTP\r\n')
  }

  scripted(address: string): string | null {
    const localPart = address.split('@')[0] ?? ''
    return Object.hasOwn(this.#script, localPart) ? (this.#script[localPart] ?? null) : null
  }
}

class SinkSession {
  readonly #sink: SinkServer
  #sender = ''
  #recipients: string[] = []
  #content: string[] | null = null

  constructor(sink: SinkServer) {
    this.#sink = sink
  }

  get inData(): boolean {
    return this.#content !== null
  }

  line(line: string): string | null {
    if (this.#content) return this.#contentLine(line, this.#content)
    const address = /<([^>]*)>/.exec(line)?.[1] ?? ''
    const verb = line.slice(0, 4).toUpperCase()
    switch (verb) {
      case 'EHLO':
        return '250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 DSN'
      case 'MAIL':
        this.#sender = address
        this.#recipients = []
        return this.#sink.scripted(`mail-${address}`) ?? '250 2.1.0 Ok'
      case 'RCPT': {
        this.#sink.probes++
        const refusal = this.#sink.scripted(address)
        if (refusal === null) this.#recipients.push(address)
        return refusal ?? '250 2.1.5 Ok'
      }
      case 'DATA':
        if (this.#recipients.length === 0) return '554 5.5.1 Error: no valid recipients'
        this.#content = []
        return '354 End data with <CR><LF>.<CR><LF>'
      case 'QUIT':
        return '221 2.0.0 Bye'
      default:
        return '250 2.0.0 Ok'
    }
  }

  #contentLine(line: string, content: string[]): string | null {
    if (line !== '.') {
      content.push(line.startsWith('.') ? line.slice(1) : line)
      return null
    }
    this.#content = null
    this.#sink.received.push({ sender: this.#sender, recipients: this.#recipients, content: content.join('\r\n') })
    return '250 2.0.0 Ok: queued as SINK'
  }
}
