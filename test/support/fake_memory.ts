import { ABSENT, failed, found, type Lookup } from '../../src/model/lookup.ts'
import type {
  GreylistAttempt,
  GreylistNoted,
  Memory,
  MemoryEntry,
  MemoryKind,
  MemoryLifetimes,
} from '../../src/model/memory.ts'
import { stepGreylist } from '../../src/store/greylist_step.ts'
import { isExpired } from '../../src/store/lifetime.ts'
import type { Clock } from '../../src/util/clock.ts'

/** A memory in a Map, for unit tests of those who use one. It keeps test/contract/memory_contract.ts. */
export class FakeMemory implements Memory {
  readonly #entries = new Map<string, MemoryEntry>()
  readonly #lifetimes: MemoryLifetimes
  readonly #clock: Clock
  /** Set: every answer is `failed` with this reason. */
  broken: string | null = null

  constructor(lifetimes: MemoryLifetimes, clock: Clock) {
    this.#lifetimes = lifetimes
    this.#clock = clock
  }

  async note(attempt: GreylistAttempt): Promise<Lookup<GreylistNoted>> {
    if (this.broken !== null) return failed(this.broken)
    const { noted, triplet, client } = stepGreylist(
      attempt,
      this.#get('client', attempt.client),
      this.#get('triplet', attempt.triplet),
    )
    if (triplet !== null) this.#set({ kind: 'triplet', key: attempt.triplet, ...triplet })
    if (client !== null) this.#set({ kind: 'client', key: attempt.client, ...client })
    return found(noted)
  }

  async find(kind: MemoryKind, key: string): Promise<Lookup<MemoryEntry>> {
    if (this.broken !== null) return failed(this.broken)
    const entry = this.#get(kind, key)
    return entry === null ? ABSENT : found(entry)
  }

  async touch(kind: MemoryKind, key: string, now: number): Promise<Lookup<MemoryEntry>> {
    if (this.broken !== null) return failed(this.broken)
    const known = this.#get(kind, key)
    const entry = { kind, key, first: known?.first ?? now, last: now, count: (known?.count ?? 0) + 1 }
    this.#set(entry)
    return found(entry)
  }

  async put(entry: MemoryEntry): Promise<Lookup<true>> {
    if (this.broken !== null) return failed(this.broken)
    const known = this.#get(entry.kind, entry.key) ?? entry
    this.#set({
      ...entry,
      first: Math.min(known.first, entry.first),
      last: Math.max(known.last, entry.last),
      count: Math.max(known.count, entry.count),
    })
    return found(true)
  }

  async forget(kind: MemoryKind, key: string): Promise<Lookup<true>> {
    if (this.broken !== null) return failed(this.broken)
    if (this.#get(kind, key) === null) return ABSENT
    this.#entries.delete(`${kind} ${key}`)
    return found(true)
  }

  async *entries(kind: MemoryKind): AsyncIterable<MemoryEntry> {
    for (const entry of [...this.#entries.values()]) {
      if (entry.kind === kind && this.#get(kind, entry.key) !== null) yield entry
    }
  }

  async close(): Promise<void> {}

  #get(kind: MemoryKind, key: string): MemoryEntry | null {
    const entry = this.#entries.get(`${kind} ${key}`)
    if (entry === undefined || isExpired(entry, this.#lifetimes, Math.floor(this.#clock.now() / 1000))) return null
    return entry
  }

  #set(entry: MemoryEntry): void {
    this.#entries.set(`${entry.kind} ${entry.key}`, entry)
  }
}
