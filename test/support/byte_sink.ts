import { createHash } from 'node:crypto'
import net from 'node:net'

const LF = 10
const DOT = 46
const EHLO = '250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 1000000000\r\n'

/** A message as the next hop got it, dots unstuffed. */
export interface SunkMessage {
  readonly sender: string
  readonly recipients: readonly string[]
  /** All of it, or the header alone where the sink keeps no bodies. */
  readonly bytes: Buffer
  readonly size: number
  /** Of what comes behind the first empty line, hexadecimal. */
  readonly bodySha256: string
}

/** A next hop that is quick and loses no byte; it can hash bodies instead of keeping them. */
export class ByteSink {
  readonly messages: SunkMessage[] = []
  readonly #keep: boolean
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  constructor({ keep }: { readonly keep: boolean }) {
    this.#keep = keep
    this.#server = net.createServer({ noDelay: true }, socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
      const session = new SinkSession(this.#keep, message => this.messages.push(message))
      socket.on('data', bytes => {
        const said = session.take(bytes)
        if (said !== '') socket.write(said)
      })
      socket.write('220 sink.example ESMTP\r\n')
    })
  }

  /** Gives the port. */
  listen(host = '127.0.0.1', port = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

class SinkSession {
  readonly #keep: boolean
  readonly #done: (message: SunkMessage) => void
  #rest: Buffer = Buffer.alloc(0)
  #sender = ''
  #recipients: string[] = []
  #inData = false
  #inBody = false
  #kept: Buffer[] = []
  #size = 0
  #hash = createHash('sha256')

  constructor(keep: boolean, done: (message: SunkMessage) => void) {
    this.#keep = keep
    this.#done = done
  }

  take(bytes: Buffer): string {
    const text = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let from = 0
    let said = ''
    for (let end = text.indexOf(LF, from); end >= 0; end = text.indexOf(LF, from)) {
      const line = text.subarray(from, end + 1)
      said += this.#inData ? this.#content(line) : this.#command(line.toString('latin1').trim())
      from = end + 1
    }
    this.#rest = Buffer.from(text.subarray(from))
    return said
  }

  #command(line: string): string {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO') return EHLO
    if (verb === 'MAIL') {
      this.#sender = /<(.*)>/.exec(line)?.[1] ?? ''
      this.#recipients = []
    }
    if (verb === 'RCPT') this.#recipients.push(/<(.*)>/.exec(line)?.[1] ?? '')
    if (verb !== 'DATA') return verb === 'QUIT' ? '221 2.0.0 Bye\r\n' : '250 2.0.0 Ok\r\n'
    this.#inData = true
    this.#kept = []
    this.#inBody = false
    this.#size = 0
    this.#hash = createHash('sha256')
    return '354 go\r\n'
  }

  #content(line: Buffer): string {
    if (line.length === 3 && line[0] === DOT) {
      this.#inData = false
      const bytes = Buffer.concat(this.#kept)
      const envelope = { sender: this.#sender, recipients: this.#recipients }
      this.#done({ ...envelope, bytes, size: this.#size, bodySha256: this.#hash.digest('hex') })
      return '250 2.0.0 Ok: queued as SINK\r\n'
    }
    const plain = line[0] === DOT ? line.subarray(1) : line
    this.#size += plain.length
    if (this.#inBody) this.#hash.update(plain)
    if (!this.#inBody || this.#keep) this.#kept.push(Buffer.from(plain))
    if (plain.length === 2) this.#inBody = true
    return ''
  }
}
