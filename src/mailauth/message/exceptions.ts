/** Why a message that fails DMARC is let through all the same (RFC 9989 5.4, RFC 7960). */
import { isWithin } from '../../dns/name.ts'
import type { ArcAnswer, AuthEnvelope, DmarcAnswer, PolicyOverride } from '../../model/mail_auth.ts'
import { type AuthResult, property } from '../auth_results/auth_results.ts'
import { parseAuthResults } from '../auth_results/parse.ts'
import type { MessageSettings, TrustedForwarder } from './settings.ts'

export interface FailedMessage {
  readonly dmarc: DmarcAnswer
  readonly arc: ArcAnswer
  readonly envelope: AuthEnvelope
}

/** The first exception that holds; null: none does. */
export function findException(failed: FailedMessage, settings: MessageSettings): PolicyOverride | null {
  return byDomain(failed, settings) ?? byForwarder(failed, settings) ?? bySealers(failed, settings)
}

function byDomain({ dmarc }: FailedMessage, { exemptDomains }: MessageSettings): PolicyOverride | null {
  if (!exemptDomains.has(dmarc.fromDomain)) return null
  return { type: 'local_policy', comment: `${dmarc.fromDomain} is exempt` }
}

/** By its forward-confirmed name, and for each of the recipients: the message has one fate. */
function byForwarder({ envelope }: FailedMessage, settings: MessageSettings): PolicyOverride | null {
  const { clientName, recipients } = envelope
  if (clientName === 'unknown' || recipients.length === 0) return null
  const trusted = settings.trustedForwarders.filter(forwarder => forwarder.clients.has(clientName))
  if (!recipients.every(recipient => trusted.some(forwarder => forwardsFor(forwarder, recipient)))) return null
  return { type: 'trusted_forwarder', comment: `forwarded by ${clientName}` }
}

function forwardsFor({ recipients }: TrustedForwarder, recipient: string): boolean {
  return recipients === null || recipients.has(recipient.slice(recipient.lastIndexOf('@') + 1))
}

/**
 * RFC 8617 7.2.1. Any sealer of a sound chain could have changed the message, so all of them must be trusted; and the first, who
 * saw it as its author sent it, must have found that it passed.
 */
function bySealers({ dmarc, arc }: FailedMessage, { trustedSealers }: MessageSettings): PolicyOverride | null {
  const [first] = arc.sets
  if (arc.result !== 'pass' || first === undefined) return null
  if (!arc.sets.every(set => trustedSealers.has(set.domain))) return null
  const found = parseAuthResults(first.authResults)?.results ?? []
  if (!found.some(result => provesAuthor(result, found, dmarc))) return null
  return { type: 'local_policy', comment: `arc=pass ${sealersText(arc)}` }
}

/** RFC 8617 7.2.2: "as[2].d=d2.example as[2].s=s2 as[1].d=d1.example as[1].s=s1". */
export function sealersText({ sets }: ArcAnswer): string {
  return sets
    .toReversed()
    .map(({ instance, domain, selector }) => `as[${instance}].d=${domain} as[${instance}].s=${selector}`)
    .join(' ')
}

/** DMARC's own result for this author domain; where the sealer does not do DMARC, an aligned pass of SPF or DKIM. */
function provesAuthor(result: AuthResult, all: readonly AuthResult[], dmarc: DmarcAnswer): boolean {
  if (result.result !== 'pass') return false
  if (result.method === 'dmarc') return property(result, 'header.from')?.toLowerCase() === dmarc.fromDomain
  if (all.some(other => other.method === 'dmarc')) return false
  const claimed = result.method === 'dkim' ? (property(result, 'header.d') ?? property(result, 'header.i')) : null
  const value = result.method === 'spf' ? property(result, 'smtp.mailfrom') : claimed
  if (value === null) return false
  const domain = value.slice(value.lastIndexOf('@') + 1).toLowerCase()
  return (
    domain === dmarc.fromDomain || (dmarc.organizationalDomain !== '' && isWithin(domain, dmarc.organizationalDomain))
  )
}
