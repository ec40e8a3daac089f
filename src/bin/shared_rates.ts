import { LocalRates } from '../net/anvil.ts'
import type { Clock } from '../util/clock.ts'
import type { ToSupervisor, ToWorker } from './messages.ts'

type RateMessage = Extract<ToSupervisor, { readonly kind: `rate_${string}` }>

/** Counts for all workers, as Postfix anvil(8) does for all smtpd processes. */
export class SharedRates {
  readonly #rates: LocalRates
  /** Open connections of each worker: they end with it. */
  readonly #open = new Map<number, Map<string, number>>()

  constructor(clock: Clock, unitMs: number) {
    this.#rates = new LocalRates(clock, unitMs)
  }

  /** Answers what a worker asks; null where it only tells. */
  async take(pid: number, message: RateMessage): Promise<ToWorker | null> {
    const { client } = message
    switch (message.kind) {
      case 'rate_connect':
        this.#note(pid, client, 1)
        return { kind: 'rate', id: message.id, ...(await this.#rates.connect(client)) }
      case 'rate_disconnect':
        this.#note(pid, client, -1)
        this.#rates.disconnect(client)
        return null
      case 'rate_count':
        return { kind: 'rate', id: message.id, count: await this.#rates.count(client, message.what), rate: 0 }
      case 'rate_current':
        return { kind: 'rate', id: message.id, count: await this.#rates.current(client, message.what), rate: 0 }
    }
  }

  /** The worker is gone, and its connections with it. */
  forget(pid: number): void {
    for (const [client, count] of this.#open.get(pid) ?? []) {
      for (let i = 0; i < count; i++) this.#rates.disconnect(client)
    }
    this.#open.delete(pid)
  }

  #note(pid: number, client: string, change: number): void {
    let clients = this.#open.get(pid)
    if (clients === undefined) {
      clients = new Map()
      this.#open.set(pid, clients)
    }
    const count = (clients.get(client) ?? 0) + change
    if (count > 0) clients.set(client, count)
    else clients.delete(client)
  }
}
