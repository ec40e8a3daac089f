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
