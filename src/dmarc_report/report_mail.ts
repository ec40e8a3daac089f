import { base64Lines, formatMailDate } from '../mail/compose.ts'
import { type SigningKey, signDkim } from '../mailauth/dkim/sign.ts'

/** The mail that carries a report (RFC 9990 3.5.2). */
export interface ReportMail {
  readonly from: string
  readonly to: string
  readonly domain: string
  readonly submitter: string
  readonly reportId: string
  readonly fileName: string
  readonly gzip: Uint8Array
  /** Seconds since 1970. */
  readonly time: number
  /** "2026-11-24" */
  readonly day: string
}

/** The whole message, lines ending in CRLF. All of it is ASCII: what comes from strangers was checked to be. */
export function composeReportMail(mail: ReportMail): Uint8Array {
  const { from, to, domain, submitter, reportId, fileName, gzip, time, day } = mail
  // It cannot occur in base64, nor in the text below.
  const boundary = `=_${reportId.replace(/[^\w.-]/g, '_').slice(0, 60)}`
  const lines = [
    `From: <${from}>`,
    `To: <${to}>`,
    `Subject: Report Domain: ${domain}`,
    `\tSubmitter: ${submitter}`,
    `\tReport-ID: <${reportId}>`,
    `Date: ${formatMailDate(time)}`,
    // RFC 9990 3.5.2: the same id again shows that it is the same report.
    `Message-ID: <${reportId}>`,
    // RFC 3834 5: no vacation notices, please.
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `This is a DMARC aggregate report of ${submitter} about mail that came`,
    `on ${day} (UTC) with ${domain}`,
    'or a subdomain of it in the From header.',
    '',
    `--${boundary}`,
    `Content-Type: application/gzip; name="${fileName}"`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment; filename="${fileName}"`,
    '',
    ...base64Lines(gzip),
    `--${boundary}--`,
    '',
  ]
  return Buffer.from(lines.join('\r\n'))
}

/** The same with a DKIM-Signature on top (RFC 6376), so that it passes DMARC (RFC 9990 3.5). `time` in seconds since 1970. */
export function signReportMail(message: Uint8Array, by: SigningKey, time: number): Uint8Array {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  const end = bytes.indexOf('\r\n\r\n')
  const fields = bytes
    .toString('latin1', 0, end)
    .split(/\r\n(?![ \t])/)
    .map(field => Buffer.from(field, 'latin1'))
  const body = bytes.subarray(end + 4)
  const form = { headerForm: 'relaxed', bodyForm: 'relaxed' } as const
  const field = signDkim({ fields, body }, { by, ...form, time, expires: null, identity: null, names: null })
  return Buffer.concat([Buffer.from(`${field}\r\n`), bytes])
}
