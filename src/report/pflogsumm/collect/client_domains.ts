/** The domains of clients "host.domain.example[192.0.2.1]", remembered: the same ones come again and again. */
import { Column } from './column.ts'
import { Names } from './names.ts'
import { domainOf } from './rewrite.ts'

/** Clients that are remembered; then all are forgotten. */
const MOST_CLIENTS = 100_000

export class ClientDomains {
  readonly #domains: Names
  #clients = new Names()
  /** By client: the number of the domain + 1; 0 is not looked at yet. */
  #numbers = new Column()

  /** Domains get their numbers from `domains`. */
  constructor(domains: Names) {
    this.#domains = domains
  }

  /** The number of the domain of the client in `bytes`; one that looks like none has the domain "". */
  number(bytes: Uint8Array, from: number, to: number): number {
    if (this.#clients.size >= MOST_CLIENTS) {
      this.#clients = new Names()
      this.#numbers = new Column()
    }
    const client = this.#clients.intern(bytes, from, to)
    const known = this.#numbers.at(client)
    if (known > 0) return known - 1
    const number = this.#domains.internText(domainOf(this.#clients.text(client)))
    this.#numbers.set(client, number + 1)
    return number
  }
}
