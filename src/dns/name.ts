/**
 * Domain names between text and wire. In text a dot inside a label is "\.", a backslash "\\", and a byte that is not
 * printable ASCII "\DDD" in decimal (RFC 1035 5.1, RFC 4343 2.1), so that two names never look the same. The root is
 * "." as a question; in records it is ''.
 */

/** RFC 1035 2.3.4: octets in one label. */
const MAX_LABEL_BYTES = 63
/** RFC 1035 2.3.4: octets in a whole name on the wire, length octets and the root's zero included. */
export const MAX_NAME_BYTES = 255

const DOT = 0x2e
const BACKSLASH = 0x5c

/** Wire form of a name as text, a trailing dot allowed; null when it is no name: empty, empty label, too long, bad escape. */
export function encodeName(text: string): Uint8Array | null {
  if (text === '.') return new Uint8Array(1)
  const bytes = Buffer.from(text, 'utf8')
  // Every octet of a name takes at most four characters as text.
  if (bytes.length === 0 || bytes.length > 4 * MAX_NAME_BYTES) return null
  const out = new Uint8Array(MAX_NAME_BYTES)
  let length = 1
  let labelAt = 0
  for (let i = 0; i < bytes.length; i++) {
    let byte = bytes[i] ?? 0
    if (byte === DOT) {
      if (length - labelAt === 1) return null
      out[labelAt] = length - labelAt - 1
      labelAt = length
    } else {
      if (byte === BACKSLASH) {
        const escaped = readEscape(bytes, i)
        if (escaped === null) return null
        byte = escaped.byte
        i += escaped.size
      }
      if (length - labelAt > MAX_LABEL_BYTES) return null
      out[length] = byte
    }
    length++
    if (length > MAX_NAME_BYTES) return null
  }
  // Without a trailing dot the last label is still open, and the root's zero is to come.
  if (length - labelAt > 1) {
    if (length >= MAX_NAME_BYTES) return null
    out[labelAt] = length - labelAt - 1
    length++
  }
  return out.subarray(0, length)
}

function readEscape(bytes: Uint8Array, at: number): { byte: number; size: number } | null {
  const digits = Buffer.from(bytes.subarray(at + 1, at + 4)).toString('latin1')
  if (/^\d{3}$/.test(digits)) {
    const byte = Number(digits)
    return byte <= 255 ? { byte, size: 3 } : null
  }
  const next = bytes[at + 1]
  // RFC 1035 5.1: "\X" is X itself, for any character other than a digit.
  return next === undefined || (next >= 0x30 && next <= 0x39) ? null : { byte: next, size: 1 }
}

/** Text of one octet inside a label. */
export const BYTE_TEXT: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  if (byte === DOT || byte === BACKSLASH) return `\\${String.fromCharCode(byte)}`
  if (byte > 0x20 && byte < 0x7f) return String.fromCharCode(byte)
  return `\\${String(byte).padStart(3, '0')}`
})

/** Lower case in ASCII only (RFC 4343 3): toLowerCase alone would turn the Kelvin sign into a "k". */
export function lowerName(text: string): string {
  const lower = text.toLowerCase()
  if (lower === text || /^[\x00-\x7f]*$/.test(text)) return lower
  return text.replace(/[A-Z]+/g, capitals => capitals.toLowerCase())
}

/** Whether `name` is `zone` or lies below it; both lower case without trailing dot. */
export function isWithin(name: string, zone: string): boolean {
  return name === zone || (name.endsWith(zone) && name.charCodeAt(name.length - zone.length - 1) === DOT)
}

/** Text of a name in wire form without pointers, as `encodeName` makes it; the root is ''. */
export function formatName(wire: Uint8Array): string {
  const labels: string[] = []
  for (let at = 0; at < wire.length; at += 1 + (wire[at] ?? 0)) {
    const label = wire.subarray(at + 1, at + 1 + (wire[at] ?? 0))
    if (label.length > 0) labels.push(Array.from(label, byte => BYTE_TEXT[byte] ?? '').join(''))
  }
  return labels.join('.')
}
