import type { SpfAnswer, SpfIdentity } from '../../../model/spf.ts'
import type { SpfPolicySettings } from './settings.ts'

/** The texts of policyd-spf 3.0.4, letter by letter, the blank at the end included. */

/** What headers say of the mail; lower case, as policyd-spf makes it. */
export interface Shown {
  readonly address: string
  readonly helo: string
  readonly sender: string
  readonly receiver: string
}

const DEFAULT_REASON = {
  pass: 'sender SPF authorized',
  fail: 'SPF fail - not authorized',
  softfail: 'domain owner discourages use of this host',
  neutral: 'access neither permitted nor denied',
  none: 'no SPF record',
} as const

/** RFC 2045 5.1 token, which needs no quotes in Authentication-Results. */
const TOKEN = /^[!#-'*+\-.0-9A-Z^-~]+$/
/** The same with the "@" of an address. */
const ADDRESS_TOKEN = /^[!#-'*+\-.0-9A-Z^-~@]+$/

/** "Pass", "Softfail", "Temperror". */
export function capitalised(result: string): string {
  return result.charAt(0).toUpperCase() + result.slice(1)
}

/** Why: the domain's own explanation of a fail, or pyspf's words; of errors, what went wrong and where. */
export function reasonOf(answer: SpfAnswer, byReceiverPolicy: boolean): string {
  if (answer.result === 'none') return DEFAULT_REASON.none
  if (byReceiverPolicy) return `Receiver policy for SPF ${capitalised(answer.result)}`
  if (answer.result === 'permerror') return `SPF Permanent Error: ${answer.problem ?? ''}`
  if (answer.result === 'temperror') return `SPF Temporary Error: ${answer.problem ?? ''}`
  return answer.explanation ?? DEFAULT_REASON[answer.result]
}

export interface HeaderParts {
  readonly answer: SpfAnswer
  readonly reason: string
  readonly shown: Shown
}

/** The header line that tells the result: Received-SPF (RFC 7208 9.1) or Authentication-Results (RFC 8601). */
export function resultHeader({ answer, reason, shown }: HeaderParts, settings: SpfPolicySettings): string {
  const { identity } = answer
  const sender = shown.sender === '' ? '<>' : shown.sender
  if (settings.headerType === 'ar') {
    const detail = `client-ip=${shown.address}; helo=${shown.helo}; envelope-from=${sender}; receiver=${shown.receiver}`
    const property =
      identity === 'helo' ? `smtp.helo=${quoted(shown.helo)}` : `smtp.mailfrom=${quoted(domainOf(shown.sender))}`
    return `Authentication-Results: ${settings.authservId}; spf=${answer.result} (${comment(reason)}) ${property} (${comment(detail)})`
  }
  // policyd-spf says why only of the HELO identity.
  const note = identity === 'helo' ? reason : 'mailfrom'
  return `Received-SPF: ${capitalised(answer.result)} (${comment(note)}) ${detailOf(identity, shown)}`
}

/** "identity=mailfrom; client-ip=…; …", with its blank. */
export function detailOf(identity: SpfIdentity, shown: Shown): string {
  const sender = shown.sender === '' ? '<>' : shown.sender
  return `identity=${identity}; client-ip=${shown.address}; helo=${shown.helo}; envelope-from=${sender}; receiver=${shown.receiver} `
}

/** The header line of a mail that is not checked. */
export function skipHeader(note: string, shown: Shown, settings: SpfPolicySettings): string {
  const detail = `client-ip=${shown.address}; helo=${shown.helo}; envelope-from=${shown.sender}; receiver=${shown.receiver}`
  if (settings.headerType === 'ar')
    return `Authentication-Results: ${settings.authservId}; none (${comment(`${note} - ${' '}${detail}`)})`
  return `X-Comment: ${note} - ${detail} `
}

/** The reply of a refusal. `kind`: "mfrom" or "helo", `id` the identity itself. */
export function refusalText(
  parts: { readonly refused: boolean; readonly reason: string; readonly kind: string; readonly id: string },
  shown: Shown,
  settings: SpfPolicySettings,
): string {
  const url = `http://www.openspf.net/Why?s=${parts.kind};id=${parts.id};ip=${shown.address};r=${shown.receiver}`
  const values: Readonly<Record<string, string>> = {
    rejectdefer: parts.refused ? 'rejected' : 'deferred',
    spf: parts.reason,
    url,
  }
  return settings.reasonMessage.replace(/\{([a-z]+)\}/g, (whole, name: string) => values[name] ?? whole)
}

/** A stranger's text must not end the comment and begin a result of its own. */
function comment(text: string): string {
  return text.replace(/[()\\]/g, '\\$&')
}

function quoted(value: string): string {
  if (TOKEN.test(value) || ADDRESS_TOKEN.test(value)) return value
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}

function domainOf(sender: string): string {
  return sender.slice(sender.lastIndexOf('@') + 1)
}
