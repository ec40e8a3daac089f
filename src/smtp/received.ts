import { quoteAddress } from '../mail/address.ts'
import type { Dialogue } from './dialogue.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Our Received header, line by line, in the form of Postfix's smtpd(8). RFC 5321 4.4 */
export async function receivedLines(d: Dialogue): Promise<readonly string[]> {
  const { config, tx } = d
  const lines: string[] = []
  const secrecy = config.smtpd_hide_client_session
  if (!secrecy) {
    const { name } = await d.clientName()
    lines.push(`Received: from ${d.helo?.name ?? name} (${name} [${mailhost(d.client.address)}])`)
    lines.push(...tlsLines(d))
    if (config.smtpd_sasl_authenticated_header && d.sasl !== null)
      lines.push(`\t(Authenticated sender: ${commentText(d.sasl.username)})`)
  }
  // RFC 3848: "S" for TLS, "A" for AUTH, with ESMTP only.
  const esmtp = d.protocol === 'ESMTP'
  const letters = `${esmtp && d.tls !== null ? 'S' : ''}${esmtp && d.sasl !== null ? 'A' : ''}`
  const verb = secrecy ? '' : ` with ${tx.smtputf8 ? 'UTF8SMTP' : d.protocol}${letters}`
  const by = `${secrecy ? 'Received: ' : '\t'}by ${config.myhostname} (${config.mail_name})${verb} id ${tx.queueId}`
  const date = mailDate(tx.arrivedMs)
  if (tx.recipients.length === 1 && tx.recipient !== null)
    return [...lines, by, `\tfor <${quoteAddress(tx.recipient)}>; ${date}`]
  return [...lines, `${by};`, `\t${date}`]
}

function mailhost(address: string): string {
  return address.includes(':') ? `IPv6:${address}` : address
}

/** Node does not tell key exchange and signature of a server's session; Postfix's lines about them are left out. */
function tlsLines(d: Dialogue): readonly string[] {
  const { tls, config } = d
  if (!config.smtpd_tls_received_header || tls === null) return []
  const using = `\t(using ${tls.protocol} with cipher ${tls.cipher} (${tls.keyBits}/${tls.keyBits} bits))`
  const cert = tls.clientCert
  if (cert !== null) {
    const verdict = cert.trusted ? 'verified OK' : 'not verified'
    return [
      using,
      `\t(Client CN "${commentText(cert.subjectCommonName)}", Issuer "${commentText(cert.issuerCommonName)}" (${verdict}))`,
    ]
  }
  return [
    using,
    config.smtpd_tls_ask_ccert ? '\t(Client did not present a certificate)' : '\t(No client certificate requested)',
  ]
}

/** RFC 5322 3.2.2: nothing may end the comment early or leave it open. */
export function commentText(text: string): string {
  let depth = 0
  let out = ''
  for (const char of text.replace(/[^\x20-\x7e]|\\/g, '?')) {
    if (char === '(') depth++
    const stray = char === ')' && depth === 0
    if (char === ')' && depth > 0) depth--
    out += stray ? '?' : char
  }
  return out + ')'.repeat(depth)
}

/** RFC 5322 3.3 with the zone's name behind it: "Tue, 24 Nov 2026 15:22:42 +0000 (UTC)". */
export function mailDate(nowMs: number): string {
  const date = new Date(nowMs)
  const two = (n: number): string => String(n).padStart(2, '0')
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
  const day = String(date.getDate()).padStart(2, ' ')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  const name = zoneName(date)
  return `${DAYS[date.getDay()]}, ${day} ${MONTHS[date.getMonth()]} ${date.getFullYear()} ${time} ${zone}${name === '' ? '' : ` (${name})`}`
}

let zoneFormat: Intl.DateTimeFormat | null = null

/** "CET"; '' where the zone has no letters. en-GB knows Europe's. */
function zoneName(date: Date): string {
  zoneFormat ??= new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' })
  const name = zoneFormat.formatToParts(date).find(part => part.type === 'timeZoneName')?.value ?? ''
  return /^[A-Z]+$/.test(name) ? name : ''
}
