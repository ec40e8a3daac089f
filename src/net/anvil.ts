import type { RateCounters, RateKind } from '../model/rates.ts'
import type { Clock } from '../util/clock.ts'

interface Client {
  connections: number
  /** Start of the time unit. */
  since: number
  readonly rates: Map<RateKind | 'connection', number>
}

/** Counts in this process's memory. What is over is forgotten as soon as the client has no connection and its time unit has passed. */
export class LocalRates implements RateCounters {
  private readonly clients = new Map<string, Client>()
  private readonly clock: Clock
  private readonly unitMs: number
  private swept: number

  constructor(clock: Clock, unitMs: number) {
    this.clock = clock
    this.unitMs = unitMs
    this.swept = clock.monotonic()
  }

  async connect(client: string): Promise<{ count: number; rate: number }> {
    this.sweep()
    const entry = this.entry(client)
    entry.connections++
    return { count: entry.connections, rate: increment(entry, 'connection') }
  }

  disconnect(client: string): void {
    const entry = this.clients.get(client)
    if (entry !== undefined && entry.connections > 0) entry.connections--
  }

  async count(client: string, what: RateKind): Promise<number> {
    return increment(this.entry(client), what)
  }

  async current(client: string, what: RateKind): Promise<number> {
    return this.entry(client).rates.get(what) ?? 0
  }

  get size(): number {
    return this.clients.size
  }

  /** Postfix anvil: all rates of a client begin anew once its time unit is over. */
  private entry(client: string): Client {
    const now = this.clock.monotonic()
    let entry = this.clients.get(client)
    if (entry === undefined) {
      entry = { connections: 0, since: now, rates: new Map() }
      this.clients.set(client, entry)
    } else if (now - entry.since > this.unitMs) {
      entry.since = now
      entry.rates.clear()
    }
    return entry
  }

  private sweep(): void {
    const now = this.clock.monotonic()
    if (now - this.swept < this.unitMs) return
    this.swept = now
    for (const [client, entry] of this.clients) {
      if (entry.connections === 0 && now - entry.since > this.unitMs) this.clients.delete(client)
    }
  }
}

function increment(entry: Client, what: RateKind | 'connection'): number {
  const next = (entry.rates.get(what) ?? 0) + 1
  entry.rates.set(what, next)
  return next
}
