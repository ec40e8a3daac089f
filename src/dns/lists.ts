import { hideListKeys } from '../config/list_key.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { type Random, systemRandom } from '../util/random.ts'
import type { CachingResolver } from './cache.ts'
import { listMeaning } from './list_answer.ts'
import { type ListBudget, type ListUsage, makeListBudget } from './list_budget.ts'
import { ListGate } from './list_gate.ts'
import { checkLists, isSetAside, type ListHealth, UNCHECKED } from './list_health.ts'
import { type ListUse, zoneToAsk } from './list_zones.ts'
import { lowerName } from './name.ts'
import type { DnsType, Resolver } from './resolver.ts'

export interface ListsOptions {
  readonly uses: readonly ListUse[]
  /** The resolver below; null-safe `refresh` is used for tests of health, so that memory cannot hide a change. */
  readonly resolver: Pick<CachingResolver, 'query' | 'refresh'>
  readonly clock: Clock
  readonly random?: Random
  /** postern_dns_list_safe_answers; no: every answer counts, as in Postfix, and no list is set aside. */
  readonly safeAnswers: boolean
  /** postern_spamhaus_dqs_key */
  readonly dqsKey?: string
  /** Limits by zone, from postern_dns_list_budgets. */
  readonly limits?: ReadonlyMap<string, number>
  readonly processes?: number
  readonly earlier?: readonly ListUsage[]
  /** One line for the administrator: once for each change of a list, never for each mail. */
  readonly onWarning: (text: string) => void
}

export interface ListReport {
  /** As it may be shown: without a key. */
  readonly zone: string
  readonly use: ListUse
  readonly health: ListHealth
  readonly usage: ListUsage | null
}

/** The DNS lists of one configuration: how they are, what they were asked, and the resolver that asks them with care. */
export interface Lists {
  /** Asks through the gates of dead lists and under the Spamhaus key; anything that is no list goes straight through. */
  readonly resolver: Resolver
  /** Whether an A record of the list counts as a listing. */
  isListing(zone: string, address: string): boolean
  nearBudget(zone: string): boolean
  /** To be told of each question that really goes out (`makeResolver`'s onQuestion). */
  countQuestion(name: string): void
  /** Asks every list for its test entries now. */
  check(): Promise<readonly ListReport[]>
  report(): readonly ListReport[]
  /** Checks now and every `intervalSeconds`; 0: never. */
  start(intervalSeconds: number): void
  stop(): void
}

export function makeLists(options: ListsOptions): Lists {
  return new ListRegistry(options)
}

interface Listed {
  readonly use: ListUse
  readonly asked: string
  readonly gate: ListGate
  health: ListHealth
  /** An error answer was reported already; until the list is healthy again no other is. */
  warned: boolean
}

class ListRegistry implements Lists {
  readonly resolver: Resolver
  private readonly options: ListsOptions
  private readonly random: Random
  private readonly budget: ListBudget
  private readonly byZone = new Map<string, Listed>()
  /** By the zone that is really asked. */
  private readonly byAsked = new Map<string, string>()
  private timer: Timer | null = null
  private stopped = false

  constructor(options: ListsOptions) {
    this.options = options
    this.random = options.random ?? systemRandom
    this.budget = makeListBudget({ ...options, zones: options.uses.map(use => use.zone), limits: limitsOf(options) })
    for (const use of options.uses) {
      const asked = zoneToAsk(use.zone, options.dqsKey ?? '')
      const gate = new ListGate(asked, {
        resolver: options.resolver,
        clock: options.clock,
        random: this.random,
        onChange: (closed, reason) => this.tellGate(use.zone, closed, reason),
      })
      this.byZone.set(use.zone, { use, asked, gate, health: UNCHECKED, warned: false })
      this.byAsked.set(asked, use.zone)
    }
    this.resolver = { query: (name, type) => this.query(name, type) }
  }

  isListing(zone: string, address: string): boolean {
    if (!this.options.safeAnswers) return true
    const listed = this.byZone.get(bare(zone))
    const meaning = listMeaning(bare(zone), address)
    if (meaning.kind === 'error') {
      if (listed !== undefined && !listed.warned) {
        listed.warned = true
        this.warn(zone, `answer ${address} is no listing: ${meaning.reason}; ${meaning.remedy}`)
      }
      return false
    }
    return listed === undefined || !isSetAside(listed.health.state)
  }

  nearBudget(zone: string): boolean {
    return this.budget.nearBudget(bare(zone))
  }

  countQuestion(name: string): void {
    const zone = findZone(this.byAsked, name)
    const counted = zone === null ? undefined : this.byAsked.get(zone)
    if (counted !== undefined) this.budget.count(counted)
  }

  async check(): Promise<readonly ListReport[]> {
    const { resolver, uses } = this.options
    const fresh: Resolver = { query: (name, type) => resolver.refresh(name, type) }
    const label = Buffer.from(this.random.bytes(10)).toString('hex')
    const healths = await checkLists(fresh, uses, { label, zoneToAsk: zone => this.byZone.get(zone)?.asked ?? zone })
    for (const [zone, health] of healths) this.take(zone, health)
    return this.report()
  }

  report(): readonly ListReport[] {
    const usage = new Map(this.budget.usage().map(entry => [entry.zone, entry]))
    return [...this.byZone.values()].map(({ use, health }) => ({
      zone: hideListKeys(use.zone),
      use,
      health,
      usage: usage.get(use.zone) ?? null,
    }))
  }

  start(intervalSeconds: number): void {
    if (intervalSeconds <= 0 || this.stopped || this.byZone.size === 0) return
    void this.check().finally(() => {
      if (!this.stopped)
        this.timer = this.options.clock.after(intervalSeconds * 1000, () => this.start(intervalSeconds))
    })
  }

  stop(): void {
    this.stopped = true
    this.timer?.cancel()
    for (const { gate } of this.byZone.values()) gate.stop()
  }

  private query(name: string, type: DnsType): ReturnType<Resolver['query']> {
    const lower = bare(name)
    const zone = findZone(this.byZone, lower)
    const listed = zone === null ? undefined : this.byZone.get(zone)
    if (zone === null || listed === undefined) return this.options.resolver.query(name, type)
    const asked = listed.asked === zone ? lower : lower.slice(0, -zone.length) + listed.asked
    return listed.gate.ask(this.options.resolver, asked, type)
  }

  /** A change is told once; staying as it is, is no news. */
  private take(zone: string, health: ListHealth): void {
    const listed = this.byZone.get(zone)
    if (listed === undefined) return
    const before = listed.health.state
    listed.health = health
    if (health.state === 'healthy') listed.warned = false
    if (before === health.state) return
    if (health.state !== 'healthy') {
      const effect = isSetAside(health.state) && this.options.safeAnswers ? 'set aside: ' : ''
      this.warn(zone, `${effect}${health.state}: ${health.reason}; ${health.remedy}`)
    } else if (before !== 'unchecked') {
      this.warn(zone, 'sound again')
    }
  }

  private tellGate(zone: string, closed: boolean, reason: string): void {
    this.warn(zone, closed ? `no answer (${reason}); not asked until it answers again` : 'answers again')
  }

  private warn(zone: string, text: string): void {
    this.options.onWarning(hideListKeys(`DNS list ${zone}: ${text}`))
  }
}

/** Who has a Spamhaus key has a contract with a limit of its own. */
function limitsOf(options: ListsOptions): ReadonlyMap<string, number> {
  const limits = new Map<string, number>()
  for (const { zone } of options.uses) if (zoneToAsk(zone, options.dqsKey ?? '') !== zone) limits.set(zone, 0)
  for (const [zone, limit] of options.limits ?? []) limits.set(zone, limit)
  return limits
}

function bare(name: string): string {
  return lowerName(name).replace(/\.$/, '')
}

/** The longest zone of the map that the name lies below. */
function findZone(zones: ReadonlyMap<string, unknown>, name: string): string | null {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const zone = name.slice(dot + 1)
    if (zones.has(zone)) return zone
  }
  return null
}

/** "zen.spamhaus.org=300000" of postern_dns_list_budgets, by zone. */
export function parseListBudgets(words: readonly string[]): ReadonlyMap<string, number> {
  return new Map(words.map(word => [bare(word.replace(/=.*/, '')), Number(word.replace(/.*=/, ''))]))
}
