import type { Config } from '../config/config.ts'
import { isAscii, isValidHostname } from '../mail/hostname.ts'
import { toAscii } from '../mail/idna.ts'
import type { Facts } from '../model/facts.ts'
import type { ClientName } from '../model/judge.ts'
import type { Reply } from '../model/reply.ts'
import type { Subject } from '../model/subject.ts'
import { DUNNO, deferIfReject, lookupFailure, PERMIT, SERVER_ERROR, type Verdict } from '../model/verdict.ts'
import { parseIp, reverseLabels } from '../util/ip.ts'
import { parseIpMatch } from '../util/ip_match.ts'
import { macExpand } from '../util/mac_expand.ts'
import { fixDetail, splitStatus } from './access.ts'
import type { Ask } from './ask.ts'
import { expandSession } from './expand.ts'
import type { Check } from './restriction.ts'

/** The parameters of reject_rbl_client and its kin. */
export const RBL_PARAMS = [
  'maps_rbl_reject_code',
  'default_rbl_reply',
  'rbl_reply_maps',
  'smtpd_expansion_filter',
  'myhostname',
] as const

type RblConfig = Pick<Config, (typeof RBL_PARAMS)[number]>
type RblCheck = Check<(typeof RBL_PARAMS)[number]>

/** Postfix keeps that much of a list's TXT records. */
const TXT_LIMIT = 500

export type ListAnswer =
  | { readonly kind: 'listed'; readonly text: string }
  | { readonly kind: 'clean' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'bad filter'; readonly problem: string }

/** "list.example=127.0.0.[2..4]" in parts. */
export function splitListArgument(argument: string): { readonly zone: string; readonly filter: string | null } {
  const equals = argument.indexOf('=')
  return equals < 0
    ? { zone: argument, filter: null }
    : { zone: argument.slice(0, equals), filter: argument.slice(equals + 1) }
}

/** Asks a list about the client's address. RFC 5782 2.1 (IPv4 octets reversed), 2.4 (IPv6 nibbles reversed). */
export function askAddressList(ask: Ask, argument: string, address: string): Promise<ListAnswer> {
  const ip = parseIp(address)
  return ip === null ? Promise.resolve({ kind: 'clean' }) : askList(ask, argument, reverseLabels(ip))
}

/** Asks a list about the domain of a name or mail address. RFC 5782 3. An address is never asked of a domain list. */
export function askDomainList(ask: Ask, argument: string, what: string): Promise<ListAnswer> {
  const at = what.lastIndexOf('@')
  const raw = what.slice(at + 1)
  const topLabel = raw.slice(raw.lastIndexOf('.') + 1)
  if (raw === '' || raw.startsWith('[') || /^\d*$/.test(topLabel)) return Promise.resolve({ kind: 'clean' })
  const domain = isAscii(raw) ? raw : toAscii(raw)
  return isValidHostname(domain) ? askList(ask, argument, domain) : Promise.resolve({ kind: 'clean' })
}

async function askList(ask: Ask, argument: string, labels: string): Promise<ListAnswer> {
  const { zone, filter } = splitListArgument(argument)
  const matches = filter === null ? () => true : parseIpMatch(filter)
  if (typeof matches !== 'function') return { kind: 'bad filter', problem: matches.problem }
  const query = `${labels}.${zone}`
  const answer = await ask.dns(query, 'A')
  if (answer.status === 'failed') {
    ask.warn(
      `${query}: RBL lookup error: Host or domain name not found. Name service error for name=${query} type=A: Host not found, try again`,
    )
    return { kind: 'failed' }
  }
  if (answer.status === 'absent') return { kind: 'clean' }
  const addresses = answer.records.flatMap(record => (record.type === 'A' ? [record.address] : []))
  const counted = addresses.filter(address => ask.isListing(zone, address))
  if (counted.length === 0 || !counted.some(matches)) return { kind: 'clean' }
  return { kind: 'listed', text: await listText(ask, query) }
}

/** What the list says about the entry: the first string of each TXT record, joined by " / ". */
async function listText(ask: Ask, query: string): Promise<string> {
  const answer = await ask.dns(query, 'TXT')
  if (answer.status !== 'found') return ''
  const texts = answer.records.flatMap(record => (record.type === 'TXT' ? [record.strings[0] ?? ''] : []))
  // Postfix shows nothing of a TXT record but printable ASCII.
  return texts
    .join(' / ')
    .slice(0, TXT_LIMIT)
    .replace(/[^ -~]/g, ' ')
}

/** What of a listing is told in the reply. */
interface Listing {
  readonly argument: string
  readonly what: string
  readonly subject: Subject
}

/** The refusal of a listed client or name, in the words of rbl_reply_maps or default_rbl_reply. */
export async function rejectListed(c: RblCheck, answer: ListAnswer, listing: Listing): Promise<Verdict> {
  if (answer.kind === 'bad filter') return badFilter(c.ask, answer.problem)
  if (answer.kind !== 'listed') return DUNNO
  const template = await replyTemplate(c, listing.argument)
  if (template.status === 'failed') return SERVER_ERROR
  const client = await c.ask.clientName()
  const expand = { config: c.config, ask: c.ask, text: answer.text, listing, client }
  const fallback = c.config.default_rbl_reply
  return { kind: 'reject', reply: facts => rblReply(template.text ?? fallback, facts, { ...expand, fallback }) }
}

/** Postfix dies on a bad reply filter; a gateway must not. */
function badFilter(ask: Ask, problem: string): Verdict {
  ask.warn(`RBL reply error: ${problem}`)
  return SERVER_ERROR
}

async function replyTemplate(
  c: RblCheck,
  argument: string,
): Promise<{ status: 'ok'; text: string | null } | { status: 'failed' }> {
  if (c.config.rbl_reply_maps.length === 0) return { status: 'ok', text: null }
  const found = await c.ask.mapsKey('rbl_reply_maps', argument)
  if (found.status === 'failed') return { status: 'failed' }
  return { status: 'ok', text: found.status === 'found' ? found.value : null }
}

interface RblExpansion {
  readonly config: RblConfig
  readonly ask: Ask
  readonly text: string
  readonly listing: Listing
  readonly client: ClientName
  readonly fallback: string
}

function rblReply(template: string, facts: Facts, e: RblExpansion): Reply {
  const expanded = expandTemplate(template, facts, e) ?? expandTemplate(e.fallback, facts, e) ?? ''
  const m = /^([45]\d\d) ([\s\S]*)$/.exec(expanded)
  if (m === null) {
    e.ask.warn(`rbl response code configuration error: ${expanded}`)
    return { code: 450, detail: '7.1', text: 'Service unavailable' }
  }
  const { status, rest } = splitStatus(m[2] ?? '')
  const detail = fixDetail(status ?? { class: '4', detail: '7.1' }, e.listing.subject, e.ask)
  return { code: Number(m[1]), detail, text: rest === '' ? 'Service unavailable' : rest }
}

/** null when the template names something unknown. */
function expandTemplate(template: string, facts: Facts, e: RblExpansion): string | null {
  const { listing, config } = e
  const own: Readonly<Record<string, string>> = {
    rbl_code: String(config.maps_rbl_reject_code),
    rbl_domain: splitListArgument(listing.argument).zone,
    rbl_reason: e.text,
    rbl_txt: e.text,
    rbl_what: listing.what,
    rbl_class: listing.subject.class,
  }
  let unknown: string | null = null
  const session = { client: e.client, myhostname: config.myhostname, nowMs: e.ask.now() }
  const lookup = (name: string): string | undefined => {
    const value = (Object.hasOwn(own, name) ? own[name] : undefined) ?? expandSession(name, { ...session, facts })
    if (value === undefined) unknown = name
    return value
  }
  try {
    const text = macExpand(template, lookup, { allow: config.smtpd_expansion_filter })
    if (unknown === null) return text
    e.ask.warn(`unknown macro name "${unknown}" in expansion request`)
  } catch {
    // Told below: a template that cannot be read is as bad as one with unknown names.
  }
  e.ask.warn(`bad rbl reply template for domain ${listing.argument}: ${template}`)
  return null
}

/** An allow list lets in only what is ours to take, and a list that does not answer makes later refusals temporary. */
export async function permitListed(
  c: Check<'allow_untrusted_routing'>,
  ask: () => Promise<ListAnswer>,
  told: { what: string; class: Subject['class'] },
): Promise<Verdict> {
  const { facts } = c
  if (facts.where === 'RCPT' && facts.recipient !== null) {
    const resolved = await c.ask.resolveAddress(facts.recipient)
    if (resolved.status !== 'found') return lookupFailure(facts.recipient)
    if (!isAuthorizedDestination(resolved.value, c.config.allow_untrusted_routing)) return DUNNO
  }
  const said = await ask()
  switch (said.kind) {
    case 'listed':
      return PERMIT
    case 'clean':
      return DUNNO
    case 'failed':
      return deferIfReject(450, '7.1', `<${told.what}>: ${told.class} rejected: Service unavailable`)
    case 'bad filter':
      return badFilter(c.ask, said.problem)
  }
}

/** Mail that we deliver or relay by configuration. Postfix: permit_auth_destination. */
export function isAuthorizedDestination(
  resolved: { readonly class: string; readonly routed: boolean; readonly malformed: boolean },
  allowUntrustedRouting: boolean,
): boolean {
  if (!allowUntrustedRouting && resolved.routed) return false
  return !resolved.malformed && resolved.class !== 'default'
}
