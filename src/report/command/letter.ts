/** The mail that carries a report. */
import { encodeHeaderText, formatMailDate, textPart } from '../../mail/compose.ts'

export interface ReportLetter {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  /** Seconds since 1970. */
  readonly time: number
  /** Without angle brackets. The same for each try to send it, so that a copy can be told. */
  readonly messageId: string
  /** Bytes of the log and all. */
  readonly text: Uint8Array
  /** Null: text only. */
  readonly html: Uint8Array | null
}

/** The whole message, lines ending in CRLF. */
export function composeReportLetter(letter: ReportLetter): Uint8Array {
  const { from, to, subject, time, messageId, text, html } = letter
  // It cannot end a line of quoted-printable, and what is 7bit is checked below.
  const boundary = boundaryFor(text, html)
  const lines = [
    `From: Postern <${from}>`,
    ...to.map((address, index) => `${index === 0 ? 'To: ' : '    '}<${address}>${index < to.length - 1 ? ',' : ''}`),
    `Subject: ${encodeHeaderText(subject)}`,
    `Date: ${formatMailDate(time)}`,
    `Message-ID: <${messageId}>`,
    // RFC 3834 5: no vacation notices, please.
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    ...(html === null
      ? textPart(text, 'plain')
      : [
          `Content-Type: multipart/alternative; boundary="${boundary}"`,
          '',
          `--${boundary}`,
          ...textPart(text, 'plain'),
          `--${boundary}`,
          ...textPart(html, 'html'),
          `--${boundary}--`,
        ]),
    '',
  ]
  // Each character is a byte.
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

function boundaryFor(text: Uint8Array, html: Uint8Array | null): string {
  let boundary = '=_postern'
  // A client may write what he likes into the log.
  while (Buffer.from(text).includes(`--${boundary}`) || Buffer.from(html ?? []).includes(`--${boundary}`))
    boundary += '_'
  return boundary
}
