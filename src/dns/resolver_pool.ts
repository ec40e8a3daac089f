import type { Clock } from '../util/clock.ts'
import { type CachingResolver, makeResolver, type ResolverOptions } from './cache.ts'
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
