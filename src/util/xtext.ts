/** RFC 3461 4: bytes above 126 and below 33, "+", and those of `also` as +XX. Postfix adds "=" for SMTP parameters only. */
export function xtext(text: string, also = ''): string {
  let out = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const char = String.fromCharCode(byte)
    const plain = byte > 32 && byte < 127 && byte !== 43 && !also.includes(char)
    out += plain ? char : `+${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

/** RFC 3461 4: xtext; null: not well-formed. */
export function decodeXtext(text: string): string | null {
  if (/\+(?![0-9A-Fa-f]{2})/.test(text)) return null
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  return Buffer.from(
    bytes.replace(/\+([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8')
}
