/** The leaves of a mail (RFC 2045, 2046), decoded. Sloppy on purpose: reports are looked for, and nothing depends on the rest. */
import { headerNameLength, parseContentType, parseTransferEncoding } from '../../mail/mime.ts'
import type { Budget } from './problem.ts'

/** Deeper than any forwarded report. */
const MAX_DEPTH = 10
const MAX_PARTS = 1000

/** Whether it begins as a mail does: with a header, or with the "From " line of a mailbox. */
export function isMail(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.subarray(0, 1000)).toString('latin1')
  return text.startsWith('From ') || headerNameLength(Buffer.from(firstLine(text), 'latin1')) > 0
}

/** The decoded bodies of all parts that are not made of parts. */
export function mailParts(bytes: Uint8Array, budget: Budget): readonly Uint8Array[] {
  const leaves: Uint8Array[] = []
  collect(Buffer.from(bytes).toString('latin1'), { leaves, budget, depth: 0 })
  return leaves
}

interface Collecting {
  readonly leaves: Uint8Array[]
  readonly budget: Budget
  readonly depth: number
}

function collect(text: string, into: Collecting): void {
  if (into.leaves.length >= MAX_PARTS) return
  const { headers, body } = splitPart(text)
  const type = parseContentType(headers.get('content-type') ?? 'text/plain')
  const deeper = { ...into, depth: into.depth + 1 }
  const boundary = type.boundaries[0]
  if (boundary !== undefined && into.depth < MAX_DEPTH) {
    for (const part of splitMultipart(body, boundary)) collect(part, deeper)
    return
  }
  const decoded = decode(body, headers.get('content-transfer-encoding') ?? '')
  into.budget.take(decoded.length)
  if (type.type === 'message' && type.subtype === 'rfc822' && into.depth < MAX_DEPTH)
    collect(decoded.toString('latin1'), deeper)
  else into.leaves.push(decoded)
}

/** Header fields by their names in lower case; the first of a name counts. */
function splitPart(text: string): { readonly headers: ReadonlyMap<string, string>; readonly body: string } {
  const headers = new Map<string, string>()
  let name = ''
  let at = 0
  while (at < text.length) {
    const lineEnd = text.indexOf('\n', at)
    const next = lineEnd < 0 ? text.length : lineEnd + 1
    const line = text.slice(at, next).replace(/\r?\n$/, '')
    at = next
    if (line === '') break
    const field = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line)
    if (field !== null) {
      const [, key = '', value = ''] = field
      name = headers.has(key.toLowerCase()) ? '' : key.toLowerCase()
      if (name !== '') headers.set(name, value)
    } else if (/^[ \t]/.test(line) && name !== '') headers.set(name, `${headers.get(name) ?? ''} ${line.trim()}`)
  }
  return { headers, body: text.slice(at) }
}

/** RFC 2046 5.1.1. What comes before the first and after the last boundary belongs to no part. */
function splitMultipart(body: string, boundary: string): readonly string[] {
  const parts: string[] = []
  const mark = `--${boundary}`
  let begin = -1
  for (let at = 0; at < body.length && parts.length < MAX_PARTS; ) {
    const lineEnd = body.indexOf('\n', at)
    const next = lineEnd < 0 ? body.length : lineEnd + 1
    if (body.startsWith(mark, at)) {
      if (begin >= 0) parts.push(body.slice(begin, at))
      begin = next
      if (body.startsWith('--', at + mark.length)) return parts
    }
    at = next
  }
  if (begin >= 0) parts.push(body.slice(begin))
  return parts
}

function decode(body: string, encoding: string): Buffer {
  switch (parseTransferEncoding(encoding)) {
    case 'base64':
      return Buffer.from(body, 'base64')
    case 'quoted-printable':
      return Buffer.from(unquote(body), 'latin1')
    default:
      return Buffer.from(body, 'latin1')
  }
}

/** RFC 2045 6.7 */
function unquote(body: string): string {
  return body
    .replace(/=[ \t]*\r?\n/g, '')
    .replace(/=([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}
