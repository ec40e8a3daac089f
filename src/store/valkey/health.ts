/** Which servers of the shared memory answer. A "lane" is one of them: '' where there is only one, else "host:port". */
import type { Clock } from '../../util/clock.ts'

/** So many calls in a row without an answer, and it is taken for gone: one slow answer is none. */
const FAILURES = 3

interface Lane {
  failures: number
  /** Null: it answers. */
  goneSinceMs: number | null
  reason: string
  /** The key whose call failed last: what to try whether it answers again. */
  key: string | null
}

export interface HealthEvents {
  lost(lane: string, reason: string): void
  /** `seconds`: how long it was gone. */
  back(lane: string, seconds: number): void
}

export class Health {
  readonly #clock: Clock
  readonly #events: HealthEvents
  readonly #lanes = new Map<string, Lane>()

  constructor(clock: Clock, events: HealthEvents) {
    this.#clock = clock
    this.#events = events
  }

  isUp(lane: string): boolean {
    return (this.#lanes.get(lane)?.goneSinceMs ?? null) === null
  }

  /** Why it is gone. */
  reason(lane: string): string {
    return this.#lanes.get(lane)?.reason ?? ''
  }

  /** Those that are gone, each with a key to try it with, or null when no call has failed. */
  get gone(): readonly (readonly [lane: string, key: string | null])[] {
    return [...this.#lanes].filter(([, lane]) => lane.goneSinceMs !== null).map(([name, lane]) => [name, lane.key])
  }

  succeeded(lane: string): void {
    const known = this.#lanes.get(lane)
    // An answer that was under way when the rest was given up proves nothing yet; the trial does.
    if (known !== undefined && known.goneSinceMs === null) known.failures = 0
  }

  failed(lane: string, reason: string, key: string): void {
    const known = this.#lane(lane)
    known.key = key
    known.failures++
    if (known.failures >= FAILURES) this.lost(lane, reason)
  }

  /** It is known to be gone: the connection ended. */
  lost(name: string, reason: string): void {
    const lane = this.#lane(name)
    if (lane.goneSinceMs !== null) return
    lane.goneSinceMs = this.#clock.monotonic()
    lane.reason = reason
    this.#events.lost(name, reason)
  }

  /** The trial was answered. */
  back(name: string): void {
    const since = this.#lanes.get(name)?.goneSinceMs ?? null
    this.#lanes.delete(name)
    if (since !== null) this.#events.back(name, Math.round((this.#clock.monotonic() - since) / 1000))
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const lane: Lane = { failures: 0, goneSinceMs: null, reason: '', key: null }
    this.#lanes.set(name, lane)
    return lane
  }
}
