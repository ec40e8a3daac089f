import type { Clock } from '../../util/clock.ts'

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string }

interface Waiting {
  readonly dueMs: number
  /** Null once it is answered. */
  expire: (() => void) | null
}

/** Bounds what waits by the same time each. One timer serves all: a timer for each call would cost more than the call. */
export class Deadlines {
  readonly #clock: Clock
  readonly #ms: number
  #queue: Waiting[] = []
  #head = 0
  #armed = false

  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.#ms = ms
  }

  /** Never rejects; what comes too late is dropped. */
  within<T>(work: Promise<T>): Promise<Outcome<T>> {
    return new Promise(resolve => {
      const waiting: Waiting = { dueMs: this.#clock.monotonic() + this.#ms, expire: null }
      waiting.expire = () => resolve({ ok: false, reason: `no answer within ${this.#ms} ms` })
      work.then(
        value => {
          waiting.expire = null
          resolve({ ok: true, value })
        },
        error => {
          waiting.expire = null
          resolve({ ok: false, reason: errorText(error) })
        },
      )
      this.#queue.push(waiting)
      this.#arm()
    })
  }

  #arm(): void {
    if (this.#armed) return
    while (this.#head < this.#queue.length && this.#queue[this.#head]?.expire === null) this.#head++
    const next = this.#queue[this.#head]
    if (next === undefined) {
      this.#queue = []
      this.#head = 0
      return
    }
    this.#armed = true
    this.#clock.after(Math.max(1, next.dueMs - this.#clock.monotonic()), () => {
      // When the process was held up, answers lie unread beside the timers that say they are late: those are read first.
      setImmediate(() => this.#ring())
    })
  }

  #ring(): void {
    this.#armed = false
    const now = this.#clock.monotonic()
    for (; this.#head < this.#queue.length; this.#head++) {
      const next = this.#queue[this.#head]
      if (next === undefined || next.dueMs > now) break
      next.expire?.()
      next.expire = null
    }
    if (this.#head > 1024) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    this.#arm()
  }
}

/** An error as one line; those of several addresses that all refused have no text of their own. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return error.message || code || error.name
}
