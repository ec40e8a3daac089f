import { isAscii, isValidHostaddr, mailhostAddr } from '../mail/hostname.ts'
import { toAscii } from '../mail/idna.ts'
import type { Subject } from '../model/subject.ts'
import { DUNNO, lookupFailure, type OnPermit, SERVER_ERROR, type Verdict } from '../model/verdict.ts'
import type { Table } from '../table/table.ts'
import { accessVerdict, tableFault } from './access.ts'
import type { Ask } from './ask.ts'
import { addressTypes, lookupAddresses, lookupHost } from './host_lookup.ts'
import type { Check } from './restriction.ts'
import { forbiddenPermit } from './walk.ts'

/** The parameters that every check_…_access restriction reads. */
export const ACCESS_PARAMS = [
  'access_map_reject_code',
  'access_map_defer_code',
  'parent_domain_matches_subdomains',
  'allow_untrusted_routing',
  'inet_protocols',
] as const

type AccessCheck = Check<(typeof ACCESS_PARAMS)[number]>

/** A table asked in the name of one subject. `onPermit`: what an OK of this table is worth. */
export interface AccessQuery {
  readonly ask: Ask
  readonly config: AccessCheck['config']
  readonly table: Table
  readonly subject: Subject
}

/** null: no key matched, so the next kind of key may be tried. */
type Match = Verdict | null

/** The query that a check makes; null without a table (the compiler has told why). */
export function accessQuery(c: AccessCheck, subject: Subject): AccessQuery | null {
  return c.table === null ? null : { ask: c.ask, config: c.config, table: c.table, subject }
}

/** Host name, its parent domains, then the address and its networks. Postfix: check_namadr_access. */
export async function checkNameAndAddress(query: AccessQuery | null, name: string, address: string): Promise<Verdict> {
  if (query === null) return SERVER_ERROR
  return (await matchDomain(query, name)) ?? (await matchAddress(query, address)) ?? DUNNO
}

/** Postfix: check_domain_access. */
export async function checkDomain(query: AccessQuery | null, name: string): Promise<Verdict> {
  if (query === null) return SERVER_ERROR
  return (await matchDomain(query, name)) ?? DUNNO
}

/** One key as it is. Postfix: check_access. */
export async function checkKey(query: AccessQuery | null, key: string): Promise<Verdict> {
  if (query === null) return SERVER_ERROR
  return (await matchKey(query, key, { partial: false, told: key })) ?? DUNNO
}

/** Mail address in the order of access(5). Postfix: check_mail_access. */
export async function checkMailAddress(query: AccessQuery | null, address: string): Promise<Verdict> {
  if (query === null) return SERVER_ERROR
  const { ask, table, subject } = query
  const resolved = await ask.resolveAddress(address)
  if (resolved.status !== 'found') return lookupFailure(address)
  const key = resolved.value.address
  const answer = await ask.lookupAddress(table, key)
  if (answer.status === 'absent') return DUNNO
  if (answer.status === 'failed') return tableFault(subject)
  const verdict = accessVerdict(answer.value, { table: table.name, key, subject }, query)
  // Postfix: an OK for user@elsewhere@here says nothing about elsewhere.
  const mayRoute = query.config.allow_untrusted_routing
  const suspicious = !mayRoute && resolved.value.routed && subject.class === 'Recipient address'
  return suspicious ? withOnPermit(verdict, 'dunno') : verdict
}

/** Makes an OK of `verdict`, direct or out of a list, count as something less. */
function withOnPermit(verdict: Verdict, onPermit: OnPermit): Verdict {
  if (verdict.kind === 'permit' && onPermit === 'dunno') return DUNNO
  return verdict.kind === 'list' ? { ...verdict, onPermit } : verdict
}

/**
 * Tables that judge by names which the client chooses (its PTR name, its HELO, the servers of a domain) may refuse but not
 * let in. Postfix: forbid_allowlist.
 */
export function forbidPermit(
  verdict: Verdict,
  c: Pick<AccessCheck, 'ask'>,
  told: { restriction: string; target: string },
): Verdict {
  if (verdict.kind !== 'permit') return withOnPermit(verdict, 'forbidden')
  for (const warning of forbiddenPermit(told.restriction, told.target)) c.ask.warn(warning)
  return SERVER_ERROR
}

async function matchKey(query: AccessQuery, key: string, how: { partial: boolean; told: string }): Promise<Match> {
  const { ask, table, subject } = query
  const answer = await ask.lookup(table, key, how.partial)
  if (answer.status === 'absent') return null
  if (answer.status === 'failed') return tableFault(subject)
  return accessVerdict(answer.value, { table: table.name, key: how.told, subject }, query)
}

async function matchDomain(query: AccessQuery, domain: string): Promise<Match> {
  const parents = query.config.parent_domain_matches_subdomains.includes('smtpd_access_maps')
  let key = domain
  while (key !== '') {
    const match = await matchKey(query, key, { partial: key !== domain, told: domain })
    if (match !== null) return match
    // Postfix: no parent domains of a numeric host name.
    if (isValidHostaddr(domain)) return null
    const dot = key.indexOf('.', 1)
    if (dot < 0) return null
    key = key.slice(parents ? dot + 1 : dot)
  }
  return null
}

async function matchAddress(query: AccessQuery, address: string): Promise<Match> {
  const separator = address.includes(':') ? ':' : '.'
  let key = address
  while (true) {
    const match = await matchKey(query, key, { partial: key !== address, told: address })
    if (match !== null) return match
    const cut = key.lastIndexOf(separator)
    if (cut < 0) return null
    key = key.slice(0, cut)
  }
}

/** By the names and addresses of the servers of a domain. Postfix: check_server_access. */
export async function checkServers(query: AccessQuery | null, name: string, type: 'A' | 'MX' | 'NS'): Promise<Verdict> {
  if (query === null) return SERVER_ERROR
  const domain = name.slice(name.lastIndexOf('@') + 1)
  if (domain.startsWith('[')) {
    const address = domain.endsWith(']') && type !== 'NS' ? mailhostAddr(domain.slice(1, -1)) : null
    return address === null ? DUNNO : ((await matchAddress(query, address)) ?? DUNNO)
  }
  const servers = await findServers(query, isAscii(domain) ? domain : toAscii(domain), { type, name })
  // All addresses are asked for at once; the table is then asked in order.
  const types = addressTypes(query.config.inet_protocols)
  const hosts = servers.map(server => ({ server, addresses: lookupAddresses(query.ask, server, types) }))
  for (const host of hosts) {
    const match = await matchServer(query, host.server, { type, addresses: await host.addresses })
    if (match !== null) return match
  }
  return DUNNO
}

interface ServerAddresses {
  readonly type: 'A' | 'MX' | 'NS'
  readonly addresses: Awaited<ReturnType<typeof lookupAddresses>>
}

async function matchServer(query: AccessQuery, server: string, { type, addresses }: ServerAddresses): Promise<Match> {
  if (isValidHostaddr(server)) return matchAddress(query, server)
  if (type !== 'A') {
    const match = await matchDomain(query, server)
    if (match !== null) return match
  }
  if (addresses.addresses.length === 0) {
    const { subject } = query
    if (type !== 'A')
      query.ask.warn(
        `Unable to look up ${type} host ${server} for ${subject.class} ${subject.name}: ${addresses.reason}`,
      )
    return null
  }
  for (const address of addresses.addresses) {
    const match = await matchAddress(query, address)
    if (match !== null) return match
  }
  return null
}

/** The hosts that serve a domain; [] after a warning when they cannot be found. */
async function findServers(
  query: AccessQuery,
  domain: string,
  told: { type: 'A' | 'MX' | 'NS'; name: string },
): Promise<string[]> {
  const { type, name } = told
  if (type === 'A') return [domain]
  let asked = domain
  let answer = await lookupHost(query.ask, asked, type)
  if (answer.status === 'nullmx') return []
  // RFC 5321 5.1: without MX the domain is its own mail exchanger.
  if (answer.status === 'notfound' && type === 'MX') return [domain]
  while (answer.status === 'notfound' && type === 'NS') {
    const dot = asked.indexOf('.')
    if (dot < 0 || dot === asked.length - 1) {
      asked = name
      break
    }
    asked = asked.slice(dot + 1)
    answer = await lookupHost(query.ask, asked, type)
  }
  if (answer.status !== 'ok') {
    query.ask.warn(`Unable to look up ${type} host for ${asked}: ${answer.reason}`)
    return []
  }
  return answer.records.flatMap(r => (r.type === 'MX' ? [r.exchange] : r.type === 'NS' ? [r.name] : []))
}
