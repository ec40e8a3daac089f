import { registeredDomain } from './public_suffix.ts'
import type { ParsedRecord } from './record.ts'
import type { RecordLookup } from './record_lookup.ts'
import { organizationalDomain, type Walk, walkTree } from './tree_walk.ts'

/** How organizational domains and policies are found. */
export type DmarcMethod = 'rfc9989' | 'rfc7489'

/** The policy that applies to an author domain (RFC 9989 4.10.1, or RFC 7489 6.6.3). */
export interface Discovery {
  readonly authorDomain: string
  /** Null: there is none, or it could not be found. */
  readonly policy: { readonly domain: string; readonly parsed: ParsedRecord } | null
  /** Null: its lookups failed. */
  readonly organizationalDomain: string | null
  /** Why `policy` or `organizationalDomain` is not known; null: both are. */
  readonly failed: string | null
}

export interface DomainFinder {
  discover(authorDomain: string): Promise<Discovery>
  /** The organizational domain of another domain; `failed` where the DNS did not answer. */
  organizationalDomain(domain: string): Promise<{ readonly domain: string } | { readonly failed: string }>
}

export function makeDomainFinder(method: DmarcMethod, lookup: RecordLookup): DomainFinder {
  return method === 'rfc9989' ? treeWalkFinder(lookup) : publicSuffixFinder(lookup)
}

function treeWalkFinder(lookup: RecordLookup): DomainFinder {
  return {
    async discover(authorDomain) {
      const walk = await walkTree(authorDomain, lookup)
      const own = walk.found.find(found => found.domain === authorDomain) ?? null
      if (walk.failed !== null)
        // The author domain's own record counts whatever is above it.
        return { authorDomain, policy: own, organizationalDomain: null, failed: walk.failed }
      const organization = organizationalDomain(walk)
      const policy = own ?? recordOf(organization, walk)
      return { authorDomain, policy, organizationalDomain: organization, failed: null }
    },
    async organizationalDomain(domain) {
      const walk = await walkTree(domain, lookup)
      return walk.failed === null ? { domain: organizationalDomain(walk) } : { failed: walk.failed }
    },
  }
}

/** RFC 9989 4.10.1: of the organizational domain, else of the public suffix domain, which ends a walk. */
function recordOf(organization: string, { found }: Walk): Discovery['policy'] {
  const last = found.at(-1)
  return (
    found.find(({ domain }) => domain === organization) ?? (last !== undefined && last.parsed.psd === 'y' ? last : null)
  )
}

/** RFC 7489 6.3: unknown tags are ignored, and np and t are such. */
function asOfRfc7489(parsed: ParsedRecord): ParsedRecord {
  return parsed.record === null ? parsed : { ...parsed, record: { ...parsed.record, np: null, testing: false } }
}

function publicSuffixFinder(lookup: RecordLookup): DomainFinder {
  return {
    async discover(authorDomain) {
      const organization = registeredDomain(authorDomain)
      const answers = [authorDomain, organization].map(domain => ({ domain, answer: lookup.find(domain) }))
      for (const { domain, answer } of answers) {
        const said = await answer
        if (said.status === 'failed')
          return { authorDomain, policy: null, organizationalDomain: organization, failed: said.reason }
        if (said.status === 'found')
          return {
            authorDomain,
            policy: { domain, parsed: asOfRfc7489(said.parsed) },
            organizationalDomain: organization,
            failed: null,
          }
      }
      return { authorDomain, policy: null, organizationalDomain: organization, failed: null }
    },
    organizationalDomain: domain => Promise.resolve({ domain: registeredDomain(domain) }),
  }
}
