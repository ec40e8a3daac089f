import { createSocket, type Socket } from 'node:dgram'
import { createServer, type Server, type Socket as Stream } from 'node:net'
import { type Clock, systemClock } from '../util/clock.ts'
import { type DnsMessage, decodeMessage, HEADER_BYTES, TYPE_CODE } from './codec.ts'
import { FixtureZone, type Zone, type ZoneNode } from './fixture_zone.ts'
import { isWithin } from './name.ts'

/** A name server over UDP and TCP for tests, benchmarks and the demo: answers from a zone, late if told so, and counts. */
export interface FixtureOptions {
  /** Milliseconds before each answer. */
  readonly delay?: number
  /** The same for names within a zone; the closest counts. */
  readonly delays?: Readonly<Record<string, number>>
  readonly clock?: Clock
  /** Keep the order of the questions in `log`; counts are kept always. */
  readonly keepLog?: boolean
  /** The last word on what goes out over UDP, to play a server that is broken or hostile. */
  readonly mangle?: (reply: Buffer, query: Buffer) => readonly Buffer[]
}

const TYPE_NAME = new Map<number, string>(Object.entries(TYPE_CODE).map(([name, code]) => [code, name]))
const TYPE_OPT = 41
/** RFC 1035 4.2.1 */
const PLAIN_UDP_BYTES = 512
const RECEIVE_BUFFER_BYTES = 1 << 20
const LOG_LIMIT = 200_000
const MAX_PORT_TRIES = 20
/** Questions over one TCP connection that wait for more octets, at most. */
const MAX_TCP_BACKLOG_BYTES = 1 << 20

export class FixtureDns {
  delay: number
  delays: Readonly<Record<string, number>>
  mangle: (reply: Buffer, query: Buffer) => readonly Buffer[]
  /** Questions so far, by "name/TYPE". */
  readonly counts = new Map<string, number>()
  readonly log: string[] = []
  private readonly zone: FixtureZone
  private readonly clock: Clock
  private readonly keepLog: boolean
  private readonly sockets: (Socket | Server)[] = []
  private readonly streams = new Set<Stream>()
  private closed = false

  constructor(zone: Zone, options: FixtureOptions = {}) {
    this.zone = new FixtureZone(zone)
    this.delay = options.delay ?? 0
    this.delays = options.delays ?? {}
    this.clock = options.clock ?? systemClock
    this.keepLog = options.keepLog ?? true
    this.mangle = options.mangle ?? (reply => [reply])
  }

  /** Puts a node in or takes it out while running. */
  set(owner: string, node: ZoneNode | null): void {
    this.zone.set(owner, node)
  }

  /** Listens for UDP and TCP on one port, which it gives back; port 0 takes a free one. */
  async listen(host: string, port: number): Promise<number> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.listenOnce(host, port)
      } catch (error) {
        // A port that is free for UDP need not be for TCP.
        if (port !== 0 || tries === MAX_PORT_TRIES) throw error
      }
    }
  }

  private async listenOnce(host: string, port: number): Promise<number> {
    const udp = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES })
    udp.on('message', (query, from) => {
      this.answer(query, PLAIN_UDP_BYTES, reply => {
        if (this.closed) return
        for (const packet of this.mangle(reply, query)) udp.send(packet, from.port, from.address, () => {})
      })
    })
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject)
      udp.bind(port, host, resolve)
    })
    // Once it listens, only a client that is gone can cause an error (ICMP): not ours to care about.
    udp.on('error', () => {})
    const bound = udp.address().port
    const tcp = createServer(stream => this.serveStream(stream))
    try {
      await new Promise<void>((resolve, reject) => {
        tcp.once('error', reject)
        tcp.listen(bound, host, resolve)
      })
    } catch (error) {
      udp.close()
      throw error
    }
    this.sockets.push(udp, tcp)
    return bound
  }

  reset(): void {
    this.counts.clear()
    this.log.length = 0
  }

  /** Number of questions for a name and type, or of all. */
  count(name?: string, type?: string): number {
    if (name !== undefined) return this.counts.get(`${name}/${type}`) ?? 0
    let sum = 0
    for (const count of this.counts.values()) sum += count
    return sum
  }

  close(): void {
    this.closed = true
    for (const socket of this.sockets.splice(0)) socket.close()
    for (const stream of this.streams) stream.destroy()
  }

  private serveStream(stream: Stream): void {
    let rest = Buffer.alloc(0)
    this.streams.add(stream)
    stream.on('close', () => this.streams.delete(stream))
    stream.on('error', () => stream.destroy())
    stream.on('data', chunk => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        const query = rest.subarray(2, 2 + rest.readUInt16BE(0))
        rest = rest.subarray(2 + query.length)
        this.answer(query, null, reply => {
          const length = Buffer.alloc(2)
          length.writeUInt16BE(reply.length)
          if (!stream.destroyed) stream.write(Buffer.concat([length, reply]))
        })
      }
      if (rest.length > MAX_TCP_BACKLOG_BYTES) stream.destroy()
    })
  }

  /** `limit`: octets of a reply without EDNS; null: any (TCP). */
  private answer(query: Buffer, limit: number | null, send: (reply: Buffer) => void): void {
    const asked = readQuery(query)
    if (asked === null) return
    const key = `${asked.name}/${asked.type}`
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
    if (this.keepLog && this.log.push(key) > LOG_LIMIT) this.log.splice(0, LOG_LIMIT / 2)
    const reply = this.reply(query, asked, limit)
    if (reply === null) return
    const delay = this.delayOf(asked.name)
    if (delay > 0) this.clock.after(delay, () => send(reply))
    else send(reply)
  }

  private delayOf(name: string): number {
    let best = { zone: '', delay: this.delay }
    for (const [zone, delay] of Object.entries(this.delays)) {
      if (isWithin(name, zone) && zone.length > best.zone.length) best = { zone, delay }
    }
    return best.delay
  }

  private reply(query: Buffer, asked: AskedOf, limit: number | null): Buffer | null {
    const answer = this.zone.answer(asked.name, asked.type)
    if (answer.kind === 'silence') return null
    const authority = answer.negative ? [this.zone.startOfAuthority(asked.name)] : []
    const whole = assemble(query, asked, { rcode: answer.rcode, answers: answer.answers, authority, truncated: false })
    const room = limit === null ? null : Math.max(limit, asked.payload ?? 0)
    if (room === null || whole.length <= room) return whole
    return assemble(query, asked, { rcode: answer.rcode, answers: [], authority: [], truncated: true })
  }
}

interface AskedOf {
  /** Lower case, no trailing dot. */
  readonly name: string
  readonly type: string
  readonly questionEnd: number
  /** Octets that the client takes over UDP; null without EDNS. */
  readonly payload: number | null
}

interface ReplyParts {
  readonly rcode: number
  readonly answers: readonly Uint8Array[]
  readonly authority: readonly Uint8Array[]
  readonly truncated: boolean
}

function assemble(query: Buffer, asked: AskedOf, parts: ReplyParts): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  query.copy(header, 0, 0, 2)
  // Response, authoritative, recursion available; RD is repeated.
  const flags = 0x8480 | (query.readUInt16BE(2) & 0x0100) | (parts.truncated ? 0x0200 : 0) | parts.rcode
  header.writeUInt16BE(flags, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(parts.answers.length, 6)
  header.writeUInt16BE(parts.authority.length, 8)
  header.writeUInt16BE(asked.payload === null ? 0 : 1, 10)
  const opt = asked.payload === null ? [] : [Buffer.from([0, 0, TYPE_OPT, 0x04, 0xd0, 0, 0, 0, 0, 0, 0])]
  return Buffer.concat([
    header,
    query.subarray(HEADER_BYTES, asked.questionEnd),
    ...parts.answers,
    ...parts.authority,
    ...opt,
  ])
}

/** Null: not a query that deserves an answer. */
function readQuery(query: Buffer): AskedOf | null {
  const message = decodeOrNull(query)
  const question = message?.questions[0]
  if (message === null || question === undefined || message.isResponse) return null
  // Names in queries are not compressed: the question ends after the root's zero, type and class.
  let end = HEADER_BYTES
  while ((query[end] ?? 0) !== 0) end += 1 + (query[end] ?? 0)
  end += 5
  const hasOpt = query.readUInt16BE(10) === 1 && query.length >= end + 11 && query.readUInt16BE(end + 1) === TYPE_OPT
  const payload = hasOpt ? query.readUInt16BE(end + 3) : null
  return {
    name: question.name,
    type: TYPE_NAME.get(question.type) ?? `TYPE${question.type}`,
    questionEnd: end,
    payload,
  }
}

function decodeOrNull(packet: Buffer): DnsMessage | null {
  try {
    return decodeMessage(packet)
  } catch {
    return null
  }
}
