/** What a report has to say about one message: a row, kept as one line of JSON until the day is over. */
import type { AuthEnvelope, DkimAnswer, DmarcPolicy, MessageAuth, MessageVerdict } from '../model/mail_auth.ts'
import { MAX_URIS } from './destinations.ts'

/** RFC 9990 ActionDispositionType. 'pass': passed, under a policy other than none. */
export type Disposition = 'none' | 'pass' | 'quarantine' | 'reject'

/** RFC 9990 3.1.6 "Policy Override Reason". */
export const REASON_TYPES = ['local_policy', 'mailing_list', 'other', 'policy_test_mode', 'trusted_forwarder'] as const

export interface Reason {
  readonly type: (typeof REASON_TYPES)[number]
  readonly comment: string
}

/** The policy as it was published when the message came. */
export interface PublishedPolicy {
  /** Where the record was found. */
  readonly domain: string
  readonly p: DmarcPolicy
  readonly sp: DmarcPolicy | null
  readonly np: DmarcPolicy | null
  readonly adkim: 'r' | 's'
  readonly aspf: 'r' | 's'
  readonly fo: string
  readonly testing: boolean
  readonly rua: readonly string[]
}

/** What makes two messages the same for a report. */
export interface RowKey {
  readonly sourceIp: string
  readonly disposition: Disposition
  readonly dkim: boolean
  readonly spf: boolean
  readonly reasons: readonly Reason[]
  readonly headerFrom: string
  /** '' is the null sender. */
  readonly envelopeFrom: string
  readonly dkimResults: readonly DkimRowResult[]
  readonly spfResult: SpfRowResult | null
}

export interface DkimRowResult {
  readonly domain: string
  readonly selector: string
  readonly result: DkimAnswer['result']
  /** Why it is no pass; '' for one. */
  readonly comment: string
}

export interface SpfRowResult {
  readonly domain: string
  readonly result: string
  readonly comment: string
}

export interface ReportRow {
  /** Seconds since 1970. */
  readonly time: number
  readonly policy: PublishedPolicy
  readonly key: RowKey
}

/** RFC 9990 3.1.3 asks for no more than 100; a row is to be small. */
const MAX_SIGNATURES = 20
/** Longer than any name (RFC 1035 2.3.4); what is longer is nobody's domain. */
const MAX_NAME = 255
const MAX_COMMENT = 200
const MAX_URI = 500

/** The row of a judged message; null: there is nothing to report of it. `time` in seconds since 1970. */
export function reportRow(verdict: MessageVerdict, envelope: AuthEnvelope, time: number): ReportRow | null {
  const { auth } = verdict
  const { record, policyDomain, result } = auth.dmarc
  // Without an answer of the DNS there was no decision; a message that is to come again is counted then.
  if (record === null || policyDomain === '' || verdict.action === 'tempfail') return null
  if (result !== 'pass' && result !== 'fail') return null
  const { p, sp, np, adkim, aspf, fo, testing } = record
  const rua = record.rua.filter(uri => uri.length <= MAX_URI).slice(0, MAX_URIS)
  return {
    time,
    policy: { domain: policyDomain, p, sp, np, adkim, aspf, fo: cut(fo, MAX_NAME), testing, rua },
    key: {
      sourceIp: envelope.clientAddress,
      ...outcome(verdict),
      dkim: auth.dmarc.dkimAligned,
      spf: auth.dmarc.spfAligned,
      headerFrom: cut(auth.dmarc.fromDomain, MAX_NAME),
      envelopeFrom: cut(domainOf(envelope.sender), MAX_NAME),
      dkimResults: dkimResults(auth),
      spfResult: spfResult(auth),
    },
  }
}

function outcome(verdict: MessageVerdict): Pick<RowKey, 'disposition' | 'reasons'> {
  const { dmarc, override, disposition } = verdict.auth
  // A message that passes DMARC and is refused for another reason was not refused by DMARC.
  if (dmarc.result === 'pass') return { disposition: dmarc.policy === 'none' ? 'none' : 'pass', reasons: [] }
  const reasons: Reason[] = []
  if (dmarc.testing && dmarc.publishedPolicy !== dmarc.policy) reasons.push({ type: 'policy_test_mode', comment: '' })
  if (override !== null) {
    // RFC 9990 has no "forwarded" any more.
    const comment = override.type === 'forwarded' ? `forwarded: ${override.comment}` : override.comment
    const type = override.type === 'forwarded' ? 'other' : override.type
    if (type !== 'policy_test_mode' || reasons.length === 0) reasons.push({ type, comment: cut(comment, MAX_COMMENT) })
    // RFC 9990 3.1.1.9: a reason has to be given where the policy was not followed.
  } else if (disposition !== dmarc.policy) reasons.push({ type: 'local_policy', comment: '' })
  return { disposition, reasons }
}

/** RFC 9990 3.1.3: those that pass first, of these those of the author domain first. */
function dkimResults({ dkim, dmarc }: MessageAuth): readonly DkimRowResult[] {
  const weight = ({ result, domain }: DkimAnswer): number => {
    if (result !== 'pass') return 3
    if (domain === dmarc.fromDomain) return 0
    return domain.endsWith(`.${dmarc.organizationalDomain}`) || domain === dmarc.organizationalDomain ? 1 : 2
  }
  return dkim
    .filter(({ domain, selector }) => domain !== '' && selector !== '')
    .toSorted((a, b) => weight(a) - weight(b))
    .slice(0, MAX_SIGNATURES)
    .map(({ domain, selector, result, problem }) => ({
      domain: cut(domain, MAX_NAME),
      selector: cut(selector, MAX_NAME),
      result,
      comment: cut(problem ?? '', MAX_COMMENT),
    }))
}

/** RFC 9990 3.1.1.13: only the MAIL FROM identity, which for the null sender is made of the HELO name (RFC 7208 2.4). */
function spfResult({ spf: { mailfrom } }: MessageAuth): SpfRowResult | null {
  if (mailfrom === null || mailfrom.domain === '') return null
  return {
    domain: cut(mailfrom.domain, MAX_NAME),
    result: mailfrom.result,
    comment: cut(mailfrom.problem ?? '', MAX_COMMENT),
  }
}

/** '' of the null sender. */
function domainOf(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 0 ? '' : address.slice(at + 1).toLowerCase()
}

function cut(text: string, length: number): string {
  return text.length > length ? text.slice(0, length).toWellFormed() : text
}

/** One line of JSON. */
export function formatRow({ time, policy, key }: ReportRow): string {
  return JSON.stringify({ time, policy, key })
}

/** A line of formatRow, whose checksum was right; null: another version wrote it. */
export function parseRow(line: string): ReportRow | null {
  try {
    const row: unknown = JSON.parse(line)
    return isRow(row) ? row : null
  } catch {
    return null
  }
}

function isRow(row: unknown): row is ReportRow {
  if (!isRecord(row) || typeof row['time'] !== 'number') return false
  const { policy, key } = row
  return (
    isRecord(policy) &&
    ['domain', 'p', 'adkim', 'aspf', 'fo'].every(name => typeof policy[name] === 'string') &&
    Array.isArray(policy['rua']) &&
    isRecord(key) &&
    ['sourceIp', 'disposition', 'headerFrom', 'envelopeFrom'].every(name => typeof key[name] === 'string') &&
    ['reasons', 'dkimResults'].every(name => Array.isArray(key[name]))
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
