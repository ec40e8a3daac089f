import { quoteAddress } from '../mail/address.ts'
import { ABSENT, found, type Lookup } from '../model/lookup.ts'
import type { Maps } from './maps.ts'

/** Which keys are tried for a mail address, in this order. Postfix: mail_addr_find(3). */
export interface AddressSearch {
  /** user+ext@domain */
  readonly full?: boolean
  /** user@domain, and user in place of user+ext further down */
  readonly noExtension?: boolean
  /** user+ext and user, when the domain is local */
  readonly localpartIfLocal?: boolean
  /** @domain */
  readonly atDomain?: boolean
  /** domain; then its parents: 'names' (example.com) or 'dotted' (.example.com) */
  readonly domain?: 'exact' | 'names' | 'dotted'
  /** user+ext@ and user@ */
  readonly localpartAt?: boolean
}

/** How virtual_alias_maps, local_recipient_maps, smtpd_sender_login_maps and the like are searched. */
export const MAPS_SEARCH: AddressSearch = { full: true, noExtension: true, localpartIfLocal: true, atDomain: true }

/** How access(5) tables are searched. `parentsMatch`: parent_domain_matches_subdomains has smtpd_access_maps. */
export function accessSearch(parentsMatch: boolean): AddressSearch {
  return { full: true, noExtension: true, domain: parentsMatch ? 'names' : 'dotted', localpartAt: true }
}

/** Text of the keys: as mail headers have it (quoted local part), as it is, or one and then the other. */
export type AddressForm = 'external' | 'internal' | 'external_first' | 'internal_first'

export interface AddressRules {
  /** recipient_delimiter: any of these characters begins the extension. '' for none. */
  readonly recipientDelimiter: string
  /** owner_request_special */
  readonly ownerRequestSpecial: boolean
  /** double_bounce_sender */
  readonly doubleBounceSender: string
  /** The domain is $myorigin, in $mydestination, or one of our addresses in brackets. */
  isLocal(domain: string): Promise<Lookup<true>>
}

export interface AddressQuery {
  /** Internal form: no quotes. */
  readonly address: string
  readonly search: AddressSearch
  /** Default: 'external_first', as smtpd(8) searches. */
  readonly form?: AddressForm
  readonly rules: AddressRules
}

export interface AddressFound {
  readonly value: string
  /** What was cut off to find it, with its delimiter: "+ext"; null when nothing. */
  readonly extension: string | null
}

/** Searches maps for a mail address. A failed lookup ends the search. */
export async function findMailAddress(maps: Maps, query: AddressQuery): Promise<Lookup<AddressFound>> {
  for await (const key of addressKeys(query)) {
    if (typeof key === 'object' && 'status' in key) return key
    for (const text of formsOf(key, query.form ?? 'external_first')) {
      const answer = await maps.find(text, key.partial)
      if (answer.status === 'failed') return answer
      if (answer.status === 'found') return found({ value: answer.value, extension: key.extension })
    }
  }
  return ABSENT
}

interface Key {
  readonly text: string
  readonly partial: boolean
  readonly extension: string | null
  /** 'none': never quoted, it has no local part. 'bare': a local part alone. */
  readonly quoting: 'address' | 'bare' | 'none'
}

async function* addressKeys(query: AddressQuery): AsyncGenerator<Key | Extract<Lookup<true>, { status: 'failed' }>> {
  const { address, search, rules } = query
  const stripped = search.noExtension === true ? stripExtension(address, rules) : null
  const at = address.lastIndexOf('@')
  const domain = at < 0 ? '' : address.slice(at + 1)
  if (search.full) yield { text: address, partial: false, extension: null, quoting: 'address' }
  if (stripped !== null) {
    yield { text: stripped.address, partial: true, extension: stripped.extension, quoting: 'address' }
  }
  if (at >= 0 && search.localpartIfLocal) {
    const local = await rules.isLocal(domain)
    if (local.status === 'failed') return yield local
    if (local.status === 'found') yield* localpartKeys(address, stripped, '')
  }
  if (at >= 0 && search.atDomain) {
    yield { text: address.slice(at), partial: true, extension: null, quoting: 'none' }
  }
  if (at >= 0 && search.domain !== undefined) {
    for (const name of domainAndParents(domain, search.domain)) {
      yield { text: name, partial: true, extension: null, quoting: 'none' }
    }
  }
  if (at >= 0 && search.localpartAt) yield* localpartKeys(address, stripped, '@')
}

function* localpartKeys(address: string, stripped: Stripped | null, suffix: '' | '@'): Generator<Key> {
  const quoting = suffix === '' ? 'bare' : 'address'
  const local = (text: string) => text.slice(0, text.lastIndexOf('@')) + suffix
  yield { text: local(address), partial: true, extension: null, quoting }
  if (stripped !== null) {
    yield { text: local(stripped.address), partial: true, extension: stripped.extension, quoting }
  }
}

function domainAndParents(domain: string, style: 'exact' | 'names' | 'dotted'): string[] {
  const names: string[] = []
  for (let name = domain; name !== ''; ) {
    names.push(name)
    const dot = name.indexOf('.', 1)
    if (style === 'exact' || dot < 0) break
    name = name.slice(style === 'dotted' ? dot : dot + 1)
  }
  return names
}

function formsOf(key: Key, form: AddressForm): readonly string[] {
  if (key.quoting === 'none') return [key.text]
  // A bare local part is quoted as if a domain followed: an "@" in it is its own.
  const external = key.quoting === 'bare' ? quoteAddress(`${key.text}@`).slice(0, -1) : quoteAddress(key.text)
  if (form === 'external') return [external]
  if (form === 'internal') return [key.text]
  const both = form === 'external_first' ? [external, key.text] : [key.text, external]
  return external === key.text ? [external] : both
}

export interface Stripped {
  readonly address: string
  /** With its delimiter. */
  readonly extension: string
}

/** The address without the extension of its local part; null when it has none. Postfix: strip_addr(3), split_addr(3). */
export function stripExtension(address: string, rules: Omit<AddressRules, 'isLocal'>): Stripped | null {
  const at = address.lastIndexOf('@')
  const local = at < 0 ? address : address.slice(0, at)
  if (isNeverSplit(local.toLowerCase(), rules)) return null
  const cut = [...local].findIndex(char => rules.recipientDelimiter.includes(char))
  if (rules.recipientDelimiter === '' || cut <= 0) return null
  const kept = [...local].slice(0, cut).join('')
  return { address: kept + (at < 0 ? '' : address.slice(at)), extension: local.slice(kept.length) }
}

function isNeverSplit(local: string, rules: Omit<AddressRules, 'isLocal'>): boolean {
  if (local === 'postmaster' || local === 'mailer-daemon') return true
  if (local === rules.doubleBounceSender.toLowerCase()) return true
  if (!rules.ownerRequestSpecial || !rules.recipientDelimiter.includes('-')) return false
  return local.startsWith('owner-') || (local.length > 8 && local.endsWith('-request'))
}
