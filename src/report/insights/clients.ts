import { BoundedMap, own } from './bounded.ts'
import type { Cause } from './checks.ts'
import { domainOf } from './gateway.ts'
import type { Reason } from './insights.ts'
import type { RejectLine } from './reject_line.ts'

/** Clients of each kind that are remembered; in a flood the oldest go, and are counted. */
const MAX_CLIENTS = 50_000
/** Sender domains of one client, for comparing with what SPF and DKIM said. */
const MAX_DOMAINS = 8

/** One client that one check has refused. */
export interface Refusal {
  readonly address: string
  readonly cause: Cause
  refused: number
  deferred: number
  /** Seconds, see logSeconds. */
  readonly first: number
  last: number
  client: string | null
  helo: string | null
  sender: string | null
  recipient: string | null
  text: string
  readonly domains: Set<string>
  /** The first sender that one of our users has written to before. */
  correspondent: string | null
  /** Greylisting let the client pass in the end, after so many seconds. */
  passedAfter: number | null
}

interface Accepted {
  count: number
  readonly first: number
  last: number
}

type AllowedBy = Extract<Reason, { kind: 'allow_listed' }>['by']

/** What is known of the clients that were refused, and of those that were not. */
export class Clients {
  readonly #refusals = new BoundedMap<Refusal>(MAX_CLIENTS)
  readonly #accepted = new BoundedMap<Accepted>(MAX_CLIENTS)
  readonly #allowed = new BoundedMap<AllowedBy>(MAX_CLIENTS)
  /** "address domain" */
  readonly #spfPassed = new BoundedMap<true>(MAX_CLIENTS)
  /** By address: the domain of the signature, where it is told. */
  readonly #dkimPassed = new BoundedMap<string | null>(MAX_CLIENTS)
  readonly #correspondents = new BoundedMap<true>(MAX_CLIENTS)

  refuse(line: RejectLine, cause: Cause, at: number): void {
    const key = `${line.address} ${cause.check}`
    let refusal = this.#refusals.get(key)
    if (refusal === undefined) {
      refusal = newRefusal(line, cause, at)
      this.#refusals.set(key, refusal)
    }
    if (line.isPermanent) refusal.refused++
    else refusal.deferred++
    refusal.last = at
    this.#note(refusal, line)
  }

  /** Greylisting, which has lines of its own: a client that it let pass. */
  passedGreylist(address: string, delay: number): void {
    const refusal = this.#refusals.get(`${address} greylist`)
    if (refusal !== undefined) refusal.passedAfter = Math.max(refusal.passedAfter ?? 0, delay)
  }

  accept(address: string, at: number): void {
    const known = this.#accepted.get(address)
    if (known === undefined) this.#accepted.set(address, { count: 1, first: at, last: at })
    else {
      known.count++
      known.last = at
    }
  }

  allow(address: string, by: AllowedBy): void {
    this.#allowed.set(address, by)
  }

  spfPassed(address: string, domain: string): void {
    if (domain !== '') this.#spfPassed.set(`${address} ${domain.toLowerCase()}`, true)
  }

  dkimPassed(address: string, domain: string | null): void {
    this.#dkimPassed.set(address, domain === null ? null : own(domain))
  }

  wroteTo(address: string): void {
    this.#correspondents.set(address.toLowerCase(), true)
  }

  get forgotten(): number {
    return this.#refusals.forgotten
  }

  *refusals(): IterableIterator<Refusal> {
    for (const [, refusal] of this.#refusals.entries()) yield refusal
  }

  accepted(address: string): Readonly<Accepted> | undefined {
    return this.#accepted.get(address)
  }

  allowedBy(address: string): AllowedBy | undefined {
    return this.#allowed.get(address)
  }

  /** The first of the domains that SPF names the client for. */
  spfDomain({ address, domains }: Refusal): string | null {
    for (const domain of domains) if (this.#spfPassed.has(`${address} ${domain}`)) return domain
    return null
  }

  /** Undefined: no signature was good. */
  dkim(address: string): string | null | undefined {
    return this.#dkimPassed.get(address)
  }

  isCorrespondent(address: string): boolean {
    return this.#correspondents.has(address.toLowerCase())
  }

  #note(refusal: Refusal, line: RejectLine): void {
    refusal.client = ownOrNull(line.client)
    refusal.helo = ownOrNull(line.helo)
    refusal.sender = ownOrNull(line.sender)
    refusal.recipient = ownOrNull(line.recipient)
    refusal.text = own(line.text.slice(0, 300))
    if (line.sender === null || line.sender === '') return
    if (refusal.domains.size < MAX_DOMAINS) refusal.domains.add(own(domainOf(line.sender)))
    if (refusal.correspondent === null && this.isCorrespondent(line.sender)) refusal.correspondent = refusal.sender
  }
}

function newRefusal(line: RejectLine, { check, detail }: Cause, at: number): Refusal {
  return {
    address: own(line.address),
    cause: { check, detail: own(detail) },
    refused: 0,
    deferred: 0,
    first: at,
    last: at,
    client: null,
    helo: null,
    sender: null,
    recipient: null,
    text: '',
    domains: new Set(),
    correspondent: null,
    passedAfter: null,
  }
}

function ownOrNull(text: string | null): string | null {
  return text === null ? null : own(text.slice(0, 320))
}
