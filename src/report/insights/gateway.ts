import { byCount, TopCounter } from './bounded.ts'
import type { Cause } from './checks.ts'
import type { Check, CheckFacts, GatewayDay, GatewayFacts, GatewayTraffic } from './insights.ts'

const TOP = 20
const DETAILS = 10
/** A year and some weeks; a log of more days has only its newest. */
const MAX_DAYS = 400

/** A moment, cut for counting. */
export interface Moment {
  /** Seconds, see logSeconds. */
  readonly at: number
  readonly hour: number
}

export interface Refused {
  readonly cause: Cause
  readonly isPermanent: boolean
  /** How it is named in the list of clients. */
  readonly client: string
  readonly recipient: string | null
  readonly sender: string | null
}

type Traffic = { -readonly [K in keyof GatewayTraffic]: GatewayTraffic[K] }

interface CheckCount {
  refused: number
  deferred: number
  readonly details: TopCounter
}

/** Counts what strangers brought, and how it fared. */
export class GatewayCounter {
  #own = 0
  readonly #total: Traffic = emptyTraffic()
  readonly #hours: readonly Traffic[] = Array.from({ length: 24 }, emptyTraffic)
  /** By days since 1970. */
  readonly #days = new Map<number, Traffic>()
  readonly #checks = new Map<Check, CheckCount>()
  readonly #clients = new TopCounter()
  readonly #recipients = new TopCounter()
  readonly #senderDomains = new TopCounter()

  accept(moment: Moment): void {
    this.#count(moment, 'accepted')
  }

  acceptOwn(): void {
    this.#own++
  }

  refuse(moment: Moment, { cause, isPermanent, client, recipient, sender }: Refused): void {
    const outcome = isPermanent ? 'refused' : 'deferred'
    this.#count(moment, outcome)
    let check = this.#checks.get(cause.check)
    if (check === undefined) {
      check = { refused: 0, deferred: 0, details: new TopCounter(500) }
      this.#checks.set(cause.check, check)
    }
    check[outcome]++
    if (cause.detail !== '') check.details.add(cause.detail)
    if (!isPermanent) return
    this.#clients.add(client)
    if (recipient !== null) this.#recipients.add(recipient)
    const domain = sender === null ? '' : domainOf(sender)
    if (domain !== '') this.#senderDomains.add(domain)
  }

  finish(): GatewayFacts {
    const { accepted, refused } = this.#total
    const faults = this.#checks.get('own_fault')
    return {
      ...this.#total,
      own: this.#own,
      share: accepted + refused === 0 ? null : refused / (accepted + refused),
      ownFaults: faults === undefined ? 0 : faults.refused + faults.deferred,
      checks: [...this.#checks].map(checkFacts).sort(byRefusals),
      hours: this.#hours,
      days: [...this.#days].sort((a, b) => a[0] - b[0]).map(dayFacts),
      clients: this.#clients.top(TOP),
      recipients: this.#recipients.top(TOP),
      senderDomains: this.#senderDomains.top(TOP),
    }
  }

  #count({ at, hour }: Moment, outcome: keyof Traffic): void {
    this.#total[outcome]++
    const ofHour = this.#hours[hour]
    if (ofHour !== undefined) ofHour[outcome]++
    const day = Math.floor(at / 86_400)
    let ofDay = this.#days.get(day)
    if (ofDay === undefined) {
      ofDay = emptyTraffic()
      if (this.#days.size >= MAX_DAYS) this.#days.delete(Math.min(...this.#days.keys()))
      this.#days.set(day, ofDay)
    }
    ofDay[outcome]++
  }
}

function emptyTraffic(): Traffic {
  return { accepted: 0, refused: 0, deferred: 0 }
}

function checkFacts([check, { refused, deferred, details }]: readonly [Check, CheckCount]): CheckFacts {
  return { check, refused, deferred, details: details.top(DETAILS) }
}

function byRefusals(a: CheckFacts, b: CheckFacts): number {
  return byCount({ name: a.check, count: a.refused + a.deferred }, { name: b.check, count: b.refused + b.deferred })
}

function dayFacts([day, traffic]: readonly [number, Traffic]): GatewayDay {
  const date = new Date(day * 86_400_000)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), ...traffic }
}

/** In lower case; '' without "@". */
export function domainOf(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 0 ? '' : address.slice(at + 1).toLowerCase()
}
