/** Which servers of the shared memory answer. A "lane" is one of them: '' where there is only one, else "host:port". */
import type { Clock } from '../../util/clock.ts'

/** So many calls in a row without an answer, and it is taken for gone: one slow answer is none. */
const FAILURES = 3

/**
 * A server that has just come back, or into the place of another, may have lost a last second that the other hosts still know. They
 * find it within a second and a half, and tell it then; so long its "never seen" proves nothing.
 */
const DOUBT_MS = 3000

/** One that is lost again within so long of coming back is tried less often, so that it does not come and go all the time. */
const SETTLED_MS = 10_000
const PATIENCE_MS = 500
const PATIENCE_MOST_MS = 4000

interface Lane {
  failures: number
  /** Null: it answers. */
  goneSinceMs: number | null
  reason: string
  doubtUntilMs: number
  backAtMs: number
  /** How long it is left alone once it is lost, and since when it may be tried. */
  patienceMs: number
  tryAtMs: number
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

  /** These have been there from the beginning. */
  trust(lanes: Iterable<string>): void {
    for (const lane of lanes) this.#lane(lane).doubtUntilMs = 0
  }

  /** Whether it may have lost something that other hosts still know. */
  isDoubtful(lane: string): boolean {
    return this.#clock.monotonic() < this.#lane(lane).doubtUntilMs
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

  /** Whether it is time to try one that is gone. */
  mayTry(name: string): boolean {
    return this.#clock.monotonic() >= this.#lane(name).tryAtMs
  }

  /** A trial was not answered. */
  tried(name: string): void {
    const lane = this.#lane(name)
    lane.tryAtMs = this.#clock.monotonic() + Math.max(PATIENCE_MS / 2, lane.patienceMs)
  }

  succeeded(lane: string): void {
    const known = this.#lane(lane)
    // An answer that was under way when the rest was given up proves nothing yet; the trial does.
    if (known.goneSinceMs === null) known.failures = 0
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
    const now = this.#clock.monotonic()
    lane.goneSinceMs = now
    lane.reason = reason
    lane.patienceMs =
      now - lane.backAtMs < SETTLED_MS ? Math.min(PATIENCE_MOST_MS, 2 * lane.patienceMs + PATIENCE_MS) : 0
    lane.tryAtMs = now + lane.patienceMs
    this.#events.lost(name, reason)
  }

  /** The trial was answered. */
  back(name: string): void {
    const lane = this.#lane(name)
    const now = this.#clock.monotonic()
    if (lane.goneSinceMs === null) return
    const seconds = Math.round((now - lane.goneSinceMs) / 1000)
    Object.assign(lane, { failures: 0, goneSinceMs: null, reason: '', backAtMs: now, doubtUntilMs: now + DOUBT_MS })
    this.#events.back(name, seconds)
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const lane: Lane = {
      failures: 0,
      goneSinceMs: null,
      reason: '',
      key: null,
      doubtUntilMs: this.#clock.monotonic() + DOUBT_MS,
      backAtMs: Number.NEGATIVE_INFINITY,
      patienceMs: 0,
      tryAtMs: 0,
    }
    this.#lanes.set(name, lane)
    return lane
  }
}
