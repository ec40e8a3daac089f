const LABEL_LIMIT = 63
const NAME_LIMIT = 253

/** Whether a name can be asked for at all. */
export function isLookupName(name: string): boolean {
  if (name === '' || name.length > NAME_LIMIT) return false
  let label = 0
  for (let at = 0; at < name.length; at++) {
    if (name.charCodeAt(at) !== 0x2e) {
      if (++label > LABEL_LIMIT) return false
    } else if (label === 0) return false
    else label = 0
  }
  return label > 0
}

/** A name as the resolver takes it: a backslash is one, and begins no escape (RFC 4343 2.1). */
export function questionText(name: string): string {
  return name.includes('\\') ? name.replaceAll('\\', '\\\\') : name
}
