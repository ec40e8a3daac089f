/** What was delivered to whom, how large it was and how long it took. */
import type { RecipientDomainFacts } from '../../facts.ts'
import { Column } from './column.ts'
import { MailCounts } from './mail_counts.ts'

export class RecipientCounts {
  readonly addresses = new MailCounts()
  readonly domains = new MailCounts()
  readonly #deferrals = new Column()
  /** Added in the order of the log, which decides its last bits. */
  readonly #delaySums = new Column()
  readonly #delayMaxima = new Column()
  /** The domain of each address: its number + 1. */
  readonly #domainOf = new Column()
  bytes = 0

  /** `delay` in seconds; `bytes` 0 where the size is not known. */
  deliver(address: number, delay: number, bytes: number): void {
    const domain = this.#domain(address)
    this.domains.add(domain, bytes)
    this.addresses.add(address, bytes)
    this.#delaySums.add(domain, delay)
    this.#noteDelay(domain, delay)
    this.bytes += bytes
  }

  /** A deferral makes a domain known, but no address. */
  defer(address: string, delay: number): void {
    const domain = this.domains.names.internText(domainPart(address))
    this.#deferrals.add(domain, 1)
    this.#noteDelay(domain, delay)
  }

  #noteDelay(domain: number, delay: number): void {
    const before = this.#delayMaxima.at(domain)
    if (before === 0 || delay > before) this.#delayMaxima.set(domain, delay)
  }

  #domain(address: number): number {
    const known = this.#domainOf.at(address)
    if (known > 0) return known - 1
    const domain = this.domains.names.internText(domainPart(this.addresses.names.text(address)))
    this.#domainOf.set(address, domain + 1)
    return domain
  }

  domainFacts(): ReadonlyMap<string, RecipientDomainFacts> {
    const facts = new Map<string, RecipientDomainFacts>()
    const { names, messages, bytes } = this.domains
    for (let number = 0; number < names.size; number++)
      facts.set(names.text(number), {
        messages: messages.at(number),
        bytes: bytes.at(number),
        deferrals: this.#deferrals.at(number),
        delaySum: this.#delaySums.at(number),
        delayMax: this.#delayMaxima.at(number),
      })
    return facts
  }
}

/** What is behind the first "@", if anything is before it; else all. */
function domainPart(address: string): string {
  const at = address.indexOf('@')
  return at <= 0 ? address : address.slice(at + 1)
}
