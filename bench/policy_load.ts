/**
 * The client side of bench/policy.ts, in a process of its own: asks a policy server for greylisting and prints what it took, as JSON.
 *
 *   node bench/policy_load.ts PORT CONNECTIONS SECONDS RATE KNOWN FIRST
 *
 * RATE 0: each connection asks again as soon as it is answered; else so many requests a second in all. Every other request is
 * about one of KNOWN triplets (of none: one of those asked before), the rest about new ones from number FIRST on.
 */
import net from 'node:net'

export interface LoadResult {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly worstMs: number
  /** The first answer, to see that the server does what is measured. */
  readonly answer: string
}

/** A triplet as real mail has them, by its number. */
export function tripletOf(i: number): {
  readonly address: string
  readonly sender: string
  readonly recipient: string
} {
  return {
    address: `${20 + (i % 180)}.${(i >>> 8) & 255}.${(i >>> 3) & 255}.${i & 255}`,
    sender: `newsletter-x${i.toString(36)}@sender${i % 997}.example`,
    recipient: `user${i % 499}@example.org`,
  }
}

/** What smtpd 3.7 sends. */
function request(i: number): string {
  const { address, sender, recipient } = tripletOf(i)
  return `request=smtpd_access_policy
protocol_state=RCPT
protocol_name=ESMTP
client_address=${address}
client_name=unknown
client_port=43210
reverse_client_name=unknown
server_address=192.0.2.25
server_port=25
helo_name=mail.sender.example
sender=${sender}
recipient=${recipient}
recipient_count=0
queue_id=
instance=${i.toString(16)}.65f0a1b2.c3d4e.0
size=20480
etrn_domain=
stress=
sasl_method=
sasl_username=
sasl_sender=
ccert_subject=
ccert_issuer=
ccert_fingerprint=
ccert_pubkey_fingerprint=
encryption_protocol=TLSv1.3
encryption_cipher=TLS_AES_256_GCM_SHA384
encryption_keysize=256
policy_context=

`
}

interface Line {
  readonly socket: net.Socket
  /** When its question was due. */
  since: number
}

class Load {
  readonly #known: number
  readonly #first: number
  #next: number
  #asked = 0
  #random = 12_345
  #paced: boolean
  #running = false
  readonly #lines: Line[] = []
  readonly #idle: Line[] = []
  /** Times of questions that no connection was free for. */
  readonly #due: number[] = []
  readonly #took: number[] = []
  #answer = ''

  constructor(options: { readonly known: number; readonly first: number; readonly paced: boolean }) {
    this.#known = options.known
    this.#first = options.first
    this.#next = options.first
    this.#paced = options.paced
  }

  async connect(port: number): Promise<void> {
    const buffer = Buffer.alloc(65_536)
    const take = (count: number): boolean => {
      if (this.#answer === '') this.#answer = buffer.toString('latin1', 0, count).trim()
      // One question at a time, so what ends with an empty line is the whole answer.
      if (buffer[count - 1] === 10 && (count < 2 || buffer[count - 2] === 10)) this.#answered(line)
      return true
    }
    const socket = net.connect({ port, host: '127.0.0.1', onread: { buffer, callback: take } })
    const line: Line = { socket, since: 0 }
    socket.setNoDelay(true)
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    this.#lines.push(line)
  }

  /** Everybody asks all the time. */
  async flatOut(seconds: number): Promise<LoadResult> {
    const begun = performance.now()
    this.#running = true
    for (const line of this.#lines) this.#ask(line, begun)
    await new Promise(resolve => setTimeout(resolve, seconds * 1000))
    return this.#result(begun)
  }

  /** Latencies count from when a question could have been asked: where no connection was free, from when it was due. */
  async paced(seconds: number, rate: number): Promise<LoadResult> {
    const begun = performance.now()
    this.#running = true
    this.#idle.push(...this.#lines)
    for (let sent = 0; performance.now() - begun < seconds * 1000; ) {
      for (; sent < ((performance.now() - begun) / 1000) * rate; sent++) {
        const at = performance.now()
        const line = this.#idle.shift()
        if (line === undefined) this.#due.push(at)
        else this.#ask(line, at)
      }
      // Not busily: the servers have the other processor, if there is one.
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    return this.#result(begun)
  }

  #result(begun: number): LoadResult {
    this.#running = false
    const seconds = (performance.now() - begun) / 1000
    const took = this.#took.toSorted((a, b) => a - b)
    const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN
    for (const { socket } of this.#lines) socket.destroy()
    return {
      requests: took.length,
      perSecond: took.length / seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      worstMs: at(1),
      answer: this.#answer,
    }
  }

  #ask(line: Line, since: number): void {
    line.since = since
    this.#asked++
    line.socket.write(request(this.#pick()), 'latin1')
  }

  #pick(): number {
    const asked = this.#next - this.#first
    if (this.#asked % 2 === 1 || this.#known + asked === 0) return this.#next++
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) >>> 0
    return this.#known > 0 ? this.#random % this.#known : this.#first + (this.#random % asked)
  }

  #answered(line: Line): void {
    const now = performance.now()
    this.#took.push(now - line.since)
    if (!this.#running) return
    const due = this.#paced ? this.#due.shift() : now
    if (due === undefined) this.#idle.push(line)
    else this.#ask(line, due)
  }
}

if (process.argv[1]?.endsWith('policy_load.ts') === true) {
  const [port = 0, connections = 1, seconds = 1, rate = 0, known = 0, first = 0] = process.argv.slice(2).map(Number)
  const load = new Load({ known, first, paced: rate > 0 })
  for (let i = 0; i < connections; i++) await load.connect(port)
  const result = rate > 0 ? await load.paced(seconds, rate) : await load.flatOut(seconds)
  process.stdout.write(`${JSON.stringify(result)}\n`)
}
