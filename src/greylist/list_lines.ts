/** Postgrey's white list files (whitelist_clients, whitelist_recipients), line by line. */
import { type Cidr, maskIp } from '../util/cidr.ts'
import { type IpAddress, parseIpExactly } from '../util/ip.ts'
import { Pattern, PatternError } from '../util/pattern.ts'
import { lowerAscii } from './keys.ts'

export type ClientEntry =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'pattern'; readonly pattern: Pattern }
  | { readonly kind: 'network'; readonly cidr: Cidr }

export type RecipientEntry =
  /** "user@domain" or "user@": its extensions too. */
  | { readonly kind: 'user'; readonly address: string }
  /** With its subdomains. */
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'pattern'; readonly pattern: Pattern }

export interface ParsedLine<E> {
  readonly entry: E | null
  /** What is odd about the line, with a remedy; the entry counts all the same where there is one. */
  readonly problem: string | null
}

const EMPTY = { entry: null, problem: null }

/** Postgrey: s/#.*$//, s/^\s+//, s/\s+$//. Also inside a pattern. */
function strip(line: string): string {
  return line.replace(/#.*$/, '').trim()
}

/** Postgrey read_clients_whitelists. */
export function parseClientLine(line: string): ParsedLine<ClientEntry> {
  const text = strip(line)
  if (text === '') return EMPTY
  const source = /^\/(\S+)\/$/.exec(text)?.[1]
  if (source !== undefined) return patternLine(source)
  if (/^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:\/\d{1,2})?$/.test(text)) return networkLine(text, text)
  if (/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text)) return networkLine(text, `${text}.0/24`)
  if (/^\d{1,3}\.\d{1,3}$/.test(text)) {
    // Postgrey 1.37 says "/16" in its comment and 24 in its code: a list must not let in more here than it did there.
    const { entry, problem } = networkLine(text, `${text}.0.0/24`)
    const hint = `"${text}" is ${text}.0.0/24, as in Postgrey: write ${text}.0.0/16 if you mean the whole network`
    return { entry, problem: problem ?? hint }
  }
  if (/^.*:.*:.*(?:\/\d{1,3})?$/.test(text)) return networkLine(text, text)
  if (/\s/.test(text)) return { entry: null, problem: `"${text}" doesn't look like a hostname: one entry a line` }
  return { entry: { kind: 'name', name: lowerAscii(text) }, problem: oddName(text) }
}

/** Entries that Postgrey takes and that match nothing. */
function oddName(name: string): string | null {
  if (name.startsWith('.')) return `"${name}" matches nothing: write ${name.slice(1)}, which means its subdomains too`
  if (name.includes('*')) return `"${name}" matches nothing: a name means its subdomains too; for more write /pattern/`
  if (name.includes('@')) return `"${name}" matches nothing: it is an address, and this is a list of clients`
  return null
}

function networkLine(shown: string, text: string): ParsedLine<ClientEntry> {
  const [address = '', length] = text.split('/')
  const ip = parseIpExactly(address)
  const bits = ip?.family === 4 ? 32 : 128
  const prefix = length === undefined ? bits : Number(length)
  if (ip === null || prefix > bits || !Number.isInteger(prefix))
    return {
      entry: null,
      problem: `"${shown}" is no address or network: write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32`,
    }
  return { entry: { kind: 'network', cidr: { base: maskIp(ip, prefix), prefix } }, problem: null }
}

/** Postgrey read_recipients_whitelists; postfix access(5) syntax. */
export function parseRecipientLine(line: string): ParsedLine<RecipientEntry> {
  const text = strip(line)
  if (text === '') return EMPTY
  const source = /^\/(\S+)\/$/.exec(text)?.[1]
  if (source !== undefined) return patternLine(source)
  if (/\s/.test(text)) return { entry: null, problem: `"${text}" doesn't look like an address: one entry a line` }
  if (!text.includes('@')) return { entry: { kind: 'domain', domain: lowerAscii(text) }, problem: null }
  const problem = text.startsWith('@')
    ? `"${text}" matches nothing: write ${text.slice(1)}, which means its subdomains too`
    : null
  return { entry: { kind: 'user', address: lowerAscii(text) }, problem }
}

/** Perl qr{…}i. */
function patternLine(source: string): ParsedLine<{ readonly kind: 'pattern'; readonly pattern: Pattern }> {
  try {
    const pattern = new Pattern(source, { syntax: 'pcre', flags: { ignoreCase: true } })
    return { entry: { kind: 'pattern', pattern }, problem: null }
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    return { entry: null, problem: `cannot use the pattern /${source}/: ${error.message}` }
  }
}

/** Postgrey keeps IPv4 addresses as the last 32 bits of IPv6 ones, so that ::/0 holds them too. */
export function holdsAllIpv4(cidr: Cidr): boolean {
  return cidr.base.family === 6 && cidr.prefix <= 96 && cidr.base.words.every(word => word === 0)
}

export type { IpAddress }
