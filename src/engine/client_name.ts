import { isValidHostaddr, isValidHostname } from '../mail/hostname.ts'
import type { ClientFacts } from '../model/facts.ts'
import type { ClientName, NameStatus } from '../model/judge.ts'
import { parseIp, reverseName } from '../util/ip.ts'
import type { Ask } from './ask.ts'
import { lookupAddresses } from './host_lookup.ts'

export const UNKNOWN = 'unknown'

/** Names the client: PTR, then the addresses of the name it gives, of the client's own family. Postfix: smtpd_peer(3). */
export async function findClientName(ask: Ask, client: ClientFacts): Promise<ClientName> {
  const reverse = await findReverseName(ask, client)
  if (reverse.name === null) return unnamed(reverse.status, reverse.warning)
  const { name } = reverse
  const forward = await lookupAddresses(ask, name, [client.address.includes(':') ? 'AAAA' : 'A'])
  const confirmed = forward.addresses.includes(client.address)
  if (confirmed) return { name, reverseName: name, nameStatus: 'ok', reverseNameStatus: 'ok', warnings: [] }
  const why = forward.reason === '' ? '' : `: ${forward.reason}`
  return {
    name: UNKNOWN,
    reverseName: name,
    nameStatus: forward.temporary ? 'temporary' : 'permanent',
    reverseNameStatus: 'ok',
    warnings: [`hostname ${name} does not resolve to address ${client.address}${why}`],
  }
}

export type ReverseName =
  | { readonly name: string }
  | { readonly name: null; readonly status: NameStatus; readonly warning?: string }

/** The unverified name: from /etc/hosts, or the PTR record. It takes one question where the verified name takes two in a row. */
export async function findReverseName(ask: Ask, client: ClientFacts): Promise<ReverseName> {
  const ip = parseIp(client.address)
  if (ip === null) return { name: null, status: 'permanent' }
  const name = ask.localName(client.address) ?? (await findPtr(ask, reverseName(ip)))
  if (typeof name !== 'string') return name
  // Postfix refuses names that look like addresses or are no host names, as if there were none.
  if (isValidHostaddr(name)) return { name: null, status: 'permanent', warning: `numeric hostname: ${name}` }
  return isValidHostname(name) ? { name } : { name: null, status: 'permanent' }
}

async function findPtr(ask: Ask, query: string): Promise<string | { name: null; status: NameStatus }> {
  const answer = await ask.dns(query, 'PTR')
  if (answer.status === 'failed') return { name: null, status: 'temporary' }
  const records = answer.status === 'found' ? answer.records : []
  const first = records.find(record => record.type === 'PTR')
  return first?.type === 'PTR' ? first.name : { name: null, status: 'permanent' }
}

function unnamed(status: NameStatus, warning?: string): ClientName {
  const warnings = warning === undefined ? [] : [warning]
  return { name: UNKNOWN, reverseName: UNKNOWN, nameStatus: status, reverseNameStatus: status, warnings }
}

/** What XCLIENT told, if it told the name; null: ask the DNS. */
export function toldClientName(client: ClientFacts): ClientName | null {
  if (client.toldName === undefined && client.toldReverseName === undefined) return null
  const name = told(client.toldName)
  // Postfix: without REVERSE_NAME the reverse name follows NAME.
  const reverse = client.toldReverseName === undefined ? name : told(client.toldReverseName)
  return {
    name: name.name,
    reverseName: reverse.name,
    nameStatus: name.status,
    reverseNameStatus: reverse.status,
    warnings: [],
  }
}

function told(value: string | null | undefined): { name: string; status: NameStatus } {
  if (value === 'tempunavail') return { name: UNKNOWN, status: 'temporary' }
  if (value === null || value === undefined) return { name: UNKNOWN, status: 'permanent' }
  return { name: value, status: 'ok' }
}
