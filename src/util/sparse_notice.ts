import type { Clock } from './clock.ts'

const MINUTE_MS = 60_000

/** Holds a line that every request would say again (a disk is full) to one a minute, each with the number kept back before it. */
export class SparseNotice {
  readonly #clock: Clock
  /** Milliseconds of the monotonic clock. */
  #toldAt = Number.NEGATIVE_INFINITY
  #keptBack = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What is to be said, or null: not again yet. */
  tell(text: string): string | null {
    const now = this.#clock.monotonic()
    const passedMs = now - this.#toldAt
    if (passedMs < MINUTE_MS) {
      this.#keptBack++
      return null
    }
    const more = this.#keptBack === 0 ? '' : `; ${this.#keptBack} more in the last ${Math.round(passedMs / 1000)} s`
    this.#toldAt = now
    this.#keptBack = 0
    return text + more
  }
}
