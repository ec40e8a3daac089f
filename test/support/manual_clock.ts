import type { Clock, Timer } from '../../src/util/clock.ts'

interface Pending {
  readonly atMs: number
  readonly run: () => void
}

/** A clock that stands still until a test moves it. Starts at 2026-01-01 00:00:00 UTC. */
export class ManualClock implements Clock {
  #nowMs = 0
  #timers: Pending[] = []

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  after(ms: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + ms, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter(other => other !== timer)
      },
    }
  }

  /** Timers that have not run yet. */
  get waiting(): number {
    return this.#timers.length
  }

  /** Moves time on and lets everything that is due happen, with whatever follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms
    await settle()
    for (;;) {
      const due = this.#timers.filter(timer => timer.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter(timer => timer !== due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.run()
      await settle()
    }
    this.#nowMs = end
  }
}

/** Lets all promise reactions run that are not waiting for time. */
export function settle(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
