import { isValidHostaddr, isValidHostname } from '../mail/hostname.ts'
import type { ClientFacts } from '../model/facts.ts'
import type { ClientName, NameStatus } from '../model/judge.ts'
import { parseIp, reverseName } from '../util/ip.ts'
import type { Ask } from './ask.ts'
import { lookupAddresses } from './host_lookup.ts'

export const UNKNOWN = 'unknown'

/** Names the client: PTR, then the addresses of the name it gives, of the client's own family. Postfix: smtpd_peer(3). */
export async function findClientName(ask: Ask, client: ClientFacts): Promise<ClientName> {
  const ip = parseIp(client.address)
  if (ip === null) return unnamed('permanent')
  const reverse = await findReverseName(ask, client.address, reverseName(ip))
  if (reverse.name === null) return unnamed(reverse.status)
  const { name } = reverse
  // Postfix refuses names that look like addresses or are no host names, as if there were none.
  if (isValidHostaddr(name) || !isValidHostname(name)) return unnamed('permanent')
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

/** /etc/hosts, then the PTR record. */
async function findReverseName(
  ask: Ask,
  address: string,
  query: string,
): Promise<{ name: string } | { name: null; status: NameStatus }> {
  const local = ask.localName(address)
  if (local !== null) return { name: local }
  const answer = await ask.dns(query, 'PTR')
  if (answer.status === 'failed') return { name: null, status: 'temporary' }
  const records = answer.status === 'found' ? answer.records : []
  const first = records.find(record => record.type === 'PTR')
  return first === undefined || first.type !== 'PTR' ? { name: null, status: 'permanent' } : { name: first.name }
}

function unnamed(status: NameStatus): ClientName {
  return { name: UNKNOWN, reverseName: UNKNOWN, nameStatus: status, reverseNameStatus: status, warnings: [] }
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
