import { createHash, X509Certificate } from 'node:crypto'
import {
  createSecureContext,
  type DetailedPeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls'
import type { ClientCert } from '../model/facts.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import type { TlsInfo, TlsServerContext } from './byte_stream.ts'

/** PEM texts and settings, read by the caller from smtpd_tls_*. */
export interface TlsMaterial {
  /** Certificates and keys in pairs: RSA, ECDSA, or one per file of smtpd_tls_chain_files. */
  readonly chains: readonly { readonly cert: string; readonly key: string }[]
  /** smtpd_tls_CAfile; null: none. */
  readonly ca: string | null
  /** smtpd_tls_protocols, e.g. [">=TLSv1"] or ["!SSLv2", "!SSLv3"]. */
  readonly protocols: readonly string[]
  /** OpenSSL cipher list; null: the default of the library. */
  readonly ciphers: string | null
  /** smtpd_tls_fingerprint_digest: md5, sha1, sha256. */
  readonly fingerprintDigest: string
}

class Context implements TlsServerContext {
  readonly kind = 'tls_context'
  readonly fingerprintDigest: string
  readonly native: SecureContext
  readonly authorities: readonly X509Certificate[]

  readonly clock: Clock

  constructor(native: SecureContext, material: TlsMaterial, clock: Clock) {
    this.native = native
    this.clock = clock
    this.fingerprintDigest = material.fingerprintDigest
    this.authorities = splitPem(material.ca ?? '').map(pem => new X509Certificate(pem))
  }
}

/** Throws what OpenSSL says about unusable keys and certificates. */
export function makeTlsContext(material: TlsMaterial, clock: Clock = systemClock): TlsServerContext {
  const range = protocolRange(material.protocols)
  const options: SecureContextOptions = {
    cert: material.chains.map(chain => chain.cert),
    key: material.chains.map(chain => chain.key),
    minVersion: range.min,
    maxVersion: range.max,
    // Session tickets belong to one connection's worth of keys; Postfix resumes sessions too.
    sessionIdContext: 'smtpd',
  }
  if (material.ca !== null) options.ca = material.ca
  if (material.ciphers !== null) options.ciphers = material.ciphers
  return new Context(createSecureContext(options), material, clock)
}

export function nativeContext(context: TlsServerContext): SecureContext {
  return ours(context).native
}

function ours(context: TlsServerContext): Context {
  if (context instanceof Context) return context
  throw new TypeError('Cannot use TLS context: it was not made by makeTlsContext')
}

type Version = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
const VERSIONS: readonly Version[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

/** Postfix TLS_README: ">=TLSv1.2", "<=TLSv1.3", "!SSLv3", "TLSv1.2". Node knows only a range, so holes are filled. */
export function protocolRange(words: readonly string[]): { min: Version; max: Version } {
  const named = (word: string, prefix: string): Version | undefined =>
    VERSIONS.find(version => `${prefix}${version}`.toLowerCase() === word.toLowerCase())
  let allowed = VERSIONS.filter(version => !words.some(word => named(word, '!') === version))
  const only = VERSIONS.filter(version => words.some(word => named(word, '') === version))
  if (only.length > 0) allowed = allowed.filter(version => only.includes(version))
  for (const word of words) {
    const least = named(word, '>=')
    const most = named(word, '<=')
    if (least !== undefined) allowed = allowed.filter(version => VERSIONS.indexOf(version) >= VERSIONS.indexOf(least))
    if (most !== undefined) allowed = allowed.filter(version => VERSIONS.indexOf(version) <= VERSIONS.indexOf(most))
  }
  return { min: allowed[0] ?? 'TLSv1.3', max: allowed.at(-1) ?? 'TLSv1.3' }
}

/** What the log and the Received header say about a finished handshake. */
export function tlsInfo(socket: TLSSocket, context: TlsServerContext): TlsInfo {
  const cipher = socket.getCipher().name
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher,
    keyBits: cipherBits(cipher),
    sessionReused: socket.isSessionReused(),
    clientCert: clientCert(socket, ours(context)),
  }
}

/** OpenSSL has it in SSL_CIPHER_get_bits, which Node does not show; the names tell as much. */
function cipherBits(name: string): number {
  if (/256|CHACHA20/.test(name)) return 256
  if (/3DES/.test(name)) return 112
  return 128
}

function clientCert(socket: TLSSocket, context: Context): ClientCert | null {
  const peer = socket.getPeerCertificate(true)
  if (peer.raw === undefined) return null
  const cert = new X509Certificate(peer.raw)
  return {
    trusted: isTrusted(sentChain(peer), { authorities: context.authorities, nowMs: context.clock.now() }),
    subjectCommonName: commonName(cert.subject),
    issuerCommonName: commonName(cert.issuer),
    certFingerprint: fingerprint(peer.raw, context.fingerprintDigest),
    publicKeyFingerprint: fingerprint(
      cert.publicKey.export({ type: 'spki', format: 'der' }),
      context.fingerprintDigest,
    ),
  }
}

/** RFC 5246 7.4.2: the client's certificate first, each next one certifies the one before. */
function sentChain(peer: DetailedPeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  const seen = new Set<string>()
  for (let at: DetailedPeerCertificate | undefined = peer; at?.raw !== undefined; at = at.issuerCertificate) {
    if (seen.has(at.fingerprint256)) break
    seen.add(at.fingerprint256)
    chain.push(new X509Certificate(at.raw))
  }
  return chain
}

/**
 * Whether the chain leads to one of the authorities. Node verifies only in tls.Server, which cannot take over a session in the
 * middle; that the client has the key was proved by the handshake.
 */
export function isTrusted(
  chain: readonly X509Certificate[],
  { authorities, nowMs }: { authorities: readonly X509Certificate[]; nowMs: number },
): boolean {
  const isInTime = (cert: X509Certificate): boolean =>
    nowMs >= cert.validFromDate.getTime() && nowMs <= cert.validToDate.getTime()
  for (const [index, cert] of chain.entries()) {
    if (!isInTime(cert)) return false
    if (index > 0 && !cert.ca) return false
    if (authorities.some(authority => isIssuedBy(cert, authority) && isInTime(authority))) return true
    const next = chain[index + 1]
    if (next === undefined || !isIssuedBy(cert, next)) return false
  }
  return false
}

function isIssuedBy(cert: X509Certificate, issuer: X509Certificate): boolean {
  return cert.checkIssued(issuer) && cert.verify(issuer.publicKey)
}

export function splitPem(text: string): readonly string[] {
  return text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? []
}

function commonName(name: string): string {
  return /(?:^|\n)CN=(.*)/.exec(name)?.[1] ?? ''
}

function fingerprint(der: Uint8Array, digest: string): string {
  const hex = createHash(digest).update(der).digest('hex').toUpperCase()
  return hex.match(/../g)?.join(':') ?? ''
}
