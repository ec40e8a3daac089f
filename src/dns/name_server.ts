import type { Clock, Timer } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import { encodeQuery } from './codec.ts'
import { formatServerAddress, type ServerAddress } from './server_address.ts'
import { makeUdpPool, type UdpPool } from './udp_pool.ts'

/** How long a probe may take, at least; twice the slowest answer of late where that is longer. */
const PROBE_MS = 1000
/** Rests between probes of a server that is gone, growing up to the last. */
const PROBE_RESTS_MS: readonly number[] = [500, 1000, 2000, 4000, 8000, 15_000]
/** How fast the memory of a slow answer fades, per answer. */
const SLOWNESS_KEPT = 0.95
/** RFC 6891 7: a server without EDNS may learn it. */
const NO_EDNS_MS = 600_000

export interface ServerStats {
  readonly server: string
  readonly state: 'alive' | 'gone'
  readonly answers: number
  readonly timeouts: number
  /** Slowest answer of late, milliseconds. */
  readonly slowMs: number
}

/**
 * One name server and whether it is there. A question without an answer says nothing by itself (the domain's own servers
 * may be slow), so it only raises a suspicion: then the server is asked for the root, which every resolver knows. It is
 * gone when that stays unanswered too, and back with the first thing that is heard from it.
 */
export class NameServer {
  readonly name: string
  readonly address: ServerAddress
  readonly pool: UdpPool
  answers = 0
  timeouts = 0
  private readonly clock: Clock
  private heardAt = Number.NEGATIVE_INFINITY
  private slow = 0
  private isGone = false
  private ednsRefusedUntil = Number.NEGATIVE_INFINITY
  private probe: { timer: Timer; end: () => void } | null = null
  private failedProbes = 0

  constructor(address: ServerAddress, tools: { readonly clock: Clock; readonly random: Random }) {
    this.address = address
    this.name = formatServerAddress(address)
    this.clock = tools.clock
    this.pool = makeUdpPool(address, tools)
  }

  get gone(): boolean {
    return this.isGone
  }

  get slowMs(): number {
    return this.slow
  }

  /** RFC 6891 6.2.2: a server that answers FORMERR to an OPT record gets none for a while. */
  get takesEdns(): boolean {
    return this.clock.monotonic() >= this.ednsRefusedUntil
  }

  refuseEdns(): void {
    this.ednsRefusedUntil = this.clock.monotonic() + NO_EDNS_MS
  }

  heard(sentAt: number): void {
    const now = this.clock.monotonic()
    this.answers++
    this.heardAt = now
    this.slow = Math.max(this.slow * SLOWNESS_KEPT, now - sentAt)
    this.isGone = false
    this.failedProbes = 0
    this.endProbe()
  }

  /** A question sent at `sentAt` has no answer yet. */
  suspect(sentAt: number): void {
    if (this.probe === null && this.heardAt < sentAt) this.startProbe()
  }

  /** The system itself says that nobody listens there. */
  unreachable(): void {
    this.endProbe()
    this.setGone()
  }

  stats(): ServerStats {
    const state = this.isGone ? 'gone' : 'alive'
    return { server: this.name, state, answers: this.answers, timeouts: this.timeouts, slowMs: Math.round(this.slow) }
  }

  close(): void {
    this.endProbe()
    this.pool.close()
  }

  private startProbe(): void {
    const sentAt = this.clock.monotonic()
    const end = this.pool.send(encodeQuery(new Uint8Array(1), 'NS', false), {
      receive: packet => {
        // Any answer will do, an error as well.
        if (((packet[2] ?? 0) & 0x80) === 0) return false
        this.heard(sentAt)
        return true
      },
      fail: () => this.unreachable(),
    })
    const timer = this.clock.after(Math.max(PROBE_MS, 2 * this.slow), () => {
      end()
      this.setGone()
    })
    this.probe = { timer, end }
  }

  private setGone(): void {
    this.isGone = true
    const rest = PROBE_RESTS_MS[Math.min(this.failedProbes, PROBE_RESTS_MS.length - 1)] ?? PROBE_MS
    this.failedProbes++
    this.probe = { timer: this.clock.after(rest, () => this.startProbe()), end: () => {} }
  }

  private endProbe(): void {
    this.probe?.timer.cancel()
    this.probe?.end()
    this.probe = null
  }
}
