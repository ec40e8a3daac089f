/** DKIM-Signature and ARC-Message-Signature as data (RFC 6376 3.5, RFC 8617 4.1.2). */
import type { DkimResult } from '../../model/mail_auth.ts'
import type { Canonicalization } from './header_block.ts'
import { listItems, parseTagList, type Tag, withoutBlanks } from './tag_list.ts'

/** What a signature says of itself, as far as it can be read, sound or not. */
export interface Claims {
  /** Lower case; '' where it is missing or no name. */
  readonly domain: string
  readonly selector: string
  readonly identity: string
  readonly algorithm: string
  /** First 8 characters of b=. */
  readonly tag: string
}

/** What any signature, ARC-Seal included, needs to be verified. */
export interface SignedBy {
  readonly domain: string
  readonly selector: string
  readonly keyType: 'rsa' | 'ed25519'
  readonly signature: Buffer
  /** Where the value of b= stands in the value of the field. */
  readonly cutFrom: number
  readonly cutTo: number
}

export interface Signature extends SignedBy {
  /** Domain of i=, lower case. */
  readonly identityDomain: string
  readonly headerForm: Canonicalization
  readonly bodyForm: Canonicalization
  /** h=, lower case. */
  readonly names: readonly string[]
  readonly bodyHash: Buffer
  /** l=; null: all. */
  readonly bodyLength: number | null
  /** x=, seconds since 1970; null: never. */
  readonly expires: number | null
}

export interface Refusal {
  readonly result: DkimResult
  readonly problem: string
}

export type ParsedSignature =
  | { readonly kind: 'signature'; readonly claims: Claims; readonly signature: Signature }
  | { readonly kind: 'refused'; readonly claims: Claims; readonly refusal: Refusal }

/** Names in h=: real ones have some thirty. */
const MAX_NAMES = 1000
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
/** A key of 16384 bits makes 2,732 characters; folded they are more. */
const MAX_BASE64 = 8192
const SHA256_BYTES = 32
/** RFC 6376 3.5: sub-domain 1*("." sub-domain), in lower case; "_" as in names that are in use, UTF-8 by RFC 8616 4. */
const LABELS = /^(?!-)[a-z0-9_\-\u0080-\u{10ffff}]+(?:\.[a-z0-9_\-\u0080-\u{10ffff}]+)*$/u
const HEADER_NAMES = /^[\x21-\x39\x3b-\x7e]+$/

/** Thrown inside this file only. */
class Refused extends SyntaxError {
  readonly result: DkimResult

  constructor(result: DkimResult, problem: string) {
    super(problem)
    this.result = result
  }
}

/** `text` is the value of the field, one character per byte. ARC's kind has no v=, and its i= is a number (RFC 8617 4.1.2). */
export function parseSignature(text: string, kind: 'dkim' | 'arc'): ParsedSignature {
  const { tags, problem } = parseTagList(text)
  const claims = readClaims(tags, kind)
  try {
    // RFC 8601 2.7.1: what has syntax errors is "neutral".
    if (problem !== null) throw new Refused('neutral', problem)
    if (kind === 'dkim') checkVersion(tags)
    const by = readSignedBy(tags, claims)
    const identityDomain = kind === 'dkim' ? readIdentityDomain(tags, claims) : claims.domain
    const forms = readForms(tags)
    const times = readTimes(tags)
    const names = readNames(tags)
    const bodyHash = readBase64(tags, 'bh')
    if (bodyHash.length !== SHA256_BYTES) throw new Refused('neutral', 'bh= is no SHA-256 hash')
    const bodyLength = readNumber(tags, 'l', 76)
    checkQuery(tags)
    const signature = { ...by, ...forms, ...times, identityDomain, names, bodyHash, bodyLength }
    return { kind: 'signature', claims, signature }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { kind: 'refused', claims, refusal: { result: error.result, problem: error.message } }
  }
}

/** The part that an ARC-Seal has in common with signatures; a string says what is wrong. */
export function parseSignedBy(tags: ReadonlyMap<string, Tag>): SignedBy | string {
  try {
    return readSignedBy(tags, readClaims(tags, 'arc'))
  } catch (error) {
    if (error instanceof Refused) return error.message
    throw error
  }
}

/** Safe to be shown, whatever the tags hold. */
export function readClaims(tags: ReadonlyMap<string, Tag>, kind: 'dkim' | 'arc'): Claims {
  const domain = nameOf(tags.get('d'))
  const algorithm = tags.get('a')?.value ?? ''
  return {
    domain,
    selector: nameOf(tags.get('s')),
    identity: kind === 'dkim' ? identityOf(tags.get('i'), domain) : '',
    algorithm: /^[A-Za-z0-9-]{1,40}$/.test(algorithm) ? algorithm : '',
    tag: (/^[A-Za-z0-9+/=]{1,8}/.exec(withoutBlanks(tags.get('b')?.value ?? '')) ?? [''])[0],
  }
}

function nameOf(tag: Tag | undefined): string {
  if (tag === undefined || tag.value.length > 400) return ''
  const name = utf8(tag.value).toLowerCase()
  return LABELS.test(name) ? name : ''
}

/** i= decoded where it then is one word that can be shown, else as it stands; "@" and d= without one. */
function identityOf(tag: Tag | undefined, domain: string): string {
  if (tag === undefined) return domain === '' ? '' : `@${domain}`
  const written = withoutBlanks(tag.value).slice(0, 1000)
  const decoded = utf8(decodeQuotedPrintable(written))
  return /[\x00-\x20\x7f\ufffd]/.test(decoded) ? utf8(written) : decoded
}

/** RFC 6376 2.11. */
function decodeQuotedPrintable(text: string): string {
  return text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function utf8(latin1: string): string {
  return /^[\x00-\x7f]*$/.test(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8')
}

function checkVersion(tags: ReadonlyMap<string, Tag>): void {
  if (required(tags, 'v').value !== '1') throw new Refused('neutral', 'not of version 1')
}

function readSignedBy(tags: ReadonlyMap<string, Tag>, { domain, selector }: Claims): SignedBy {
  const algorithm = required(tags, 'a').value
  required(tags, 'd')
  required(tags, 's')
  if (!domain.includes('.')) throw new Refused('neutral', 'd= is no domain')
  if (selector === '') throw new Refused('neutral', 's= is no selector')
  const b = required(tags, 'b')
  const signature = readBase64(tags, 'b')
  // RFC 8301 3.1: no longer a signature at all.
  if (algorithm === 'rsa-sha1') throw new Refused('policy', 'rsa-sha1 is not to be trusted')
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') throw new Refused('neutral', 'unknown algorithm')
  const keyType = algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'
  return { domain, selector, keyType, signature, cutFrom: b.start, cutTo: b.end }
}

/** RFC 6376 3.5 i=: of d= or below. */
function readIdentityDomain(tags: ReadonlyMap<string, Tag>, { domain, identity }: Claims): string {
  if (!tags.has('i')) return domain
  const at = identity.lastIndexOf('@')
  const identityDomain = identity.slice(at + 1).toLowerCase()
  if (at < 0) throw new Refused('neutral', 'i= has no domain')
  if (identityDomain !== domain && !identityDomain.endsWith(`.${domain}`))
    throw new Refused('permerror', 'i= is not of the domain of d=')
  return identityDomain
}

function readForms(tags: ReadonlyMap<string, Tag>): { headerForm: Canonicalization; bodyForm: Canonicalization } {
  // RFC 6376 3.5 c=: a body that is not named is simple.
  const [headerForm = '', bodyForm = 'simple', ...more] = (tags.get('c')?.value ?? 'simple').toLowerCase().split('/')
  if (!isForm(headerForm) || !isForm(bodyForm) || more.length > 0)
    throw new Refused('neutral', 'unknown canonicalization')
  return { headerForm, bodyForm }
}

function isForm(text: string): text is Canonicalization {
  return text === 'simple' || text === 'relaxed'
}

/** t= in the future is let pass: RFC 6376 3.5 allows to ignore such signatures, and clocks are wrong. */
function readTimes(tags: ReadonlyMap<string, Tag>): { expires: number | null } {
  const signed = readNumber(tags, 't', 12)
  const expires = readNumber(tags, 'x', 12)
  if (signed !== null && expires !== null && expires <= signed) throw new Refused('neutral', 'x= is not after t=')
  return { expires }
}

function readNames(tags: ReadonlyMap<string, Tag>): readonly string[] {
  // A colon too many names nothing.
  const names = listItems(required(tags, 'h').value.toLowerCase()).filter(name => name !== '')
  if (names.length > MAX_NAMES) throw new Refused('policy', 'too many names in h=')
  if (!names.every(name => HEADER_NAMES.test(name))) throw new Refused('neutral', 'h= is no list of names')
  // RFC 6376 5.4: From has to be signed.
  if (!names.includes('from')) throw new Refused('permerror', 'From is not signed')
  return names
}

/** RFC 6376 3.5 q=: of several methods any that is known; a method may have options behind "/". */
function checkQuery(tags: ReadonlyMap<string, Tag>): void {
  const methods = listItems((tags.get('q')?.value ?? 'dns/txt').toLowerCase())
  if (!methods.includes('dns/txt') && !methods.includes('dns'))
    throw new Refused('neutral', 'unknown way to find the key')
}

function readBase64(tags: ReadonlyMap<string, Tag>, name: 'b' | 'bh'): Buffer {
  const { value } = required(tags, name)
  if (value.length > MAX_BASE64) throw new Refused('neutral', `${name}= is longer than any signature`)
  const text = withoutBlanks(value)
  if (!BASE64.test(text)) throw new Refused('neutral', `${name}= is no base64`)
  return Buffer.from(text, 'base64')
}

function readNumber(tags: ReadonlyMap<string, Tag>, name: 't' | 'x' | 'l', digits: number): number | null {
  const tag = tags.get(name)
  if (tag === undefined) return null
  if (!/^[0-9]+$/.test(tag.value) || tag.value.length > digits) throw new Refused('neutral', `${name}= is no number`)
  return Number(tag.value)
}

function required(tags: ReadonlyMap<string, Tag>, name: string): Tag {
  const tag = tags.get(name)
  if (tag === undefined) throw new Refused('neutral', `no ${name}=`)
  return tag
}
