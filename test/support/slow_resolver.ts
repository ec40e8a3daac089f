import type { Resolver } from '../../src/dns/resolver.ts'
import { type FakeZone, makeFakeResolver } from './fake_resolver.ts'
import type { ManualClock } from './manual_clock.ts'

export interface SlowResolver extends Resolver {
  /** "TYPE name" of each question with the time it was asked, in order. */
  readonly asked: readonly { readonly question: string; readonly atMs: number }[]
}

/** A fake resolver whose every answer takes `delayMs` of a clock that the test moves. */
export function makeSlowResolver(zone: FakeZone, clock: ManualClock, delayMs = 1): SlowResolver {
  const fake = makeFakeResolver(zone)
  const asked: { question: string; atMs: number }[] = []
  return {
    asked,
    query(name, type) {
      asked.push({ question: `${type} ${name}`, atMs: clock.monotonic() })
      return new Promise(resolve => {
        clock.after(delayMs, () => void fake.query(name, type).then(resolve))
      })
    },
  }
}
