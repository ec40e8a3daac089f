import type { ClientCert, ClientFacts, Facts, SaslFacts, TlsFacts } from '../model/facts.ts'
import { formatIp, parseIp } from '../util/ip.ts'
import { decodeXtext } from '../util/xtext.ts'
import type { PolicyRequest } from './codec.ts'

const UNKNOWN = 'unknown'

/** What the session said, as Postfix retells it. Attributes that are not there (Exim sends few) are taken as not said. */
export function requestFacts(request: PolicyRequest): Facts {
  const where = request.protocol_state || 'RCPT'
  const sender = request.sender ?? ''
  const recipient = request.recipient ?? ''
  return {
    client: clientFacts(request),
    server: { address: request.server_address ?? '', port: numberOrNull(request.server_port) },
    helo: request.helo_name ? { name: request.helo_name, esmtp: request.protocol_name !== 'SMTP' } : null,
    tls: tlsFacts(request),
    sasl: saslFacts(request),
    // Before MAIL there is no sender, which the protocol writes like the null sender.
    sender: BEFORE_MAIL.has(where) ? null : sender,
    recipient: recipient === '' ? null : recipient,
    recipientCount: numberOrNull(request.recipient_count) ?? 0,
    etrnDomain: request.etrn_domain || null,
    size: numberOrNull(request.size) ?? 0,
    // The protocol does not say; an address that needs it must have come with it.
    smtputf8: !isPrintableAscii(sender) || !isPrintableAscii(recipient),
    where,
    protocol: request.protocol_name || null,
    pipelinedEarly: false,
    queueId: request.queue_id || null,
    instance: request.instance ?? '',
  }
}

const BEFORE_MAIL: ReadonlySet<string> = new Set(['CONNECT', 'HELO', 'EHLO', 'ETRN'])

/**
 * A name is forward-confirmed: Postfix asked, and need not be asked again. "unknown" is no finding: it stands for no name, for
 * a failed lookup and for lookups turned off alike (smtpd_peer.c keeps the difference to itself), so we look it up.
 */
function clientFacts(request: PolicyRequest): ClientFacts {
  const ip = parseIp(request.client_address ?? '')
  const name = request.client_name ?? UNKNOWN
  const reverse = request.reverse_client_name ?? UNKNOWN
  return {
    address: ip === null ? UNKNOWN : formatIp(ip),
    port: numberOrNull(request.client_port),
    ...(name === UNKNOWN || name === '' ? {} : { toldName: name }),
    ...(name === UNKNOWN || name === '' || reverse === UNKNOWN || reverse === '' ? {} : { toldReverseName: reverse }),
  }
}

function tlsFacts(request: PolicyRequest): TlsFacts | null {
  if (!request.encryption_protocol) return null
  return {
    protocol: request.encryption_protocol,
    cipher: request.encryption_cipher ?? '',
    keyBits: numberOrNull(request.encryption_keysize) ?? 0,
    clientCert: certFacts(request),
  }
}

/** Postfix tells names of a certificate only when it could verify the chain; fingerprints always. */
function certFacts(request: PolicyRequest): ClientCert | null {
  const certFingerprint = request.ccert_fingerprint ?? ''
  const publicKeyFingerprint = request.ccert_pubkey_fingerprint ?? ''
  if (certFingerprint === '' && publicKeyFingerprint === '') return null
  const subjectCommonName = plainXtext(request.ccert_subject)
  const issuerCommonName = plainXtext(request.ccert_issuer)
  const trusted = subjectCommonName !== '' || issuerCommonName !== ''
  return { trusted, subjectCommonName, issuerCommonName, certFingerprint, publicKeyFingerprint }
}

/** What is no xtext is taken as it is. */
function plainXtext(text = ''): string {
  return decodeXtext(text) ?? text
}

function saslFacts(request: PolicyRequest): SaslFacts | null {
  if (!request.sasl_method && !request.sasl_username) return null
  return {
    method: request.sasl_method ?? '',
    username: request.sasl_username ?? '',
    sender: request.sasl_sender ?? '',
  }
}

function numberOrNull(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}

function isPrintableAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}
