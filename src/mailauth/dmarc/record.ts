/** DMARC policy records (RFC 9989 4.7, 4.8). */
import type { DmarcPolicy, DmarcRecord } from '../../model/mail_auth.ts'

/** What a domain publishes at "_dmarc". */
export interface ParsedRecord {
  /** Null: it asks for nothing that can be followed, but its psd tag still counts for the tree walk. */
  readonly record: DmarcRecord | null
  readonly psd: 'y' | 'n' | 'u'
  /** What is wrong with it; null: nothing. */
  readonly problem: string | null
}

/** RFC 9989 4.8: the tag's name in any case, its value exactly "DMARC1", first in the record. */
const VERSION = /^[ \t\r\n]*v[ \t\r\n]*=[ \t\r\n]*/i
const VERSION_VALUE = /^DMARC1[ \t\r\n]*(?:;|$)/
const TAG = /^[ \t\r\n]*([A-Za-z]+)[ \t\r\n]*=([\s\S]*)$/

/** RFC 3986 3, with "," and "!" encoded (RFC 9989 4.8). */
const REPORTING_URI = /^[a-z][a-z0-9+.-]*:(?:[a-z0-9\-._~:/?#[\]@$&'()*+;=]|%[0-9a-f]{2})+$/i
/** RFC 9989 4.8 obs-dmarc-report-size. */
const REPORT_SIZE = /![0-9]+[kmgt]?$/i
/** A record of the longest TXT holds thousands of URIs; reports go to a few. */
const MAX_URIS = 20

/** Null: this text is no DMARC record. */
export function parseDmarcRecord(text: string): ParsedRecord | null {
  const version = VERSION.exec(text)
  if (version === null || !VERSION_VALUE.test(text.slice(version[0].length))) return null
  const tags = readTags(text)
  const psd = oneOf(tags.get('psd'), ['y', 'n', 'u'] as const) ?? 'u'
  const rua = uris(tags.get('rua'))
  const policies = readPolicies(tags)
  // RFC 9989 4.10.1: with somewhere to report to it counts as p=none, else there is nothing to do. 4.7: no p at all always does.
  if (policies.problem !== null && policies.problem !== NO_POLICY && rua.length === 0)
    return { record: null, psd, problem: policies.problem }
  const { p, sp, np } = policies
  const record: DmarcRecord = {
    p,
    sp,
    np,
    adkim: oneOf(tags.get('adkim'), ['r', 's'] as const) ?? 'r',
    aspf: oneOf(tags.get('aspf'), ['r', 's'] as const) ?? 'r',
    fo: failureOptions(tags.get('fo')),
    testing: tags.get('t')?.toLowerCase() === 'y',
    psd,
    rua,
    ruf: uris(tags.get('ruf')),
    text,
  }
  return { record, psd, problem: policies.problem }
}

/**
 * Tags by lower-case name. RFC 6376 3.2 has their names case-sensitive and forbids a second one of a name; RFC 9989 4.8 wants
 * errors after the version passed over. As other receivers do, any case is taken, and the last of several counts.
 */
function readTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  for (const part of text.split(';').slice(1)) {
    const tag = TAG.exec(part)
    if (tag !== null) tags.set((tag[1] ?? '').toLowerCase(), trim(tag[2] ?? ''))
  }
  return tags
}

const NO_POLICY = 'no p tag'

interface Policies {
  readonly p: DmarcPolicy
  readonly sp: DmarcPolicy | null
  readonly np: DmarcPolicy | null
  readonly problem: string | null
}

function readPolicies(tags: ReadonlyMap<string, string>): Policies {
  const values = { p: policyTag(tags, 'p'), sp: policyTag(tags, 'sp'), np: policyTag(tags, 'np') }
  const wrong = (['p', 'sp', 'np'] as const).find(name => values[name] === 'invalid')
  const missing = values.p === null ? NO_POLICY : null
  const problem = wrong === undefined ? missing : `${wrong}=${tags.get(wrong)?.slice(0, 40)}`
  if (problem !== null) return { p: 'none', sp: null, np: null, problem }
  return { p: valid(values.p) ?? 'none', sp: valid(values.sp), np: valid(values.np), problem }
}

function policyTag(tags: ReadonlyMap<string, string>, name: string): DmarcPolicy | 'invalid' | null {
  const text = tags.get(name)
  return text === undefined ? null : (oneOf(text, ['none', 'quarantine', 'reject'] as const) ?? 'invalid')
}

function valid(policy: DmarcPolicy | 'invalid' | null): DmarcPolicy | null {
  return policy === 'invalid' ? null : policy
}

/** RFC 5234 2.3: literals of an ABNF are compared without regard to case. */
function oneOf<const V extends string>(text: string | undefined, values: readonly V[]): V | null {
  const lower = text?.toLowerCase()
  return values.find(value => value === lower) ?? null
}

function uris(text: string | undefined): readonly string[] {
  if (text === undefined) return []
  return text
    .split(',', MAX_URIS)
    .map(trim)
    .filter(uri => REPORTING_URI.test(uri.replace(REPORT_SIZE, '')))
}

/** RFC 9989 4.8 dmarc-fo, more leniently: what is known of it, in order. */
function failureOptions(text: string | undefined): string {
  const known = (text ?? '').toLowerCase().split(':', 8).map(trim)
  const options = [...new Set(known.filter(option => /^[01ds]$/.test(option)))]
  return options.length === 0 ? '0' : options.join(':')
}

function trim(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
}
