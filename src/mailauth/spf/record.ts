import { maskIp } from '../../util/cidr.ts'
import { type IpAddress, parseIpExactly } from '../../util/ip.ts'
import { type MacroPiece, parseMacros, usesLetter } from './macro.ts'

/** SPF records (RFC 7208 4.5, 4.6 and 12): text to terms. Pure; evaluated elsewhere. */

export type Qualifier = '+' | '-' | '?' | '~'

/** A domain-spec. `constant`: its name, where no macro stands in it. */
export interface DomainSpec {
  readonly pieces: readonly MacroPiece[]
  readonly constant: string | null
  /** %{p} needs the DNS. */
  readonly needsClientName: boolean
  /** %{s} or %{l}: never matches for a local part outside ASCII (RFC 8616 4). */
  readonly needsLocalPart: boolean
}

export type Mechanism = { readonly qualifier: Qualifier /** As written. */; readonly text: string } & (
  | { readonly name: 'all' }
  | { readonly name: 'include' | 'exists'; readonly domain: DomainSpec }
  /** `domain` null: the domain of the record. */
  | {
      readonly name: 'a' | 'mx'
      readonly domain: DomainSpec | null
      readonly prefix4: number
      readonly prefix6: number
    }
  | { readonly name: 'ptr'; readonly domain: DomainSpec | null }
  | { readonly name: 'ip4' | 'ip6'; readonly network: IpAddress; readonly prefix: number }
)

export interface Redirect {
  readonly text: string
  readonly domain: DomainSpec
}

export interface SpfRecord {
  readonly mechanisms: readonly Mechanism[]
  readonly redirect: Redirect | null
  readonly exp: DomainSpec | null
  readonly text: string
}

/** What makes a record a permerror. */
export interface RecordProblem {
  readonly term: string
  readonly problem: string
}

const MODIFIER = /^([A-Za-z][A-Za-z0-9\-_.]*)=(.*)$/s
const DIRECTIVE = /^([-+?~]?)([A-Za-z0-9]*)(.*)$/s
/** RFC 7208 12: no leading zeros. */
const CIDR = '(?:0|[1-9][0-9]{0,2})'
const DUAL_CIDR = new RegExp(`^(.*?)(?:/(${CIDR}))?(?://(${CIDR}))?$`, 's')
const SINGLE_CIDR = new RegExp(`^(.*?)(?:/(${CIDR}))?$`, 's')
/** Of a term, so much is shown. */
const SHOWN_TERM = 100

/** Whether a TXT record is an SPF record of version 1 at all (RFC 7208 4.5). */
export function isSpfRecord(text: string): boolean {
  if (text.length < 6 || (text.length > 6 && text.charCodeAt(6) !== 0x20)) return false
  return text.slice(0, 6).toLowerCase() === 'v=spf1'
}

/** Reads a record that `isSpfRecord` knows as one. All of it is checked before any of it counts (RFC 7208 4.6). */
export function parseRecord(text: string): SpfRecord | RecordProblem {
  const mechanisms: Mechanism[] = []
  let redirect: Redirect | null = null
  let exp: DomainSpec | null = null
  for (const term of text.slice(6).split(' ')) {
    if (term === '') continue
    const modifier = MODIFIER.exec(term)
    if (modifier === null) {
      const mechanism = parseMechanism(term)
      if (typeof mechanism === 'string') return broken(term, mechanism)
      mechanisms.push(mechanism)
      continue
    }
    const name = (modifier[1] ?? '').toLowerCase()
    const value = modifier[2] ?? ''
    if (name !== 'redirect' && name !== 'exp') {
      const pieces = parseMacros(value, false)
      if (typeof pieces === 'string') return broken(term, pieces)
      continue
    }
    const domain = parseDomainSpec(value)
    if (typeof domain === 'string') return broken(term, domain)
    // RFC 7208 6: each at most once.
    if ((name === 'redirect' ? redirect : exp) !== null) return broken(term, `${name}= stands there twice`)
    if (name === 'redirect') redirect = { text: shown(term), domain }
    else exp = domain
  }
  return { mechanisms, redirect, exp, text }
}

function broken(term: string, problem: string): RecordProblem {
  return { term: shown(term), problem }
}

/** Foreign bytes go to the log: printable, and not too many. */
function shown(term: string): string {
  const printable = term.replace(/[^\x20-\x7e]/g, '?')
  return printable.length > SHOWN_TERM ? `${printable.slice(0, SHOWN_TERM)}…` : printable
}

function parseMechanism(term: string): Mechanism | string {
  const [, sign = '', word = '', rest = ''] = DIRECTIVE.exec(term) ?? []
  const head = { qualifier: toQualifier(sign), text: shown(term) }
  const name = word.toLowerCase()
  switch (name) {
    case 'all':
      return rest === '' ? { ...head, name } : 'nothing may follow "all"'
    case 'include':
    case 'exists': {
      if (!rest.startsWith(':')) return `"${name}" needs a domain`
      const domain = parseDomainSpec(rest.slice(1))
      return typeof domain === 'string' ? domain : { ...head, name, domain }
    }
    case 'ptr': {
      const domain = parseOptionalDomain(rest)
      return typeof domain === 'string' ? domain : { ...head, name, domain }
    }
    case 'a':
    case 'mx': {
      const [, target = '', four = '32', six = '128'] = DUAL_CIDR.exec(rest) ?? []
      const [prefix4, prefix6] = [Number(four), Number(six)]
      if (prefix4 > 32 || prefix6 > 128) return 'a network length that is too big'
      const domain = parseOptionalDomain(target)
      return typeof domain === 'string' ? domain : { ...head, name, domain, prefix4, prefix6 }
    }
    case 'ip4':
    case 'ip6': {
      const network = parseNetwork(rest, name)
      return typeof network === 'string' ? network : { ...head, name, ...network }
    }
    default:
      return 'an unknown mechanism'
  }
}

function toQualifier(sign: string): Qualifier {
  return sign === '-' || sign === '?' || sign === '~' ? sign : '+'
}

function parseOptionalDomain(rest: string): DomainSpec | null | string {
  if (rest === '') return null
  return rest.startsWith(':') ? parseDomainSpec(rest.slice(1)) : 'an unknown mechanism'
}

function parseNetwork(rest: string, name: 'ip4' | 'ip6'): { network: IpAddress; prefix: number } | string {
  const [, text = '', length] = SINGLE_CIDR.exec(rest) ?? []
  const address = text.startsWith(':') ? parseIpExactly(text.slice(1)) : null
  const bits = name === 'ip4' ? 32 : 128
  if (address?.family !== (name === 'ip4' ? 4 : 6)) return `no ${name === 'ip4' ? 'IPv4' : 'IPv6'} address`
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) return 'a network length that is too big'
  return { network: maskIp(address, prefix), prefix }
}

/** domain-spec: a macro-string that ends with a macro or a top-level label. */
function parseDomainSpec(text: string): DomainSpec | string {
  if (text === '') return 'no domain'
  const parsed = parseMacros(text, false)
  if (typeof parsed === 'string') return parsed
  const { pieces, endsInMacro } = parsed
  if (!endsInMacro && !endsInTopLabel(text)) return 'no domain name'
  const [only] = pieces
  return {
    pieces,
    constant: pieces.length === 1 && typeof only === 'string' ? only.replace(/\.$/, '') : null,
    needsClientName: usesLetter(pieces, 'p'),
    needsLocalPart: usesLetter(pieces, 'sl'),
  }
}

/** toplabel: letters, digits and inner hyphens, not digits alone; a dot before it, and perhaps one behind. No regular expression that could go back. */
function endsInTopLabel(text: string): boolean {
  const end = text.endsWith('.') ? text.length - 1 : text.length
  const dot = text.lastIndexOf('.', end - 1)
  const label = dot < 0 ? '' : text.slice(dot + 1, end)
  return /^[A-Za-z0-9-]+$/.test(label) && /[A-Za-z-]/.test(label) && !label.startsWith('-') && !label.endsWith('-')
}
