/** Rows of one day become records: one report for each policy domain, one record for messages that are the same to it. */
import type { PublishedPolicy, ReportRow, RowKey } from './row.ts'

export interface DomainReport {
  /** As it was published last (RFC 9990 3.3: the final configuration of the period). */
  readonly policy: PublishedPolicy
  /** In the order of their first messages. */
  readonly records: readonly { readonly key: RowKey; readonly count: number }[]
  readonly messages: number
  /** Messages that are in no record: there were too many records. */
  readonly leftOut: number
}

interface Collected {
  policy: PublishedPolicy
  policyTime: number
  readonly counts: Map<string, number>
  leftOut: number
}

/**
 * Who forges mail under ever new names could make a report as large as he likes: 20,000 records come to about 15 MB of XML, half a
 * megabyte when compressed.
 */
export const MAX_RECORDS = 20_000
/** All domains together; else one night's run could take all memory. */
const MAX_ALL_RECORDS = 1_000_000

export class Aggregation {
  readonly #domains = new Map<string, Collected>()
  #records = 0
  #leftOut = 0

  add({ time, policy, key }: ReportRow): void {
    let domain = this.#domains.get(policy.domain)
    if (domain === undefined) {
      if (this.#records >= MAX_ALL_RECORDS) {
        this.#leftOut++
        return
      }
      domain = { policy, policyTime: time, counts: new Map(), leftOut: 0 }
      this.#domains.set(policy.domain, domain)
    }
    if (time >= domain.policyTime) {
      domain.policy = policy
      domain.policyTime = time
    }
    const text = JSON.stringify(key)
    const count = domain.counts.get(text)
    if (count !== undefined) domain.counts.set(text, count + 1)
    else if (domain.counts.size >= MAX_RECORDS || this.#records >= MAX_ALL_RECORDS) domain.leftOut++
    else {
      domain.counts.set(text, 1)
      this.#records++
    }
  }

  /** Messages of domains for which there was no room at all. */
  get leftOut(): number {
    return this.#leftOut
  }

  /** One for each policy domain, by name. */
  reports(): readonly DomainReport[] {
    return [...this.#domains]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { policy, counts, leftOut }]) => {
        // The text was made of a RowKey, above.
        const records = [...counts].map(([text, count]) => ({ key: JSON.parse(text) as RowKey, count }))
        const messages = records.reduce((sum, { count }) => sum + count, leftOut)
        return { policy, records, messages, leftOut }
      })
  }
}
