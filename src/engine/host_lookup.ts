import type { DnsRecord, DnsType } from '../dns/resolver.ts'
import { hostnameComplaint, isValidHostaddr, isValidHostname } from '../mail/hostname.ts'
import type { Ask } from './ask.ts'

/**
 * What Postfix makes of DNS answers (dns_lookup(3)): it looks at the names inside, and ranks several answers.
 * In order of precedence: the highest of several wins.
 */
export type HostStatus = 'notfound' | 'nullmx' | 'invalid' | 'retry' | 'ok'

const RANK: readonly HostStatus[] = ['notfound', 'nullmx', 'invalid', 'retry', 'ok']

export interface HostAnswer {
  readonly status: HostStatus
  readonly records: readonly DnsRecord[]
  /** In the words of dns_strerror(3), for replies and warnings. */
  readonly reason: string
}

/** One question, judged. */
export async function lookupHost(ask: Ask, name: string, type: DnsType): Promise<HostAnswer> {
  // Postfix: the name of an address is no name, whatever a name server says.
  if (isValidHostaddr(name) || !isValidHostname(withoutStar(name)))
    return { status: 'notfound', records: [], reason: 'Host not found' }
  const answer = await ask.dns(name, type)
  if (answer.status === 'failed') return { status: 'retry', records: [], reason: 'Host not found, try again' }
  if (answer.status === 'absent') {
    const reason = answer.reason === 'nxdomain' ? 'Host not found' : 'Host found but no data record of requested type'
    return { status: 'notfound', records: [], reason }
  }
  for (const record of answer.records) gripe(ask, record, { name, type })
  return judgeRecords(answer.records)
}

function judgeRecords(records: readonly DnsRecord[]): HostAnswer {
  // RFC 7505 3 speaks of a lone MX "."; Postfix takes one among others for the same.
  if (records.some(record => record.type === 'MX' && record.exchange === ''))
    return { status: 'nullmx', records: [], reason: 'Malformed DNS server reply' }
  const usable = records.filter(record => isUsable(record))
  if (usable.length > 0) return { status: 'ok', records: usable, reason: '' }
  return { status: 'invalid', records: [], reason: 'Malformed DNS server reply' }
}

/** Postfix tells of odd names in answers (valid_rr_name) and takes those that are addresses. */
function gripe(ask: Ask, record: DnsRecord, asked: { name: string; type: DnsType }): void {
  const host = record.type === 'MX' ? record.exchange : 'name' in record ? record.name : ''
  if (host === '') return
  const where = `in resource data of ${asked.type} record for ${asked.name}: ${host.slice(0, 100)}`
  if (isValidHostaddr(host)) ask.warn(`numeric domain name ${where}`)
  else {
    const complaint = hostnameComplaint(withoutStar(host))
    if (complaint === null) return
    ask.warn(`valid_hostname: ${complaint}`)
    ask.warn(`malformed domain name ${where}`)
  }
}

/** Postfix valid_hostname(3) DO_WILDCARD: the first label may be "*". */
function withoutStar(name: string): string {
  return name.replace(/^\*\./, '')
}

function isUsable(record: DnsRecord): boolean {
  const name = record.type === 'MX' ? record.exchange : 'name' in record ? record.name : null
  return name === null || isValidHostaddr(name) || isValidHostname(withoutStar(name))
}

/** Several types of one name, all asked at once; the answer that Postfix would have stopped at (dns_lookup_l). */
export async function lookupFirst(
  ask: Ask,
  name: string,
  types: readonly DnsType[],
): Promise<{ readonly status: HostStatus }> {
  const answers = await Promise.all(types.map(type => lookupHost(ask, name, type)))
  const stopsAt = types[0] === 'MX' ? ['ok', 'invalid', 'nullmx'] : ['ok']
  const stop = answers.find(answer => stopsAt.includes(answer.status))
  if (stop !== undefined) return { status: stop.status }
  const best = answers.reduce((high, answer) => Math.max(high, RANK.indexOf(answer.status)), 0)
  return { status: RANK[best] ?? 'notfound' }
}

/** getaddrinfo(3) for a name: addresses, or why there are none in the words of gai_strerror(3). */
export interface HostAddresses {
  readonly addresses: readonly string[]
  readonly temporary: boolean
  readonly reason: string
}

/** The address records that inet_protocols allows. */
export function addressTypes(protocols: readonly string[]): readonly ('A' | 'AAAA')[] {
  const has = (name: string): boolean => protocols.some(each => [name, 'all'].includes(each.toLowerCase()))
  return [...(has('ipv4') ? (['A'] as const) : []), ...(has('ipv6') ? (['AAAA'] as const) : [])]
}

/** Looks up A and AAAA (or the one asked for) at once. */
export async function lookupAddresses(
  ask: Ask,
  name: string,
  families: readonly ('A' | 'AAAA')[],
): Promise<HostAddresses> {
  if (isValidHostaddr(name)) return { addresses: [name], temporary: false, reason: '' }
  const local = ask.localAddresses(name).filter(address => families.includes(address.includes(':') ? 'AAAA' : 'A'))
  if (local.length > 0) return { addresses: local, temporary: false, reason: '' }
  const answers = await Promise.all(families.map(type => ask.dns(name, type)))
  const addresses = answers.flatMap(answer =>
    answer.status === 'found'
      ? answer.records.flatMap(r => (r.type === 'A' || r.type === 'AAAA' ? [r.address] : []))
      : [],
  )
  if (addresses.length > 0) return { addresses, temporary: false, reason: '' }
  if (answers.some(answer => answer.status === 'failed'))
    return { addresses, temporary: true, reason: 'Temporary failure in name resolution' }
  const nodata = answers.some(answer => answer.status === 'absent' && answer.reason === 'nodata')
  return {
    addresses,
    temporary: false,
    reason: nodata ? 'No address associated with hostname' : 'Name or service not known',
  }
}
