import { type DnsMessage, RCODE } from './codec.ts'
import type { DnsRecord, DnsType } from './resolver.ts'

/** What a name server said to one question. `ttl` in seconds, before any clamp; null: it gave none (RFC 2308 5: not to be kept). */
export type Said =
  | { readonly status: 'found'; readonly records: readonly DnsRecord[]; readonly ttl: number }
  | { readonly status: 'absent'; readonly reason: 'nxdomain' | 'nodata'; readonly ttl: number | null }
  | { readonly status: 'failed'; readonly reason: string }

/** Aliases in a row before an answer counts as a loop. Postfix: dns_lookup(3) follows as many. */
const MAX_ALIASES = 10

/** Reads the answer to a question (name lower case, no trailing dot) out of a message with rcode NOERROR or NXDOMAIN. */
export function readAnswer(message: DnsMessage, name: string, type: DnsType): Said {
  let owner = name
  let ttl = Number.POSITIVE_INFINITY
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const records: DnsRecord[] = []
    let alias: DnsRecord | null = null
    for (const answer of message.answers) {
      if (answer.owner !== owner) continue
      if (answer.record.type === type) records.push(answer.record)
      else if (answer.record.type === 'CNAME') alias ??= answer.record
    }
    if (records.length > 0) {
      // RFC 2181 5.2: TTLs of one set should be equal; where they are not, the least counts.
      for (const record of records) ttl = Math.min(ttl, record.ttl)
      return { status: 'found', records, ttl }
    }
    if (alias?.type !== 'CNAME') return absent(message, ttl)
    ttl = Math.min(ttl, alias.ttl)
    owner = lowerAscii(alias.name)
  }
  return { status: 'failed', reason: 'loop of aliases' }
}

function absent(message: DnsMessage, aliasTtl: number): Said {
  // RFC 2308 2.1: behind aliases, NXDOMAIN speaks of the last name.
  const reason = message.rcode === RCODE.NXDOMAIN ? 'nxdomain' : 'nodata'
  for (const { record } of message.authority) {
    // RFC 2308 5: the lesser of the SOA's TTL and its minimum field.
    if (record.type === 'SOA') return { status: 'absent', reason, ttl: Math.min(record.ttl, record.minimum, aliasTtl) }
  }
  return { status: 'absent', reason, ttl: null }
}

/** Decoded names are ASCII already: odd bytes are escaped. */
function lowerAscii(name: string): string {
  return name.toLowerCase()
}
