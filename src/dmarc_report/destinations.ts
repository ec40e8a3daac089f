/** Where a report goes: the URIs of rua=, and whether those who are named there want it (RFC 9990 4). */
import type { Resolver } from '../dns/resolver.ts'

/** One mailto: URI. */
export interface MailDestination {
  readonly address: string
  /** Lower case, A-labels. */
  readonly host: string
  /** RFC 7489 6.2 "!10m": larger mails are not wanted; null: any. */
  readonly maxBytes: number | null
}

/** RFC 9990 3.5 leaves the limit to us. */
export const MAX_URIS = 10
/** RFC 1035 2.3.4, as text without the root. */
const MAX_NAME = 253
const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 2 ** 10],
  ['m', 2 ** 20],
  ['g', 2 ** 30],
  ['t', 2 ** 40],
])

/** Null: not a mailto: URI, or not one address that can be written into a header as it is. */
export function parseDestination(uri: string): MailDestination | null {
  const match = /^mailto:([^?!]+)(?:\?[^!]*)?(?:!(\d{1,9})([kmgt]?))?$/i.exec(uri.trim())
  if (match === null) return null
  const [, encoded = '', size, unit = ''] = match
  const address = decodePercent(encoded)
  const parts = /^([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)$/.exec(address ?? '')
  const [, local = '', domain = ''] = parts ?? []
  if (parts === null || domain.length > MAX_NAME || /^\.|\.\.|\.$/.test(local)) return null
  const host = domain.toLowerCase()
  const maxBytes = size === undefined ? null : Number(size) * (UNITS.get(unit.toLowerCase()) ?? 1)
  return { address: `${local}@${host}`, host, maxBytes }
}

function decodePercent(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

export interface DestinationWorld {
  readonly resolver: Resolver
  /** RFC 9989 4.10.2, or RFC 7489 3.2. */
  organizationalDomain(domain: string): Promise<{ readonly domain: string } | { readonly failed: string }>
}

export type Verified =
  /** Who gets it: the destination itself, or whom its domain named instead. */
  | { readonly status: 'wanted'; readonly destinations: readonly MailDestination[] }
  | { readonly status: 'unwanted'; readonly reason: string }
  | { readonly status: 'failed'; readonly reason: string }

/** RFC 9990 4: a destination outside the organization has to say that it takes reports about `policyDomain`. */
export async function verifyDestination(
  policyDomain: string,
  destination: MailDestination,
  world: DestinationWorld,
): Promise<Verified> {
  const { host } = destination
  const wanted: Verified = { status: 'wanted', destinations: [destination] }
  if (host === policyDomain) return wanted
  const [own, other] = await Promise.all([world.organizationalDomain(policyDomain), world.organizationalDomain(host)])
  if ('failed' in own) return { status: 'failed', reason: own.failed }
  if ('failed' in other) return { status: 'failed', reason: other.failed }
  if (own.domain === other.domain) return wanted
  const name = `${policyDomain}._report._dmarc.${host}`
  if (name.length > MAX_NAME) return { status: 'unwanted', reason: `the name ${name} would be too long` }
  const answer = await world.resolver.query(name, 'TXT')
  if (answer.status === 'failed') return { status: 'failed', reason: `TXT ${name}: ${answer.reason}` }
  const texts =
    answer.status === 'found'
      ? answer.records.flatMap(record => (record.type === 'TXT' ? [record.strings.join('')] : []))
      : []
  const records = texts.map(readPermission).filter(uris => uris !== null)
  if (records.length === 0) return { status: 'unwanted', reason: `there is no DMARC record at ${name}` }
  return overridden(destination, records.flat())
}

/** RFC 9990 4 (9): the record may name others, of the same host; a foreign one there forbids the report altogether. */
function overridden(destination: MailDestination, uris: readonly string[]): Verified {
  const instead = uris.map(parseDestination).filter(each => each !== null)
  if (instead.length === 0) return { status: 'wanted', destinations: [destination] }
  const foreign = instead.find(({ host }) => host !== destination.host)
  if (foreign !== undefined)
    return { status: 'unwanted', reason: `${destination.host} would send it on to ${foreign.address}` }
  return { status: 'wanted', destinations: instead.slice(0, MAX_URIS) }
}

/** The URIs of rua= in a record that begins with v=DMARC1 (RFC 9989 4.7); null: it is none. */
function readPermission(text: string): readonly string[] | null {
  const tags = text.split(';').map(tag => /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/s.exec(tag))
  const [first, ...rest] = tags
  if (first?.[1]?.toLowerCase() !== 'v' || first[2] !== 'DMARC1') return null
  const rua = rest.find(tag => tag?.[1]?.toLowerCase() === 'rua')?.[2] ?? ''
  return rua === '' ? [] : rua.split(',').map(uri => uri.trim())
}
