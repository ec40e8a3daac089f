import type { ArcAnswer, AuthEnvelope, DkimAnswer, DmarcAnswer, MessageAuth } from '../../model/mail_auth.ts'
import type { SpfAnswer } from '../../model/spf.ts'
import type { AuthProperty, AuthResult } from '../auth_results/auth_results.ts'
import { formatAuthResults } from '../auth_results/format.ts'
import { sealersText } from './exceptions.ts'

/** Who says so, and of which message. */
export interface Teller {
  readonly authservId: string
  readonly envelope: AuthEnvelope
}

/** The whole header line: "Authentication-Results: …", folded. */
export function authResultsHeader(auth: MessageAuth, { authservId, envelope }: Teller): string {
  const results: AuthResult[] = []
  if (auth.spf.mailfrom !== null) results.push(spfResult(auth.spf.mailfrom, envelope))
  const dkim = auth.dkim.length === 0 ? [plain('dkim', 'none')] : auth.dkim.map(dkimResult)
  results.push(...dkim, arcResult(auth.arc, envelope), dmarcResult(auth))
  return `Authentication-Results: ${formatAuthResults({ authservId, results })}`
}

/** RFC 7208 9.1. */
export function receivedSpfHeader(answer: SpfAnswer, { authservId, envelope }: Teller): string {
  const sender = envelope.sender === '' ? `postmaster@${envelope.helo}` : envelope.sender
  const pairs = [
    ['client-ip', envelope.clientAddress],
    ['envelope-from', sender],
    ['helo', envelope.helo],
    ['identity', 'mailfrom'],
    ['receiver', authservId],
  ]
  const note = answer.mechanism ?? answer.problem ?? 'no record'
  const text = pairs.map(([key, value]) => `${key}=${keyValue(value ?? '')};`).join('\r\n\t')
  return `Received-SPF: ${answer.result} (${note.replace(/[^\x20-\x7e]/g, '?').replace(/[()\\]/g, '\\$&')})\r\n\t${text}`
}

/** RFC 7208 9.1: dot-atom or quoted-string. */
function keyValue(text: string): string {
  if (/^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/.test(text)) return text
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}

function plain(method: string, result: string): AuthResult {
  return { method, result, comment: null, reason: null, properties: [] }
}

/** RFC 8601 2.7.2: the domain only, as OpenDMARC wants it. */
function spfResult(answer: SpfAnswer, { sender }: AuthEnvelope): AuthResult {
  const properties = [{ ptype: 'smtp', name: sender === '' ? 'helo' : 'mailfrom', value: answer.domain }]
  const shown = answer.domain === '' ? [] : properties
  return { ...plain('spf', answer.result), reason: answer.problem, properties: shown }
}

function dkimResult(answer: DkimAnswer): AuthResult {
  const notes = [
    ...(answer.keyBits === null ? [] : [`${answer.keyBits}-bit key`]),
    ...(answer.testing ? ['test mode'] : []),
  ]
  const properties: readonly AuthProperty[] = [
    { ptype: 'header', name: 'd', value: answer.domain },
    { ptype: 'header', name: 'i', value: answer.identity },
    { ptype: 'header', name: 'a', value: answer.algorithm },
    { ptype: 'header', name: 's', value: answer.selector },
    // RFC 6008
    { ptype: 'header', name: 'b', value: answer.tag },
  ]
  return {
    ...plain('dkim', answer.result),
    comment: notes.length === 0 ? null : notes.join(', '),
    reason: answer.problem,
    properties: properties.filter(({ value }) => value !== ''),
  }
}

/** RFC 8617 10.1, 10.2. */
function arcResult(arc: ArcAnswer, { clientAddress }: AuthEnvelope): AuthResult {
  if (arc.result === 'none') return plain('arc', 'none')
  const oldest: readonly AuthProperty[] =
    arc.result === 'pass' ? [{ ptype: 'header', name: 'oldest-pass', value: String(arc.oldestPass) }] : []
  return {
    ...plain('arc', arc.result),
    comment: sealersText(arc) || null,
    reason: arc.problem,
    properties: [...oldest, { ptype: 'smtp', name: 'remote-ip', value: clientAddress }],
  }
}

/** "dmarc=fail (p=reject dis=none) header.from=example.com", as OpenDMARC writes it, and RFC 9989 9.1 policy.dmarc. */
function dmarcResult({ dmarc, disposition, override }: MessageAuth): AuthResult {
  const isPolicyKnown = dmarc.result === 'pass' || dmarc.result === 'fail'
  const reason = override === null ? '' : ` override=${override.type}: ${override.comment}`
  return {
    ...plain('dmarc', dmarc.result),
    comment: isPolicyKnown ? `p=${dmarc.publishedPolicy} dis=${disposition}${reason}` : null,
    reason: isPolicyKnown ? null : dmarc.problem,
    properties: dmarcProperties(dmarc, isPolicyKnown),
  }
}

function dmarcProperties({ fromDomain, policy }: DmarcAnswer, isPolicyKnown: boolean): readonly AuthProperty[] {
  return [
    ...(fromDomain === '' ? [] : [{ ptype: 'header', name: 'from', value: fromDomain }]),
    ...(isPolicyKnown ? [{ ptype: 'policy', name: 'dmarc', value: policy }] : []),
  ]
}
