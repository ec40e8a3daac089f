import type { Clock } from '../util/clock.ts'
import { type CachingResolver, makeResolver, type ResolverOptions } from './cache.ts'
import type { ListUsage } from './list_budget.ts'
import type { DnsType } from './resolver.ts'

/** What the configuration says about the DNS. */
export type DnsSettings = Omit<ResolverOptions, 'clock' | 'random' | 'onQuestion'>

type OnQuestion = (name: string, type: DnsType) => void

interface Shared {
  readonly resolver: CachingResolver
  /** One for each configuration that holds it. */
  readonly listeners: Set<OnQuestion>
}

/**
 * The resolvers of a process, so that what one knows outlives a reload: configurations with the same DNS settings have
 * the same one. It is closed when the last of them gives it back.
 */
export class ResolverPool {
  readonly #clock: Clock
  readonly #make: typeof makeResolver
  readonly #shared = new Map<string, Shared>()
  /** What each configuration that is open has counted. */
  readonly #usages = new Set<() => readonly ListUsage[]>()

  /** `make` is another than makeResolver in tests only. */
  constructor(clock: Clock, make: typeof makeResolver = makeResolver) {
    this.#clock = clock
    this.#make = make
  }

  /** `close` of what comes gives it back. `onQuestion` is told of what goes out for any holder, and no more after that. */
  take(settings: DnsSettings, onQuestion: OnQuestion): CachingResolver {
    const key = JSON.stringify(settings)
    const shared = this.#shared.get(key) ?? this.#open(key, settings)
    // A function of its own: a holder that comes twice is told twice.
    const listener: OnQuestion = (name, type) => onQuestion(name, type)
    shared.listeners.add(listener)
    const { resolver } = shared
    return {
      query: (name, type) => resolver.query(name, type),
      refresh: (name, type) => resolver.refresh(name, type),
      stats: () => resolver.stats(),
      close: () => {
        if (!shared.listeners.delete(listener) || shared.listeners.size > 0) return
        this.#shared.delete(key)
        resolver.close()
      },
    }
  }

  /**
   * The questions of today to each DNS list, as the configurations that are open know them: each goes on from here, so that a reload
   * does not give a list's quota back.
   */
  listUsage(): readonly ListUsage[] {
    const most = new Map<string, ListUsage>()
    for (const usage of [...this.#usages].flatMap(tell => tell())) {
      const known = most.get(usage.zone)
      if (known === undefined || known.queries < usage.queries) most.set(usage.zone, usage)
    }
    return [...most.values()]
  }

  /** A configuration counts; call what comes when it is closed. */
  tellsUsage(tell: () => readonly ListUsage[]): () => void {
    this.#usages.add(tell)
    return () => this.#usages.delete(tell)
  }

  #open(key: string, settings: DnsSettings): Shared {
    const listeners = new Set<OnQuestion>()
    const onQuestion: OnQuestion = (name, type) => {
      for (const listener of listeners) listener(name, type)
    }
    const shared = { resolver: this.#make({ ...settings, clock: this.#clock, onQuestion }), listeners }
    this.#shared.set(key, shared)
    return shared
  }
}
