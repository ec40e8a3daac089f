import type { RateCounters, RateKind } from '../model/rates.ts'
import type { ToSupervisor } from './messages.ts'

type Question =
  | { readonly kind: 'rate_connect'; readonly client: string }
  | { readonly kind: 'rate_count' | 'rate_current'; readonly client: string; readonly what: RateKind }

interface RateAnswer {
  readonly count: number
  readonly rate: number
}

/** A worker's view of the counters that the supervisor keeps for all workers. */
export class RemoteRates implements RateCounters {
  readonly #send: (message: ToSupervisor) => void
  readonly #waiting = new Map<number, (answer: RateAnswer) => void>()
  #lastId = 0

  constructor(send: (message: ToSupervisor) => void) {
    this.#send = send
  }

  connect(client: string): Promise<RateAnswer> {
    return this.#ask({ kind: 'rate_connect', client })
  }

  disconnect(client: string): void {
    this.#send({ kind: 'rate_disconnect', client })
  }

  async count(client: string, what: RateKind): Promise<number> {
    return (await this.#ask({ kind: 'rate_count', client, what })).count
  }

  async current(client: string, what: RateKind): Promise<number> {
    return (await this.#ask({ kind: 'rate_current', client, what })).count
  }

  /** The supervisor's answer. */
  answer(id: number, answer: RateAnswer): void {
    this.#waiting.get(id)?.(answer)
    this.#waiting.delete(id)
  }

  /** The supervisor is gone: nobody counts any more, and nobody may be kept waiting for it. */
  giveUp(): void {
    for (const resolve of this.#waiting.values()) resolve({ count: 0, rate: 0 })
    this.#waiting.clear()
  }

  #ask(question: Question): Promise<RateAnswer> {
    this.#lastId++
    const id = this.#lastId
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.#send({ ...question, id })
    })
  }
}
