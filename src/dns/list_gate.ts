import type { Clock, Timer } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import type { DnsAnswer, Resolver } from './resolver.ts'

export interface GateOptions {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly random: Random
  /** Told when the gate closes (with the failure) and when it opens. */
  readonly onChange: (closed: boolean, reason: string) => void
}

const FAILED_NAMES = 3
const PROBE_RESTS_MS: readonly number[] = [5000, 10_000, 20_000, 40_000, 60_000]

/**
 * Keeps a dead DNS list from costing every session its time. When different names of a list fail one after the other, the
 * list is asked for a random name (one that no memory can answer); if that fails too, the gate closes and the list's
 * questions fail at once, until such a probe is answered.
 */
export class ListGate {
  private readonly zone: string
  private readonly options: GateOptions
  /** Names that failed since the last answer. */
  private readonly failed = new Set<string>()
  private closed = false
  private probing = false
  private probes = 0
  private timer: Timer | null = null
  private reason = ''
  private stopped = false

  constructor(zone: string, options: GateOptions) {
    this.zone = zone
    this.options = options
  }

  get isClosed(): boolean {
    return this.closed
  }

  /** Asks the list, or says at once why not. */
  async ask(resolver: Resolver, name: string, type: Parameters<Resolver['query']>[1]): Promise<DnsAnswer> {
    if (this.closed) return { status: 'failed', reason: this.reason }
    const answer = await resolver.query(name, type)
    this.note(name, answer)
    return answer
  }

  stop(): void {
    this.timer?.cancel()
    this.stopped = true
    this.closed = false
  }

  private note(name: string, answer: DnsAnswer): void {
    if (answer.status !== 'failed') {
      this.failed.clear()
      return
    }
    this.failed.add(name)
    // Single entries of a list may be broken for ever; three in a row without any answer are the list's fault.
    if (this.failed.size >= FAILED_NAMES && !this.stopped && !this.probing && !this.closed) void this.probe()
  }

  private async probe(): Promise<void> {
    this.probing = true
    const { resolver, random, clock, onChange } = this.options
    const label = Buffer.from(random.bytes(8)).toString('hex')
    const answer = await resolver.query(`${label}.${this.zone}`, 'A')
    this.probing = false
    if (this.stopped) return
    if (answer.status !== 'failed') {
      this.failed.clear()
      this.probes = 0
      if (this.closed) onChange(false, '')
      this.closed = false
      return
    }
    this.reason = `list does not answer (${answer.reason})`
    if (!this.closed) onChange(true, answer.reason)
    this.closed = true
    const rest = PROBE_RESTS_MS[Math.min(this.probes, PROBE_RESTS_MS.length - 1)] ?? 60_000
    this.probes++
    this.timer = clock.after(rest, () => void this.probe())
  }
}
