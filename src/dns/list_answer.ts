import { knownList } from './list_zones.ts'

/** What one A record of a DNS list means. */
export type ListMeaning =
  | { readonly kind: 'listed' }
  /** The list or the resolver says something else than "listed"; `reason` for the administrator, one line. */
  | { readonly kind: 'error'; readonly reason: string; readonly remedy: string }

const LISTED: ListMeaning = { kind: 'listed' }
const OWN_RESOLVER = 'ask from a resolver of your own that is no public one'

/** Spamhaus, which others have followed: https://www.spamhaus.org/faqs, "return codes in 127.255.255.0/24". */
const ERROR_CODES: ReadonlyMap<string, string> = new Map([
  ['127.255.255.252', 'the name of the list is misspelt'],
  ['127.255.255.254', 'it refuses questions from public resolvers'],
  ['127.255.255.255', 'too many questions'],
])

/** Whether an answer can be a listing at all; lists say "you may not ask" with addresses, too. */
export function listMeaning(zone: string, address: string): ListMeaning {
  const remedy = knownList(zone)?.remedy ?? OWN_RESOLVER
  if (address.startsWith('127.255.255.'))
    return { kind: 'error', reason: ERROR_CODES.get(address) ?? 'it answers with an error code', remedy }
  // RFC 5782 2.1: entries are in 127.0.0.0/8. Others come from parked domains and from resolvers that rewrite NXDOMAIN.
  if (!address.startsWith('127.'))
    return { kind: 'error', reason: 'the answer is outside 127.0.0.0/8', remedy: 'remove the list' }
  // URIBL refuses with it, and RFC 5782 5 keeps 127.0.0.1 out of lists.
  if (address === '127.0.0.1') return { kind: 'error', reason: 'it refuses to answer', remedy }
  if (knownList(zone)?.refusals?.includes(address) === true)
    return { kind: 'error', reason: 'it refuses to answer', remedy }
  return LISTED
}

/** Whether an A record of a list counts as a listing. */
export function isListing(zone: string, address: string): boolean {
  return listMeaning(zone, address).kind === 'listed'
}
