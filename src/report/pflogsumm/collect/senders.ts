/** Where mail came from: "client=" and "uid=" of a new queue id, then "from=<…>, size=" of its sender. */
import { ClientDomains } from './client_domains.ts'
import { Column } from './column.ts'
import { MailCounts } from './mail_counts.ts'

/** pflogsumm's name of the null sender. */
export const NULL_SENDER = 'from=<>'
/** In a column of domains: not yet looked at, and none but that of the client. */
const UNKNOWN = 0
const OF_CLIENT = -1

export class SenderCounts {
  readonly addresses = new MailCounts()
  readonly domains = new MailCounts()
  /** The domain of each address: its number + 1, or one of the two above. */
  readonly #domainOf = new Column()
  readonly #pickup = this.domains.names.internText('pickup')
  readonly #empty = this.domains.names.internText('')
  readonly #zero = this.domains.names.internText('0')
  readonly #clients = new ClientDomains(this.domains.names)
  readonly nullSender = this.addresses.names.internText(NULL_SENDER)
  bytes = 0

  /** Mail of sendmail(1). */
  get pickup(): number {
    return this.#pickup
  }

  /** The number of the domain of the client whose name and address are in `bytes`; -1: it has none that counts. */
  clientOrigin(bytes: Uint8Array, from: number, to: number): number {
    const domain = this.#clients.number(bytes, from, to)
    return this.#isNone(domain) ? -1 : domain
  }

  /** "0" is false to Perl, and such a client is taken for none. */
  #isNone(domain: number): boolean {
    return domain === this.#empty || domain === this.#zero
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
