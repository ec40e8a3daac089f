import type { Facts } from '../model/facts.ts'
import type { ClientName } from '../model/judge.ts'
import { xtext } from '../util/xtext.ts'

export type PolicyAttribute = readonly [name: string, value: string]

/** What a policy request says about the server rather than about the session. */
export interface PolicyIdentity {
  /** $stress: "yes", or nothing. */
  readonly stress: string
  readonly compatibilityLevel: string
  readonly mailVersion: string
}

/** The attributes of one policy request, those of the Postfix that $mail_version names and in its order (SMTPD_POLICY_README). Pure. */
export function policyAttributes(
  facts: Facts,
  clientName: ClientName,
  options: PolicyIdentity & { readonly context: string },
): readonly PolicyAttribute[] {
  const { client, server, tls, sasl } = facts
  // Postfix: the count is told where all recipients are known.
  const counted = facts.where === 'DATA' || facts.where === 'END-OF-MESSAGE'
  return [
    ['request', 'smtpd_access_policy'],
    ['protocol_state', facts.where],
    ['protocol_name', facts.protocol ?? 'SMTP'],
    ['client_address', client.address],
    ['client_name', clientName.name],
    ['client_port', client.port === null ? 'unknown' : String(client.port)],
    ['reverse_client_name', clientName.reverseName],
    ['server_address', server.address],
    ['server_port', server.port === null ? 'unknown' : String(server.port)],
    ['helo_name', facts.helo?.name ?? ''],
    ['sender', facts.sender ?? ''],
    ['recipient', facts.recipient ?? ''],
    ['recipient_count', String(counted ? facts.recipientCount : 0)],
    ['queue_id', facts.queueId ?? ''],
    ['instance', facts.instance],
    ['size', String(facts.size)],
    ['etrn_domain', facts.etrnDomain ?? ''],
    ['stress', options.stress],
    ['sasl_method', sasl?.method ?? ''],
    ['sasl_username', sasl?.username ?? ''],
    ['sasl_sender', sasl?.sender ?? ''],
    ...certAttributes(tls),
    ['encryption_protocol', tls?.protocol ?? ''],
    ['encryption_cipher', tls?.cipher ?? ''],
    ['encryption_keysize', String(tls?.keyBits ?? 0)],
    ['policy_context', options.context],
    ...(sendsVersion(options.mailVersion) ? versionAttributes(options) : []),
  ]
}

/** Postfix 3.8 began to say who it is. We send what the Postfix of $mail_version sends. */
function sendsVersion(mailVersion: string): boolean {
  const [major = 0, minor = 0] = mailVersion.split('.').map(Number)
  return major > 3 || (major === 3 && minor >= 8)
}

function versionAttributes({ compatibilityLevel, mailVersion }: PolicyIdentity): readonly PolicyAttribute[] {
  return [
    ['compatibility_level', compatibilityLevel],
    ['mail_version', mailVersion],
  ]
}

/** Names of a certificate only when its chain is trusted, in xtext; fingerprints always. */
function certAttributes(tls: Facts['tls']): readonly PolicyAttribute[] {
  const cert = tls?.clientCert ?? null
  const trusted = cert?.trusted === true
  return [
    ['ccert_subject', trusted ? xtext(cert.subjectCommonName) : ''],
    ['ccert_issuer', trusted ? xtext(cert.issuerCommonName) : ''],
    ['ccert_fingerprint', cert?.certFingerprint ?? ''],
    ['ccert_pubkey_fingerprint', cert?.publicKeyFingerprint ?? ''],
  ]
}

/** Bytes for the wire: one `name=value` a line, an empty line at the end. A line end inside a value becomes "?". */
export function formatPolicyRequest(attributes: readonly PolicyAttribute[]): string {
  const lines = attributes.map(([name, value]) => `${name}=${value.replace(/[\r\n\0]/g, '?')}\n`)
  return `${lines.join('')}\n`
}
