/**
 * Address patterns such as 127.0.[0..255].[1..3] or 127.0.0.[2;4..11], as DNS lists use them for their replies
 * (Postfix: ip_match(3), postconf(5) reject_rbl_client).
 */

export type IpMatcher = (address: string) => boolean

/** A matcher for dotted IPv4 text, or what is wrong with the pattern. */
export function parseIpMatch(pattern: string): IpMatcher | { readonly problem: string } {
  const body = stripOuterBrackets(pattern)
  if (body === null) return { problem: `missing "]" character in "${pattern}"` }
  if (body === '') return { problem: 'empty address pattern' }
  const fields = splitFields(body)
  if (fields === null) return { problem: `missing "]" character in "${pattern}"` }
  if (fields.length !== 4) return { problem: `need four fields separated by "." in "${pattern}"` }
  const ranges: (readonly [number, number][])[] = []
  for (const field of fields) {
    const parsed = parseField(field)
    if (parsed === null)
      return { problem: `need decimal number 0..255 or [number;number..number] at "${field}" in "${pattern}"` }
    ranges.push(parsed)
  }
  return address => {
    const octets = address.split('.').map(Number)
    return octets.length === 4 && ranges.every((field, i) => field.some(([low, high]) => within(octets[i], low, high)))
  }
}

function within(octet: number | undefined, low: number, high: number): boolean {
  return octet !== undefined && octet >= low && octet <= high
}

/** `[pattern]` means the same as `pattern`. */
function stripOuterBrackets(pattern: string): string | null {
  if (!pattern.startsWith('[')) return pattern
  let level = 0
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] === '[') level++
    else if (pattern[at] === ']' && --level === 0) return at === pattern.length - 1 ? pattern.slice(1, -1) : pattern
  }
  return null
}

/** Splits at the dots outside brackets. */
function splitFields(body: string): string[] | null {
  const fields: string[] = []
  let start = 0
  let open = false
  for (let at = 0; at < body.length; at++) {
    if (body[at] === '[') open = true
    else if (body[at] === ']') open = false
    else if (body[at] === '.' && !open) {
      fields.push(body.slice(start, at))
      start = at + 1
    }
  }
  fields.push(body.slice(start))
  return open ? null : fields
}

/** One octet, or `[a;b..c]`. */
function parseField(field: string): [number, number][] | null {
  if (/^\d+$/.test(field)) return octet(field) === null ? null : [[Number(field), Number(field)]]
  const inside = /^\[([^[\]]*)\]$/.exec(field)?.[1]
  if (inside === undefined) return null
  const ranges: [number, number][] = []
  for (const part of inside.split(';')) {
    const m = /^(\d+)(?:\.\.(\d+))?$/.exec(part)
    const low = octet(m?.[1] ?? '')
    const high = octet(m?.[2] ?? m?.[1] ?? '')
    if (low === null || high === null || low > high) return null
    ranges.push([low, high])
  }
  return ranges
}

function octet(text: string): number | null {
  return /^\d+$/.test(text) && Number(text) <= 255 ? Number(text) : null
}
