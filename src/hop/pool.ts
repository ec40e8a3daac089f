import type { Clock, Timer } from '../util/clock.ts'
import type { HopConnection } from './connection.ts'
import type { HopSettings } from './settings.ts'

/** At most so many connections wait for the next transaction; more than that says QUIT. */
const MAX_IDLE = 50

interface Idle {
  readonly connection: HopConnection
  readonly timer: Timer
}

/** Connections to one destination between transactions (Postfix: scache(8)). The youngest is used first, so that the others can expire. */
export class ConnectionPool {
  readonly #settings: HopSettings
  readonly #clock: Clock
  #idle: Idle[] = []
  #inUse = 0
  #closing: (() => void) | null = null

  constructor(settings: HopSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** A connection that was in order when last heard of. */
  take(): HopConnection | null {
    while (true) {
      const idle = this.#idle.pop()
      if (idle === undefined) return null
      idle.timer.cancel()
      if (idle.connection.isIdle) return idle.connection
      idle.connection.destroy()
    }
  }

  /** Counts a transaction that `close` has to wait for. */
  enter(): void {
    this.#inUse++
  }

  leave(): void {
    this.#inUse--
    if (this.#inUse === 0) this.#closing?.()
  }

  /** Takes a connection back after a transaction: kept if it is in order and still young. */
  give(connection: HopConnection): void {
    connection.uses++
    const { idleMs, reuseMs, reuseCount } = this.#settings
    const old = this.#clock.monotonic() - connection.openedAt >= reuseMs
    const worn = reuseCount > 0 && connection.uses >= reuseCount
    if (!connection.isIdle || old || worn || idleMs === 0 || this.#closing !== null || this.#idle.length >= MAX_IDLE) {
      connection.quit()
      return
    }
    const timer = this.#clock.after(idleMs, () => {
      this.#idle = this.#idle.filter(idle => idle.connection !== connection)
      connection.quit()
    })
    this.#idle.push({ connection, timer })
  }

  /** Resolves when no transaction is left. */
  close(): Promise<void> {
    for (const { connection, timer } of this.#idle) {
      timer.cancel()
      connection.quit()
    }
    this.#idle = []
    return new Promise(resolve => {
      this.#closing = resolve
      if (this.#inUse === 0) resolve()
    })
  }
}
