/**
 * IP addresses as Postfix takes them: text forms of inet_pton(3) and nothing else. No leading zeros, no `127.1`, no
 * `0x7f.1`, no scope ids, no blanks: a configuration that other parsers would read as another address is refused.
 */

/** `words`: 32-bit groups, most significant first, unsigned. */
export type IpAddress = Ipv4 | Ipv6
export interface Ipv4 {
  readonly family: 4
  readonly words: readonly [number]
}
export interface Ipv6 {
  readonly family: 6
  readonly words: readonly [number, number, number, number]
}

/** Address from text; `::ffff:192.0.2.1` becomes 192.0.2.1, as Postfix does with clients. Null when it is none. */
export function parseIp(text: string): IpAddress | null {
  const ip = parseIpExactly(text)
  if (ip === null || ip.family === 4) return ip
  const [a, b, c, d] = ip.words
  return a === 0 && b === 0 && c === 0xffff ? { family: 4, words: [d] } : ip
}

/** Like `parseIp`, but an IPv4-mapped IPv6 address stays IPv6 (what a cidr table means by `::ffff:192.0.2.1`). */
export function parseIpExactly(text: string): IpAddress | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

function parseIpv4(text: string): Ipv4 | null {
  const bits = readIpv4(text, 0)
  return bits < 0 ? null : { family: 4, words: [bits] }
}

/** The 32 bits of the dotted quad that is all of `text` from `start` on; -1 when it is none. */
function readIpv4(text: string, start: number): number {
  if (text.length - start < 7 || text.length - start > 15) return -1
  let bits = 0
  let octet = -1
  let dots = 0
  for (let i = start; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char >= 0x30 && char <= 0x39) {
      if (octet === 0) return -1 // a leading zero might mean octal elsewhere
      octet = (octet < 0 ? 0 : octet * 10) + char - 0x30
      if (octet > 255) return -1
    } else if (char === 0x2e && octet >= 0 && dots < 3) {
      bits = bits * 256 + octet
      octet = -1
      dots++
    } else {
      return -1
    }
  }
  return dots === 3 && octet >= 0 ? bits * 256 + octet : -1
}

function parseIpv6(text: string): Ipv6 | null {
  if (text.length < 2 || text.length > 45) return null
  const gap = text.indexOf('::')
  if (gap < 0) {
    const groups = readGroups(text)
    return groups?.length === 8 ? toIpv6(groups) : null
  }
  const tailText = text.slice(gap + 2)
  if (tailText.includes('::') || tailText.startsWith(':')) return null
  const headText = text.slice(0, gap)
  if (headText.includes('.')) return null
  const head = headText === '' ? [] : readGroups(headText)
  const tail = tailText === '' ? [] : readGroups(tailText)
  if (head === null || tail === null || head.length + tail.length > 7) return null
  const zeros = new Array<number>(8 - head.length - tail.length).fill(0)
  return toIpv6([...head, ...zeros, ...tail])
}

/** Groups of 16 bits; the last may be a dotted quad, which makes two. */
function readGroups(text: string): number[] | null {
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1 && part.includes('.')) {
      const bits = readIpv4(part, 0)
      if (bits < 0) return null
      groups.push(Math.floor(bits / 0x10000), bits % 0x10000)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16))
    } else {
      return null
    }
  }
  return groups
}

function toIpv6(groups: readonly number[]): Ipv6 {
  const word = (i: number) => (groups[i] ?? 0) * 0x10000 + (groups[i + 1] ?? 0)
  return { family: 6, words: [word(0), word(2), word(4), word(6)] }
}

/** Canonical text: dotted quad, or RFC 5952. Mapped and compatible IPv6 addresses end in a dotted quad, as inet_ntop(3). */
export function formatIp(ip: IpAddress): string {
  return ip.family === 4 ? formatIpv4(ip.words[0]) : formatIpv6(ip)
}

function formatIpv4(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`
}

function formatIpv6(ip: Ipv6): string {
  const groups = ip.words.flatMap(word => [word >>> 16, word & 0xffff])
  const gap = longestZeroRun(groups)
  const [, , third, last] = ip.words
  const embedsIpv4 = gap.start === 0 && (gap.length === 6 || (gap.length === 5 && third === 0xffff))
  if (embedsIpv4) return `::${gap.length === 5 ? 'ffff:' : ''}${formatIpv4(last)}`
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map(group => group.toString(16))
      .join(':')
  // RFC 5952 4.2.2: a single zero group is not shortened.
  if (gap.length < 2) return hex(0, 8)
  return `${hex(0, gap.start)}::${hex(gap.start + gap.length, 8)}`
}

/** RFC 5952 4.2.3: the first of the longest runs. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

/** Labels of the address for a PTR or DNS list question, without a suffix: `1.2.0.192`, or 32 nibbles. */
export function reverseLabels(ip: IpAddress): string {
  if (ip.family === 4) return formatIpv4(ip.words[0]).split('.').reverse().join('.')
  const nibbles = ip.words.map(word => word.toString(16).padStart(8, '0')).join('')
  return [...nibbles].reverse().join('.')
}

/** `1.2.0.192.in-addr.arpa`, or the ip6.arpa name of 32 nibbles (RFC 3596 2.5). */
export function reverseName(ip: IpAddress): string {
  return `${reverseLabels(ip)}.${ip.family === 4 ? 'in-addr' : 'ip6'}.arpa`
}

export function sameIp(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.words.every((word, i) => word === b.words[i])
}
