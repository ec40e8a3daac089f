import type { Resolver } from '../../dns/resolver.ts'
import { type ParsedRecord, parseDmarcRecord } from './record.ts'

/** The three answers to "what does this domain publish?". */
export type RecordAnswer =
  | { readonly status: 'found'; readonly parsed: ParsedRecord }
  | { readonly status: 'absent' }
  | { readonly status: 'failed'; readonly reason: string }

/** Finds the record of a name; the lookups of one message share one, so that each name is asked about once. */
export interface RecordLookup {
  find(domain: string): Promise<RecordAnswer>
}

const ABSENT: RecordAnswer = { status: 'absent' }

export function makeRecordLookup(resolver: Resolver): RecordLookup {
  const known = new Map<string, Promise<RecordAnswer>>()
  return {
    find(domain) {
      const kept = known.get(domain)
      if (kept !== undefined) return kept
      const asked = find(domain, resolver)
      known.set(domain, asked)
      return asked
    },
  }
}

async function find(domain: string, resolver: Resolver): Promise<RecordAnswer> {
  const name = `_dmarc.${domain}`
  const answer = await resolver.query(name, 'TXT')
  if (answer.status === 'failed') return { status: 'failed', reason: `TXT ${name}: ${answer.reason}` }
  if (answer.status === 'absent') return ABSENT
  let found: ParsedRecord | null = null
  for (const record of answer.records) {
    if (record.type !== 'TXT') continue
    // RFC 9989 4.5: the strings of one record are joined.
    const parsed = parseDmarcRecord(record.strings.join(''))
    if (parsed === null) continue
    // RFC 9989 4.10 step 2: several are none.
    if (found !== null) return ABSENT
    found = parsed
  }
  return found === null ? ABSENT : { status: 'found', parsed: found }
}
