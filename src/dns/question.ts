import type { Clock, Timer } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import { readAnswer, type Said } from './answer.ts'
import {
  DnsFormatError,
  type DnsMessage,
  decodeMessage,
  encodeQuery,
  foldByte,
  HEADER_BYTES,
  matchResponse,
  RCODE,
  rcodeName,
} from './codec.ts'
import type { NameServer } from './name_server.ts'
import type { DnsType } from './resolver.ts'
import { askTcp, type TcpAnswer } from './tcp_ask.ts'

export interface Asked {
  readonly name: string
  readonly wire: Uint8Array
  readonly type: DnsType
}

export interface HowToAsk {
  /** One per try, in order. */
  readonly servers: readonly NameServer[]
  readonly tryMs: number
  readonly deadlineMs: number
  readonly clock: Clock
  readonly random: Random
  readonly mixCase: boolean
}

/** A server that has said nothing for so long is asked whether it is there at all. */
const SUSPECT_MS = 1000

/**
 * One question on its way: sent to one server after the other until one says found or absent, the tries are used up or the
 * time is over. A try that timed out stays open, since its answer may be late and still be the first.
 */
export class Question {
  private readonly asked: Asked
  private readonly how: HowToAsk
  private readonly done: (said: Said) => void
  private readonly deadline: number
  private next = 0
  private reason = 'timeout'
  /** Servers that gave an error: the same question again would get the same. */
  private readonly refusedBy = new Set<NameServer>()
  private readonly cleanups = new Set<() => void>()
  private timer: Timer | null = null
  private ended = false

  constructor(asked: Asked, how: HowToAsk, done: (said: Said) => void) {
    this.asked = asked
    this.how = how
    this.done = done
    this.deadline = how.clock.monotonic() + how.deadlineMs
  }

  start(): void {
    this.tryNext()
  }

  end(said: Said): void {
    if (this.ended) return
    this.ended = true
    this.timer?.cancel()
    for (const cleanup of this.cleanups) cleanup()
    this.cleanups.clear()
    this.done(said)
  }

  private tryNext(): void {
    if (this.ended) return
    this.timer?.cancel()
    let server = this.how.servers[this.next++]
    while (server !== undefined && this.refusedBy.has(server)) server = this.how.servers[this.next++]
    if (server === undefined || this.how.clock.monotonic() >= this.deadline)
      this.end({ status: 'failed', reason: this.reason })
    else this.askUdp(server)
  }

  private askUdp(server: NameServer): void {
    // A datagram that got lost should not cost the whole try: it goes out once more when the server is suspected.
    this.startTimer(server, () => this.send(server))
    this.send(server)
  }

  private send(server: NameServer): void {
    const { asked, how } = this
    const sentAt = how.clock.monotonic()
    const edns = server.takesEdns
    const query = encodeQuery(how.mixCase ? respell(asked.wire, how.random) : asked.wire, asked.type, edns)
    const cleanup = server.pool.send(query, {
      receive: packet => {
        const match = matchResponse(packet, query, asked.wire.length)
        if (match === 'other') return false
        this.cleanups.delete(cleanup)
        server.heard(sentAt)
        if (match === 'truncated' || (match === 'respelt' && how.mixCase)) this.askTcp(server, edns)
        else this.take(server, packet, edns)
        return true
      },
      fail: error => {
        this.cleanups.delete(cleanup)
        server.unreachable()
        this.moveOn(server, error.message)
      },
    })
    this.cleanups.add(cleanup)
  }

  /** Half the protection of a random id and port is not needed here: the connection itself is the proof. */
  private askTcp(server: NameServer, edns: boolean): void {
    const { asked, how } = this
    const query = encodeQuery(asked.wire, asked.type, edns)
    query.set(how.random.bytes(2), 0)
    const sentAt = how.clock.monotonic()
    this.startTimer(server, () => {})
    const cleanup = askTcp(server.address, query, answer => {
      this.cleanups.delete(cleanup)
      this.takeTcp(server, { query, edns, answer, sentAt })
    })
    this.cleanups.add(cleanup)
  }

  private takeTcp(
    server: NameServer,
    { query, edns, answer, sentAt }: { query: Uint8Array; edns: boolean; answer: TcpAnswer; sentAt: number },
  ): void {
    if (!answer.ok) {
      this.moveOn(server, `no answer over TCP (${answer.reason})`)
      return
    }
    server.heard(sentAt)
    const { packet } = answer
    const sameId = packet[0] === query[0] && packet[1] === query[1]
    const match = sameId ? matchResponse(packet, query, this.asked.wire.length) : 'other'
    if (match === 'other' || match === 'truncated') this.moveOn(server, 'unusable answer over TCP')
    else this.take(server, packet, edns)
  }

  private take(server: NameServer, packet: Buffer, edns: boolean): void {
    if (this.ended) return
    // Names may point into the question: give it back the spelling that was asked for.
    if (this.how.mixCase && packet.length >= HEADER_BYTES + this.asked.wire.length)
      packet.set(this.asked.wire, HEADER_BYTES)
    const message = decodeOrNull(packet)
    if (message === null) {
      this.moveOn(server, 'malformed answer')
    } else if (message.rcode === RCODE.FORMERR && edns) {
      // RFC 6891 7: it may be the OPT record that it does not know; the same server once more without.
      server.refuseEdns()
      this.askUdp(server)
    } else if (message.rcode !== RCODE.NOERROR && message.rcode !== RCODE.NXDOMAIN) {
      this.moveOn(server, rcodeName(message.rcode))
    } else if (isLame(message)) {
      this.moveOn(server, 'server does not resolve names for us')
    } else {
      this.end(readAnswer(message, this.asked.name, this.asked.type))
    }
  }

  private moveOn(server: NameServer, reason: string): void {
    if (this.ended) return
    this.reason = `${reason} from ${server.name}`
    this.refusedBy.add(server)
    this.tryNext()
  }

  /** In two parts, so that a server that is gone is found out before the try is over; `again` is called in between. */
  private startTimer(server: NameServer, again: () => void): void {
    const { clock, tryMs } = this.how
    const sentAt = clock.monotonic()
    const wholeMs = Math.min(tryMs, this.deadline - sentAt)
    const timeOut = (): void => {
      server.timeouts++
      server.suspect(sentAt)
      this.reason = `timeout from ${server.name}`
      this.tryNext()
    }
    this.timer?.cancel()
    if (wholeMs <= SUSPECT_MS) {
      this.timer = clock.after(wholeMs, timeOut)
      return
    }
    this.timer = clock.after(SUSPECT_MS, () => {
      server.suspect(sentAt)
      this.timer = clock.after(wholeMs - SUSPECT_MS, timeOut)
      again()
    })
  }
}

/** A name server that neither owns the name nor asks others: glibc passes on to the next one as well. */
function isLame(message: DnsMessage): boolean {
  const empty = message.answers.length === 0 && message.rcode === RCODE.NOERROR
  return empty && !message.authoritative && !message.recursionAvailable
}

function decodeOrNull(packet: Uint8Array): DnsMessage | null {
  try {
    return decodeMessage(packet)
  } catch (error) {
    if (error instanceof DnsFormatError) return null
    throw error
  }
}

function respell(wire: Uint8Array, random: Random): Uint8Array {
  const coins = random.bytes(wire.length)
  return wire.map((byte, at) => {
    const lower = foldByte(byte)
    return lower >= 0x61 && lower <= 0x7a && ((coins[at] ?? 0) & 1) === 1 ? lower & 0xdf : byte
  })
}
