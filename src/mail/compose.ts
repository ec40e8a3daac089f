/** Pieces of mails that we write ourselves. */

/** RFC 2045 6.7 and 6.8. */
const ENCODED_LINE = 76
/** RFC 5322 2.1.1, without CRLF. */
const MAX_LINE = 998

/** RFC 5322 3.3, in UTC; `time` in seconds since 1970. */
export function formatMailDate(time: number): string {
  return new Date(time * 1000).toUTCString().replace('GMT', '+0000')
}

export function base64Lines(bytes: Uint8Array): readonly string[] {
  return (
    Buffer.from(bytes)
      .toString('base64')
      .match(new RegExp(`.{1,${ENCODED_LINE}}`, 'g')) ?? []
  )
}

/** A text for a header field, RFC 2047 where it is not ASCII. Line ends become blanks. */
export function encodeHeaderText(text: string): string {
  const plain = text.replace(/[\r\n\0]+/g, ' ')
  // RFC 2047 6.2: what looks like an encoded word would be read as one.
  if (/^[\t\x20-\x7e]*$/.test(plain) && !plain.includes('=?')) return plain
  const words: string[] = []
  let word = ''
  // RFC 2047 5 (3): each word holds whole characters. Its 75 characters leave room for 45 bytes.
  for (const char of plain.toWellFormed()) {
    if (Buffer.byteLength(word + char) > 45) {
      words.push(word)
      word = ''
    }
    word += char
  }
  return [...words, word].map(each => `=?utf-8?B?${Buffer.from(each).toString('base64')}?=`).join('\r\n ')
}

/** A part of text: its header fields, an empty line and its content, without line ends. */
export function textPart(content: Uint8Array, subtype: 'plain' | 'html'): readonly string[] {
  const bytes = Buffer.from(content)
  const lines = bytes
    .toString('latin1')
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
  const isAscii = lines.every(line => /^[\t\x20-\x7e]*$/.test(line))
  const isPlain = isAscii && lines.every(line => line.length <= MAX_LINE)
  // A log may hold any bytes; as ISO 8859-1 all of them mean something.
  const charset = isAscii ? 'us-ascii' : isUtf8(bytes) ? 'utf-8' : 'iso-8859-1'
  return [
    `Content-Type: text/${subtype}; charset=${charset}`,
    `Content-Transfer-Encoding: ${isPlain ? '7bit' : 'quoted-printable'}`,
    '',
    ...(isPlain ? lines : lines.flatMap(quotedPrintable)),
  ]
}

/** RFC 2045 6.7; `line` has a character for each byte. */
function quotedPrintable(line: string): readonly string[] {
  const done: string[] = []
  let row = ''
  for (let at = 0; at < line.length; at++) {
    const code = line.charCodeAt(at)
    const isLast = at === line.length - 1
    const isBlank = code === 9 || code === 32
    const isLiteral = (code >= 33 && code <= 126 && code !== 61) || (isBlank && !isLast)
    const piece = isLiteral ? line.charAt(at) : `=${code.toString(16).toUpperCase().padStart(2, '0')}`
    if (row.length + piece.length > ENCODED_LINE - 1) {
      done.push(`${row}=`)
      row = ''
    }
    row += piece
  }
  return [...done, row]
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
