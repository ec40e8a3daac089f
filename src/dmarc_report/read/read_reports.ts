/** Received reports in whatever they came: XML, gzip, zip, or a whole mail with one of these in it. */
import type { Feedback } from '../feedback.ts'
import { gunzip } from './inflate.ts'
import { isMail, mailParts } from './mail_parts.ts'
import { parseFeedback } from './parse_feedback.ts'
import { Budget, MAX_UNPACKED, ReportSyntaxError } from './problem.ts'
import { isZip, readZip } from './zip.ts'

/** A zip in a gzip in a mail, and no more. */
const MAX_LAYERS = 4

/** All reports in the bytes, at least one. Throws ReportSyntaxError, and nothing else. */
export function readReports(bytes: Uint8Array): readonly Feedback[] {
  if (bytes.length > MAX_UNPACKED) throw new ReportSyntaxError('Cannot read the report: it is too large')
  const documents = unpack(bytes, { budget: new Budget(), layers: MAX_LAYERS, isOuter: true })
  if (documents.length === 0) throw new ReportSyntaxError('Cannot find a report: there is none in it')
  return documents.map(document => parseFeedback(decodeText(document)))
}

interface Unpacking {
  readonly budget: Budget
  readonly layers: number
  /** What the caller gave: it has to be something. Files inside may be anything. */
  readonly isOuter: boolean
}

/** The XML documents in it. */
function unpack(bytes: Uint8Array, { budget, layers, isOuter }: Unpacking): readonly Uint8Array[] {
  const deeper = { budget, layers: layers - 1, isOuter: false }
  if (looksLikeXml(bytes)) return [bytes]
  if (layers === 0) return []
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return unpack(gunzip(bytes, budget), deeper)
  if (isZip(bytes)) return readZip(bytes, budget).flatMap(file => unpack(file.bytes, deeper))
  if (!isOuter) return []
  if (isMail(bytes)) return mailParts(bytes, budget).flatMap(part => unpack(part, deeper))
  throw new ReportSyntaxError('Cannot read the report: it is neither XML, gzip, zip nor a mail')
}

/** A mail may have HTML beside its report. */
function looksLikeXml(bytes: Uint8Array): boolean {
  const head = decodeText(bytes.subarray(0, 4096)).trimStart()
  return head.startsWith('<?xml') || /^<(?:!--|(?:[\w.-]+:)?feedback\b)/.test(head)
}

/** UTF-8, unless a byte order mark or the XML declaration says otherwise. */
function decodeText(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1')
  const isUtf16 = head.startsWith('\xff\xfe') || head.startsWith('\xfe\xff')
  const declared = /^[^<]*<\?xml[^>]*\bencoding\s*=\s*["']([\w.-]+)/.exec(head)?.[1] ?? 'utf-8'
  const label = isUtf16 ? (head.startsWith('\xff') ? 'utf-16le' : 'utf-16be') : declared
  try {
    return new TextDecoder(label).decode(bytes)
  } catch {
    // It names an encoding that nobody knows.
    return new TextDecoder().decode(bytes)
  }
}
