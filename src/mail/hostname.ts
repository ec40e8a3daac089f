/**
 * Names and addresses as Postfix accepts them (valid_hostname(3), valid_mailhost_addr(3)): RFC 1123 2.1 with the
 * underscore, and looser addresses than util/ip.ts parses, because clients are judged by the same measure as there.
 */

/** RFC 1035 2.3.4 */
const LABEL_LIMIT = 63
/** RFC 1035 3.1: 255 bytes on the wire. */
const NAME_LIMIT = 255

/** Letters, digits, "-", "_" in labels, no empty label, not all numeric. */
export function isValidHostname(name: string): boolean {
  if (name === '' || name.length > NAME_LIMIT || !/[^\d.]/.test(name)) return false
  return name
    .split('.')
    .every(label => label.length <= LABEL_LIMIT && /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/.test(label))
}

/** What Postfix logs about a name that isValidHostname() refuses; null: it is one. Postfix: valid_hostname(3), DO_GRIPE. */
export function hostnameComplaint(name: string): string | null {
  if (isValidHostname(name)) return null
  if (name === '') return 'empty hostname'
  const shown = name.slice(0, 100)
  for (const [at, character] of [...name].entries()) {
    const complaint = characterComplaint(name, at, character)
    if (complaint !== null) return `${complaint}: ${shown}`
  }
  return /[^\d.]/.test(name) ? `bad length ${name.length} for ${shown}...` : `numeric hostname: ${shown}`
}

function characterComplaint(name: string, at: number, character: string): string | null {
  const before = at === 0 ? '.' : name[at - 1]
  const after = name[at + 1] ?? '.'
  if (/\w/.test(character)) {
    const label = /[\w-]*$/.exec(name.slice(0, at + 1))?.[0] ?? ''
    return label.length > LABEL_LIMIT ? 'hostname label too long' : null
  }
  if (character === '.') return before === '.' || at === name.length - 1 ? 'misplaced delimiter' : null
  if (character === '-') return before === '.' || after === '.' ? 'misplaced hyphen' : null
  return `invalid character ${Buffer.from(character)[0] ?? 0}(decimal)`
}

/** The same for names that may hold UTF-8 labels (RFC 5890), which are valid when SMTPUTF8 is on and their A-labels are. */
export function isValidUtf8Hostname(name: string, smtputf8: boolean, toAscii: (name: string) => string): boolean {
  if (isAscii(name)) return isValidHostname(name)
  if (!smtputf8) return false
  const ascii = toAscii(name)
  return ascii !== '' && isValidHostname(ascii)
}

export function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}

/** Dotted quad or IPv6 text. 0.1.2.3 is not an address, 0.0.0.0 is. */
export function isValidHostaddr(text: string): boolean {
  return text.includes(':') ? isValidIpv6(text) : isValidIpv4(text)
}

function isValidIpv4(text: string): boolean {
  const octets = text.split('.')
  if (octets.length !== 4 || !octets.every(octet => /^\d+$/.test(octet) && Number(octet) <= 255)) return false
  return Number(octets[0]) !== 0 || /^[0.]+$/.test(text)
}

/**
 * Postfix valid_ipv6_hostaddr, which is looser than RFC 4291 2.2: it counts no fields but "at least three, at most eight", so
 * that 1:2:3 passes without a "::".
 */
function isValidIpv6(text: string): boolean {
  const quad = /^(?:.*:)?([0-9A-Fa-f]{0,4}\..*)$/.exec(text)?.[1]
  if (quad !== undefined) {
    const colons = text.split(':').length - 1
    return colons >= 2 && colons <= 6 && isValidIpv4(quad) && isValidIpv6Fields(`${text.slice(0, -quad.length)}0`)
  }
  return isValidIpv6Fields(text)
}

function isValidIpv6Fields(text: string): boolean {
  const fields = text.split(':')
  if (fields.length < 3 || fields.length > 8) return false
  if (!fields.every(field => /^[0-9A-Fa-f]{0,4}$/.test(field))) return false
  // One "::" at most, and no ":" alone at either end.
  return !/::.*::|:::|^:[^:]|[^:]:$/.test(text)
}

/** What may stand in `[…]`: an IPv4 address, or IPv6 behind "IPv6:" (RFC 5321 4.1.3). The bare address, or null. */
export function mailhostAddr(text: string): string | null {
  const ipv6 = /^IPv6:/i.test(text)
  const address = ipv6 ? text.slice(5) : text
  if (ipv6) return isValidHostaddr(address) && address.includes(':') ? address : null
  return isValidHostaddr(address) && !address.includes(':') ? address : null
}

/** `[…]` whole. */
export function isMailhostLiteral(text: string): boolean {
  return text.startsWith('[') && text.indexOf(']') === text.length - 1 && mailhostAddr(text.slice(1, -1)) !== null
}

/** Without one trailing dot, which is legal in a name, but not of "..". */
export function withoutTrailingDot(name: string): string {
  return name.length > 1 && name.endsWith('.') && !name.endsWith('..') ? name.slice(0, -1) : name
}
