/** The little of MIME (RFC 2045, 2046) that decides where headers are: in attachments and in attached messages. */

/** What a Content-Type says about the body that follows. */
export interface ContentType {
  readonly type: 'text' | 'message' | 'multipart' | 'other'
  /** Lower case. */
  readonly subtype: string
  /** More than one is illegal, and seen all the same: whoever hides content behind a second one shall not succeed. */
  readonly boundaries: readonly string[]
}

/** RFC 2045 5.1, as sloppy as Postfix: comments are skipped, quotes are optional, a missing "=" ends the parameter. */
export function parseContentType(value: string): ContentType {
  const [head = [], ...parameters] = splitTokens(value)
  const name = head[0]?.toLowerCase() ?? ''
  const type = name === 'text' || name === 'message' || name === 'multipart' ? name : 'other'
  const subtype = head[1] === '/' ? (head[2] ?? '').toLowerCase() : ''
  const boundaries = parameters
    .filter(tokens => tokens[0]?.toLowerCase() === 'boundary' && tokens[1] === '=')
    .map(tokens => tokens[2] ?? '')
  return { type, subtype, boundaries: type === 'multipart' ? boundaries.filter(text => text !== '') : [] }
}

/** RFC 2045 6.1 */
const TRANSFER_ENCODINGS = ['7bit', '8bit', 'binary', 'base64', 'quoted-printable'] as const
export type TransferEncoding = (typeof TRANSFER_ENCODINGS)[number]

/** What a Content-Transfer-Encoding says; null: nothing known. */
export function parseTransferEncoding(value: string): TransferEncoding | null {
  const word = splitTokens(value)[0]?.[0]?.toLowerCase()
  return TRANSFER_ENCODINGS.find(encoding => encoding === word) ?? null
}

/** Tokens of each part between semicolons; specials are tokens of their own, quoted strings lose their quotes. */
function splitTokens(value: string): string[][] {
  const parts: string[][] = [[]]
  let at = 0
  while (at < value.length) {
    const char = value.charAt(at)
    const last = parts.at(-1)
    if (char === '(') at = skipComment(value, at)
    else if (/\s/.test(char)) at++
    else if (char === ';') {
      parts.push([])
      at++
    } else if (char === '"') {
      const quoted = /^"((?:[^"\\]|\\[\s\S])*)"?/.exec(value.slice(at))
      last?.push((quoted?.[1] ?? '').replace(/\\([\s\S])/g, '$1'))
      at += quoted?.[0].length ?? 1
    } else {
      // RFC 2045 5.1 tspecials
      const token = /^[^\s()<>@,;:\\"/[\]?=]+/.exec(value.slice(at))?.[0] ?? char
      last?.push(token)
      at += token.length
    }
  }
  return parts
}

function skipComment(value: string, from: number): number {
  let depth = 0
  for (let at = from; at < value.length; at++) {
    const char = value.charAt(at)
    if (char === '\\') at++
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return at + 1
  }
  return value.length
}

/** Length of the header name when these bytes begin a header, else 0. RFC 5322 4.5: blanks may come before the colon. */
export function headerNameLength(line: Uint8Array): number {
  let at = 0
  while (at < line.length) {
    const byte = line[at] ?? 0
    if (byte === 0x3a || byte === 0x20 || byte === 0x09) break
    if (byte <= 0x20 || byte >= 0x7f) return 0
    at++
  }
  const length = at
  while (line[at] === 0x20 || line[at] === 0x09) at++
  return length > 0 && line[at] === 0x3a ? length : 0
}

/** The same for text: "Subject: x" yes, " Subject: x" no. */
export function isHeader(text: string): boolean {
  return headerNameLength(Buffer.from(text, 'latin1')) > 0
}
