import type { Clock } from '../util/clock.ts'
import { type Random, systemRandom } from '../util/random.ts'
import type { Said } from './answer.ts'
import { makeClient, type StubClient } from './client.ts'
import { encodeName, formatName, lowerName } from './name.ts'
import type { ServerStats } from './name_server.ts'
import type { DnsAnswer, DnsRecord, DnsType, Resolver } from './resolver.ts'
import type { ServerAddress } from './server_address.ts'

export interface CacheOptions {
  readonly clock: Clock
  /** Memory for answers; default 32 MiB. */
  readonly cacheBytes?: number
  /** Bounds of the life of an answer, seconds; default 1 and 86,400. */
  readonly minTtl?: number
  readonly maxTtl?: number
  /** RFC 2308 5 recommends one to three hours; default 3600 seconds. */
  readonly maxNegativeTtl?: number
  /** How long after its life an answer may stand in while all name servers are gone, seconds; default 86,400 (RFC 8767 5). */
  readonly maxStale?: number
  /** Told of each question that goes out to a name server: what a list counts against its limit. */
  readonly onQuestion?: (name: string, type: DnsType) => void
}

export interface ResolverOptions extends CacheOptions {
  /** In order of preference. */
  readonly servers: readonly ServerAddress[]
  readonly random?: Random
  /** One server's time for one try, milliseconds; default 5000 (resolv.conf(5) timeout). */
  readonly tryMs?: number
  /** Rounds over the servers; default 2 (resolv.conf(5) attempts). */
  readonly attempts?: number
  /** Time of a whole question, milliseconds; default 10,000. */
  readonly deadlineMs?: number
  readonly rotate?: boolean
  readonly mixCase?: boolean
}

export interface ResolverStats {
  readonly entries: number
  readonly bytes: number
  /** Answered from memory. */
  readonly hits: number
  /** Questions that went out. */
  readonly questions: number
  /** Joined a question already on its way. */
  readonly joined: number
  readonly stale: number
  readonly failed: number
  readonly evicted: number
  readonly servers: readonly ServerStats[]
}

export interface CachingResolver extends Resolver {
  /** Asks a name server even if the answer is remembered; what comes is remembered. */
  refresh(name: string, type: DnsType): Promise<DnsAnswer>
  stats(): ResolverStats
  /** Ends sockets and running questions, which fail. */
  close(): void
}

/** RFC 9520 3.2: failures are kept, the first for a second, then longer, so that a dead domain does not cost each session. */
const FAILURE_LIFE_MS: readonly number[] = [1000, 2000, 4000, 5000]
/** After so long without being asked, a failure is news again. */
const FAILURE_MEMORY_MS = 60_000
/** RFC 2308 5: an absence without SOA is not to be kept; a second joins what one session asks twice. */
const NO_SOA_TTL = 1
/** RFC 8767 4: the life of a stale answer, seconds. */
const STALE_TTL = 30
/** How often a question that takes long looks whether the name servers are gone. */
const STALE_CHECK_MS = 500
/** What the records of map, entry and answer take beside their text; measured roughly, on the high side. */
const ENTRY_BYTES = 400
const RECORD_BYTES = 150

/** Names that have only one text form; of the others the decoder's counts. */
const PLAIN_NAME = /^[!-[\]-~]*[!--/-[\]-~]$/

type Known = Exclude<Said, { readonly status: 'failed' }>

interface Entry {
  readonly bytes: number
  /** Null: nothing was ever learned. */
  readonly known: Known | null
  readonly expiresAt: number
  readonly failure: Failure | null
}

interface Failure {
  readonly reason: string
  readonly count: number
  readonly until: number
}

/** The resolver that everything asks: a stub client with a memory. Its clock and timers are those of `options.clock`. */
export function makeResolver(options: ResolverOptions): CachingResolver {
  const { clock, servers } = options
  if (servers.length === 0) throw new RangeError('Cannot make a resolver: no name server is given')
  const client = makeClient({
    servers,
    clock,
    random: options.random ?? systemRandom,
    tryMs: options.tryMs ?? 5000,
    attempts: options.attempts ?? 2,
    deadlineMs: options.deadlineMs ?? 10_000,
    rotate: options.rotate ?? false,
    mixCase: options.mixCase ?? false,
  })
  return makeCache(client, options)
}

/** The memory alone, over any client. */
export function makeCache(client: StubClient, options: CacheOptions): CachingResolver {
  return new Cache(client, options)
}

/** The memory: by name and type, least recently used first (a Map keeps insertion order). */
class Cache implements CachingResolver {
  private readonly client: StubClient
  private readonly options: CacheOptions
  private readonly clock: Clock
  private readonly maxBytes: number
  private readonly entries = new Map<string, Entry>()
  private readonly running = new Map<string, Promise<DnsAnswer>>()
  private bytes = 0
  private counts = { hits: 0, questions: 0, joined: 0, stale: 0, failed: 0, evicted: 0 }

  constructor(client: StubClient, options: CacheOptions) {
    this.client = client
    this.options = options
    this.clock = options.clock
    this.maxBytes = options.cacheBytes ?? 32 << 20
  }

  query(name: string, type: DnsType): Promise<DnsAnswer> {
    const bare = bareName(name)
    const key = `${type} ${bare}`
    const entry = this.entries.get(key)
    const now = this.clock.monotonic()
    const remembered = entry === undefined ? null : this.recall(entry, now)
    if (entry !== undefined && remembered !== null) {
      this.counts.hits++
      // Put last: used just now.
      this.entries.delete(key)
      this.entries.set(key, entry)
      return Promise.resolve(remembered)
    }
    return this.askOrJoin(key, bare, type)
  }

  refresh(name: string, type: DnsType): Promise<DnsAnswer> {
    const bare = bareName(name)
    return this.askOrJoin(`${type} ${bare}`, bare, type)
  }

  stats(): ResolverStats {
    return { entries: this.entries.size, bytes: this.bytes, ...this.counts, servers: this.client.stats() }
  }

  close(): void {
    this.client.close()
    this.entries.clear()
    this.bytes = 0
  }

  /** What the memory alone can answer; null: ask. */
  private recall(entry: Entry, now: number): DnsAnswer | null {
    if (entry.known !== null && now < entry.expiresAt)
      return fresh(entry.known, Math.ceil((entry.expiresAt - now) / 1000))
    if (entry.failure === null || now >= entry.failure.until) return null
    return this.stale(entry, now) ?? { status: 'failed', reason: entry.failure.reason }
  }

  /** RFC 8767: better old than nothing, but only when nobody can be asked. */
  private stale(entry: Entry | undefined, now: number): DnsAnswer | null {
    if (entry?.known?.status !== 'found' || !this.client.allGone()) return null
    if (now >= entry.expiresAt + (this.options.maxStale ?? 86_400) * 1000) return null
    this.counts.stale++
    return { status: 'found', records: entry.known.records, stale: true, secondsLeft: STALE_TTL }
  }

  private askOrJoin(key: string, name: string, type: DnsType): Promise<DnsAnswer> {
    const running = this.running.get(key)
    if (running === undefined) return this.ask(key, name, type)
    this.counts.joined++
    return running
  }

  private ask(key: string, name: string, type: DnsType): Promise<DnsAnswer> {
    const wire = encodeName(name)
    if (wire === null)
      return Promise.resolve({ status: 'absent', reason: 'nxdomain', secondsLeft: this.options.maxNegativeTtl ?? 3600 })
    this.counts.questions++
    this.options.onQuestion?.(name, type)
    const asked = this.client.ask(PLAIN_NAME.test(name) ? name : formatName(wire), wire, type).then(said => {
      this.running.delete(key)
      return this.learn(key, said)
    })
    const old = this.entries.get(key)
    const answer = old?.known?.status === 'found' ? this.orStale(asked, old) : asked
    this.running.set(key, answer)
    return answer
  }

  /** RFC 8767 4, client response timer: a stale answer need not wait until the last try has failed. */
  private orStale(asked: Promise<DnsAnswer>, old: Entry): Promise<DnsAnswer> {
    return new Promise(resolve => {
      const check = (): void => {
        const stale = this.stale(old, this.clock.monotonic())
        if (stale === null) timer = this.clock.after(STALE_CHECK_MS, check)
        else resolve(stale)
      }
      let timer = { cancel: (): void => {} }
      check()
      void asked.then(answer => {
        timer.cancel()
        resolve(answer)
      })
    })
  }

  private learn(key: string, said: Said): DnsAnswer {
    const now = this.clock.monotonic()
    const old = this.entries.get(key)
    if (said.status === 'failed') {
      this.counts.failed++
      const again = old?.failure != null && now < old.failure.until + FAILURE_MEMORY_MS
      const count = again ? (old?.failure?.count ?? 0) + 1 : 1
      const life = FAILURE_LIFE_MS[Math.min(count, FAILURE_LIFE_MS.length) - 1] ?? 1000
      const entry = {
        known: old?.known ?? null,
        expiresAt: old?.expiresAt ?? now,
        failure: { reason: said.reason, count, until: now + life },
      }
      this.keep(key, entry)
      return this.stale(this.entries.get(key), now) ?? said
    }
    const seconds = this.life(said)
    this.keep(key, { known: said, expiresAt: now + seconds * 1000, failure: null })
    return fresh(said, seconds)
  }

  private life(said: Known): number {
    const { minTtl = 1, maxTtl = 86_400, maxNegativeTtl = 3600 } = this.options
    if (said.status === 'found') return Math.min(Math.max(said.ttl, minTtl), maxTtl)
    return Math.min(Math.max(said.ttl ?? NO_SOA_TTL, minTtl), maxNegativeTtl)
  }

  private keep(key: string, entry: Omit<Entry, 'bytes'>): void {
    const bytes = sizeOf(key, entry.known)
    const old = this.entries.get(key)
    if (old !== undefined) {
      this.entries.delete(key)
      this.bytes -= old.bytes
    }
    this.entries.set(key, { ...entry, bytes })
    this.bytes += bytes
    for (const [oldest, { bytes: freed }] of this.entries) {
      if (this.bytes <= this.maxBytes) return
      this.entries.delete(oldest)
      this.bytes -= freed
      this.counts.evicted++
    }
  }
}

/** Lower case, without a trailing dot. */
function bareName(name: string): string {
  const lower = lowerName(name)
  return lower.endsWith('.') && lower.length > 1 && !lower.endsWith('\\.') ? lower.slice(0, -1) : lower
}

function fresh(known: Known, secondsLeft: number): DnsAnswer {
  if (known.status === 'found') return { status: 'found', records: known.records, stale: false, secondsLeft }
  return { status: 'absent', reason: known.reason, secondsLeft }
}

function sizeOf(key: string, known: Known | null): number {
  let bytes = ENTRY_BYTES + key.length
  if (known?.status !== 'found') return bytes
  for (const record of known.records) bytes += RECORD_BYTES + textLength(record)
  return bytes
}

function textLength(record: DnsRecord): number {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.address.length
    case 'MX':
      return record.exchange.length
    case 'TXT':
      return record.strings.reduce((sum, string) => sum + string.length + 32, 0)
    case 'SOA':
      return record.primary.length
    default:
      return record.name.length
  }
}
