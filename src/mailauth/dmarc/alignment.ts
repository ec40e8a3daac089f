import type { Discovery, DomainFinder } from './discovery.ts'

/** Whether an identifier speaks for the author domain; `failed`: that depends on a lookup without an answer. */
export type Alignment = 'aligned' | 'unaligned' | { readonly failed: string }

/** RFC 9989 4.10.2, RFC 7489 3.1. `mode`: "s" strict, "r" relaxed. */
export async function align(
  identifier: string,
  { discovery, mode, finder }: { discovery: Discovery; mode: 'r' | 's'; finder: DomainFinder },
): Promise<Alignment> {
  const { authorDomain, organizationalDomain } = discovery
  if (identifier === '') return 'unaligned'
  if (identifier === authorDomain) return 'aligned'
  if (mode === 's') return 'unaligned'
  if (organizationalDomain === null)
    // Whatever the two organizational domains are, they are not the same without a label in common.
    return lastLabel(identifier) === lastLabel(authorDomain) ? { failed: discovery.failed ?? '' } : 'unaligned'
  // The organizational domain of a name is the name or above it: only names in the author's can have the same. So nobody can
  // make the answer wait for a lookup in a zone of his own.
  if (identifier !== organizationalDomain && !identifier.endsWith(`.${organizationalDomain}`)) return 'unaligned'
  const found = await finder.organizationalDomain(identifier)
  if ('failed' in found) return found
  return found.domain === organizationalDomain ? 'aligned' : 'unaligned'
}

function lastLabel(domain: string): string {
  return domain.slice(domain.lastIndexOf('.') + 1)
}
