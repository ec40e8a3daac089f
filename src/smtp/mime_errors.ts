import type { ContentType, TransferEncoding } from '../mail/mime.ts'
import { decodeLine } from './bytes.ts'

/** What MIME (RFC 2045, 2046) forbids, worst first. Postfix: mime_state_detail. */
const ERRORS = {
  nesting: 'MIME nesting exceeds safety limit',
  header: 'improper use of 8-bit data in message header',
  body: 'improper use of 8-bit data in message body',
  domain: 'invalid message/* or multipart/* encoding domain',
} as const

export type MimeError = keyof typeof ERRORS

/** Told when an error is seen for the first time: the error and what has it, at most 100 octets. */
export type OnMimeError = (text: string, content: string) => void

/** The MIME errors of one message. Only those that `wanted` names are seen; each is told once. */
export class MimeErrors {
  private readonly wanted: ReadonlySet<MimeError>
  private readonly tell: OnMimeError
  private readonly seen = new Set<MimeError>()
  private encoding: TransferEncoding = '7bit'

  constructor(wanted: ReadonlySet<MimeError>, tell: OnMimeError) {
    this.wanted = wanted
    this.tell = tell
  }

  /** "5.6.0 text" of the worst error; null without one. */
  get reason(): string | null {
    const worst = (Object.keys(ERRORS) as MimeError[]).find(error => this.seen.has(error))
    return worst === undefined ? null : `5.6.0 ${ERRORS[worst]}`
  }

  report(error: MimeError, content: string | Buffer): void {
    if (!this.wanted.has(error) || this.seen.has(error)) return
    this.seen.add(error)
    this.tell(ERRORS[error], typeof content === 'string' ? content : decodeLine(content.subarray(0, 100)))
  }

  /** A part, an attached message or what is between parts begins: 7bit until a header says something else. */
  beginEntity(): void {
    this.encoding = '7bit'
  }

  /** Content-Transfer-Encoding; null: none that RFC 2045 6.1 knows. */
  setEncoding(encoding: TransferEncoding | null): void {
    if (encoding !== null) this.encoding = encoding
  }

  header(raw: Buffer): void {
    if (this.wanted.has('header') && raw.some(isEightBit)) this.report('header', raw)
  }

  /** RFC 2045 6.4: multipart and message have no encoding of their own; RFC 2046 5.2.2.1, 5.2.3.1: some must be 7bit. */
  endOfHeaders({ type, subtype }: ContentType): void {
    if (!this.wanted.has('domain')) return
    const encoded = this.encoding === 'base64' || this.encoding === 'quoted-printable'
    const plain = !encoded && this.encoding !== '7bit'
    const bad =
      type === 'multipart' || (type === 'message' && subtype === 'rfc822')
        ? encoded
        : type === 'message' && (subtype === 'partial' || subtype === 'external-body') && plain
    if (bad) this.report('domain', this.encoding)
  }

  bodyLine(line: Buffer): void {
    if (this.encoding === '7bit' && this.wanted.has('body') && line.some(isEightBit)) this.report('body', line)
  }
}

function isEightBit(byte: number): boolean {
  return byte > 0x7f
}
