/**
 * Commands are text for us and bytes for the client. Bytes that are no UTF-8 become lone surrogates U+DC80..U+DCFF and go back
 * as they came, so that an echo is exact without smtputf8_enable as well.
 */

const LONE_BASE = 0xdc00

/** Text of a line up to a NUL byte, as C strings end there in Postfix. */
export function decodeLine(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  const line = end < 0 ? bytes : bytes.subarray(0, end)
  if (isUtf8(line)) return line.toString('utf8')
  let text = ''
  let at = 0
  while (at < line.length) {
    const size = sequenceLength(line, at)
    if (size === 0) {
      text += String.fromCharCode(LONE_BASE + (line[at] ?? 0))
      at++
    } else {
      text += line.toString('utf8', at, at + size)
      at += size
    }
  }
  return text
}

export function encodeLine(text: string): Buffer {
  if (!/[\udc80-\udcff]/u.test(text)) return Buffer.from(text, 'utf8')
  const parts: Buffer[] = []
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - LONE_BASE]) : Buffer.from(char, 'utf8'))
  }
  return Buffer.concat(parts)
}

/** RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
export function isUtf8(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; ) {
    const size = sequenceLength(bytes, at)
    if (size === 0) return false
    at += size
  }
  return true
}

function sequenceLength(bytes: Buffer, at: number): 0 | 1 | 2 | 3 | 4 {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  const second = bytes[at + 1] ?? 0
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  for (let i = 2; i < size; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0
  return size
}

/** Postfix printable(3) with "?": control characters, and what is not ASCII unless `utf8`. */
export function printable(text: string, utf8: boolean): string {
  const control = text.replace(/[\x00-\x1f\x7f]/g, '?')
  if (!utf8) return control.replace(/[\u0080-\u{10ffff}]/gu, char => '?'.repeat(encodeLine(char).length))
  return control.replace(/[\udc80-\udcff]/gu, '?')
}

/** What could break a log line or a header: Postfix neuter(3) of HELO names and XCLIENT attributes. */
export function neuter(text: string): string {
  return text.replace(/[ <>()\\";@]/g, '?')
}

/** Postfix escape(3): "\n", "\177"; for log lines that quote a client's raw bytes. */
export function escapeBytes(bytes: Buffer): string {
  const names: Readonly<Record<number, string>> = {
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
  }
  let text = ''
  for (const byte of bytes) {
    if (byte >= 0x20 && byte < 0x7f) text += byte === 0x5c ? '\\\\' : String.fromCharCode(byte)
    else text += names[byte] ?? `\\${byte.toString(8).padStart(3, '0')}`
  }
  return text
}
