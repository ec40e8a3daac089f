import type { ParsedRecord } from './record.ts'
import type { RecordLookup } from './record_lookup.ts'

/** What a walk up the DNS tree found (RFC 9989 4.10). */
export interface Walk {
  readonly start: string
  /** From the longest name to the shortest. */
  readonly found: readonly FoundRecord[]
  /** The lookup that ended the walk for want of an answer; null: it went as far as it should. */
  readonly failed: string | null
}

export interface FoundRecord {
  readonly domain: string
  readonly parsed: ParsedRecord
}

/** RFC 9989 4.10 step 4: a name of eight labels or more is shortened to seven at once, which makes eight queries at most. */
const SHORTENED_LABELS = 7

/** The names that a walk may ask about, in its order. `domain` is in A-labels, without a trailing dot. */
export function walkNames(domain: string): readonly string[] {
  const labels = domain.split('.')
  const names = [domain]
  for (let count = Math.min(labels.length - 1, SHORTENED_LABELS); count > 0; count--)
    names.push(labels.slice(-count).join('.'))
  return names
}

/** Asks about all names at once: a walk that a psd tag ends early is rare, and the top of the tree is in the cache. */
export async function walkTree(start: string, lookup: RecordLookup): Promise<Walk> {
  const asked = walkNames(start).map(domain => ({ domain, answer: lookup.find(domain) }))
  const found: FoundRecord[] = []
  for (const { domain, answer } of asked) {
    const said = await answer
    if (said.status === 'failed') return { start, found, failed: said.reason }
    if (said.status === 'absent') continue
    found.push({ domain, parsed: said.parsed })
    // RFC 9989 4.10 steps 2 and 6
    if (said.parsed.psd !== 'u') break
  }
  return { start, found, failed: null }
}

/** RFC 9989 4.10.2, of a walk that did not fail. */
export function organizationalDomain({ start, found }: Walk): string {
  for (const { domain, parsed } of found) {
    if (parsed.psd === 'n') return domain
    if (parsed.psd === 'y' && domain !== start) return labelBelow(domain, start)
  }
  return found.at(-1)?.domain ?? start
}

/** The domain one label below `domain` on the way to `start`. */
function labelBelow(domain: string, start: string): string {
  return start
    .split('.')
    .slice(-domain.split('.').length - 1)
    .join('.')
}
