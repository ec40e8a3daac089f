/** Where mail came from: "client=" and "uid=" of a new queue id, then "from=<…>, size=" of its sender. */
import { Column } from './column.ts'
import { MailCounts } from './mail_counts.ts'
import { Names } from './names.ts'
import { domainOf } from './rewrite.ts'

/** pflogsumm's name of the null sender. */
export const NULL_SENDER = 'from=<>'
/** Clients whose domain is remembered; then all are forgotten. */
const MOST_CLIENTS = 20_000
/** In a column of domains: not yet looked at, and none but that of the client. */
const UNKNOWN = 0
const OF_CLIENT = -1

export class SenderCounts {
  readonly addresses = new MailCounts()
  readonly domains = new MailCounts()
  /** The domain of each address: its number + 1, or one of the two above. */
  readonly #domainOf = new Column()
  readonly #pickup = this.domains.names.internText('pickup')
  #clients = new Names()
  #clientDomains = new Column()
  readonly nullSender = this.addresses.names.internText(NULL_SENDER)
  bytes = 0

  /** Mail of sendmail(1). */
  get pickup(): number {
    return this.#pickup
  }

  /** The number of the domain of the client whose name and address are in `bytes`; -1: it has none that counts. */
  clientOrigin(bytes: Uint8Array, from: number, to: number): number {
    if (this.#clients.size >= MOST_CLIENTS) {
      this.#clients = new Names()
      this.#clientDomains = new Column()
    }
    const client = this.#clients.intern(bytes, from, to)
    const known = this.#clientDomains.at(client)
    if (known !== UNKNOWN) return known === OF_CLIENT ? -1 : known - 1
    const origin = this.#origin(this.#clients.text(client))
    this.#clientDomains.set(client, origin < 0 ? OF_CLIENT : origin + 1)
    return origin
  }

  #origin(client: string): number {
    const domain = domainOf(client)
    // "0" is false to Perl, and such a client is taken for none.
    return domain === '' || domain === '0' ? -1 : this.domains.names.internText(domain)
  }

  count(address: number, origin: number, bytes: number): void {
    let domain = this.#domainOf.at(address)
    if (domain === UNKNOWN) {
      domain = this.#ownDomain(this.addresses.names.text(address))
      this.#domainOf.set(address, domain)
    }
    let number = domain - 1
    if (domain === OF_CLIENT)
      number = origin === this.#pickup ? this.domains.names.internText(this.addresses.names.text(address)) : origin
    this.domains.add(number, bytes)
    this.addresses.add(address, bytes)
    this.bytes += bytes
  }

  #ownDomain(address: string): number {
    const at = address.indexOf('@')
    if (at <= 0 || at === address.length - 1) return OF_CLIENT
    return this.domains.names.internText(address.slice(at + 1)) + 1
  }
}
