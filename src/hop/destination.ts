import type { DnsAnswer, Resolver } from '../dns/resolver.ts'
import type { DialTarget } from '../net/dial.ts'
import { lostTrouble, type Trouble } from './trouble.ts'

/** What postern_next_hop or a FILTER action names. */
export type Destination =
  /** `mx`: the host is a domain, its MX hosts are meant; otherwise the host itself. */
  | {
      readonly kind: 'inet'
      readonly lmtp: boolean
      readonly host: string
      readonly port: number
      readonly mx: boolean
    }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'maildir'; readonly directory: string }
  | { readonly kind: 'discard'; readonly text: string }

export type ParsedDestination =
  | { readonly ok: true; readonly destination: Destination }
  | { readonly ok: false; readonly problem: string }

/**
 * Reads `smtp:[host]:port`, `smtp:host` (MX lookup), `relay:…` (same as smtp:), `lmtp:inet:host:port`, `lmtp:[host]:port`,
 * `lmtp:unix:path`, `maildir:DIR` and `discard:`; ports default to 25 and 24 (Postfix: smtp_tcp_port, lmtp_tcp_port).
 */
export function parseDestination(text: string): ParsedDestination {
  const colon = text.indexOf(':')
  const transport = colon < 0 ? text : text.slice(0, colon)
  const rest = colon < 0 ? '' : text.slice(colon + 1)
  switch (transport) {
    case 'smtp':
    case 'relay':
      return parseInet(rest, { lmtp: false, port: 25, text })
    case 'lmtp':
      if (rest.startsWith('unix:')) return parsePath(rest.slice(5), text)
      return parseInet(rest.startsWith('inet:') ? rest.slice(5) : rest, { lmtp: true, port: 24, text })
    case 'maildir':
      if (rest === '') return { ok: false, problem: `no directory in "${text}"` }
      return { ok: true, destination: { kind: 'maildir', directory: rest } }
    case 'discard':
      return { ok: true, destination: { kind: 'discard', text: rest } }
    default:
      return { ok: false, problem: `unknown transport in "${text}": expected smtp:, lmtp:, maildir: or discard:` }
  }
}

function parsePath(path: string, text: string): ParsedDestination {
  if (path === '') return { ok: false, problem: `no path in "${text}"` }
  return { ok: true, destination: { kind: 'unix', path } }
}

function parseInet(rest: string, about: { lmtp: boolean; port: number; text: string }): ParsedDestination {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\w+))?$/.exec(rest)
  const host = match?.[1] ?? match?.[2]
  if (host === undefined) return { ok: false, problem: `no host in "${about.text}"` }
  const port = parsePort(match?.[3], about.port)
  if (port === null) return { ok: false, problem: `bad port in "${about.text}"` }
  const address = host.replace(/^ipv6:/i, '')
  // Postfix: brackets turn the MX lookup off, and LMTP has none.
  const mx = !about.lmtp && match?.[1] === undefined
  return { ok: true, destination: { kind: 'inet', lmtp: about.lmtp, host: address, port, mx } }
}

const SERVICES: ReadonlyMap<string, number> = new Map([
  ['smtp', 25],
  ['submission', 587],
  ['lmtp', 24],
])

function parsePort(text: string | undefined, fallback: number): number | null {
  if (text === undefined) return fallback
  const port = /^\d{1,5}$/.test(text) ? Number(text) : SERVICES.get(text)
  return port !== undefined && port > 0 && port < 65536 ? port : null
}

/** One place to connect to, and how log lines call it. */
export interface HopTarget {
  readonly dial: DialTarget
  /** Host name, or the address itself where only that is known. */
  readonly host: string
  readonly address: string
  readonly port: number | null
}

export type Resolved =
  | { readonly ok: true; readonly targets: readonly HopTarget[] }
  | { readonly ok: false; readonly trouble: Trouble }

export interface ResolveOptions {
  readonly ipv4: boolean
  readonly ipv6: boolean
}

/** The addresses of a destination in the order to try them: MX preference, IPv4 before IPv6. Never throws. */
export async function resolveTargets(
  destination: { readonly host: string; readonly port: number; readonly mx: boolean },
  resolver: Resolver,
  options: ResolveOptions,
): Promise<Resolved> {
  const { host, port, mx } = destination
  if (isAddress(host)) return { ok: true, targets: [makeTarget(host, host, port)] }
  if (!mx) return resolveHost(host, port, { resolver, ...options })
  const answer = await resolver.query(host, 'MX')
  if (answer.status === 'failed') return failedLookup(host, 'MX')
  if (answer.status === 'absent') {
    if (answer.reason === 'nxdomain') return notFound(host, 'A')
    // RFC 5321 5.1: without MX the domain itself is the host.
    return resolveHost(host, port, { resolver, ...options })
  }
  return resolveExchanges(host, port, { answer, resolver, ...options })
}

interface LookupOptions extends ResolveOptions {
  readonly resolver: Resolver
}

async function resolveExchanges(
  domain: string,
  port: number,
  options: LookupOptions & { readonly answer: DnsAnswer & { readonly status: 'found' } },
): Promise<Resolved> {
  const records = options.answer.records.flatMap(record => (record.type === 'MX' ? [record] : []))
  const sorted = records.toSorted((a, b) => a.preference - b.preference)
  // RFC 7505: "MX 0 ." takes no mail.
  if (sorted.length === 1 && sorted[0]?.exchange === '') {
    const text = `Domain ${domain} does not accept mail (nullMX)`
    return {
      ok: false,
      trouble: { ...lostTrouble('5.1.0', text, `556 5.1.10 ${text}`), broken: false, unanswered: false },
    }
  }
  const all = await Promise.all(sorted.map(record => resolveHost(record.exchange, port, options)))
  const targets = all.flatMap(one => (one.ok ? one.targets : []))
  if (targets.length > 0) return { ok: true, targets }
  const soft = all.find(one => !one.ok && one.trouble.dsn.startsWith('4')) ?? all[0]
  return soft ?? notFound(domain, 'MX')
}

async function resolveHost(host: string, port: number, options: LookupOptions): Promise<Resolved> {
  if (isAddress(host)) return { ok: true, targets: [makeTarget(host, host, port)] }
  const v4 = options.ipv4 || !options.ipv6
  // RFC 6761 6.3: never asked over the network.
  if (host.toLowerCase() === 'localhost') {
    const addresses = [...(v4 ? ['127.0.0.1'] : []), ...(options.ipv6 ? ['::1'] : [])]
    return { ok: true, targets: addresses.map(address => makeTarget(host, address, port)) }
  }
  const types = [...(v4 ? (['A'] as const) : []), ...(options.ipv6 ? (['AAAA'] as const) : [])]
  const answers = await Promise.all(types.map(type => options.resolver.query(host, type)))
  const targets = answers.flatMap(answer => addressesOf(answer)).map(address => makeTarget(host, address, port))
  if (targets.length > 0) return { ok: true, targets }
  if (answers.some(answer => answer.status === 'failed')) return failedLookup(host, types[0] ?? 'A')
  return notFound(host, types.at(-1) ?? 'A')
}

function addressesOf(answer: DnsAnswer): readonly string[] {
  if (answer.status !== 'found') return []
  return answer.records.flatMap(record => (record.type === 'A' || record.type === 'AAAA' ? [record.address] : []))
}

function makeTarget(host: string, address: string, port: number): HopTarget {
  return { dial: { kind: 'inet', address, port }, host, address, port }
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host)
}

// Postfix: the texts of smtp(8) and its DNS client.
function failedLookup(name: string, type: string): Resolved {
  const text = `Host or domain name not found. Name service error for name=${name} type=${type}: Host not found, try again`
  return { ok: false, trouble: lostTrouble('4.4.3', text) }
}

function notFound(name: string, type: string): Resolved {
  const text = `Host or domain name not found. Name service error for name=${name} type=${type}: Host not found`
  return { ok: false, trouble: lostTrouble('5.4.4', text) }
}
