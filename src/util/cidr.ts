import { formatIp, type IpAddress, parseIpExactly } from './ip.ts'

/** A network; host bits of `base` are zero. A plain address is a network of full length. */
export interface Cidr {
  readonly base: IpAddress
  /** Bits: 0..32, or 0..128. */
  readonly prefix: number
}

export type ParsedCidr =
  | { readonly kind: 'cidr'; readonly cidr: Cidr }
  /** `text` in Postfix's words, e.g. `bad mask value in "192.0.2.0/x"`. */
  | { readonly kind: 'problem'; readonly text: string }

/**
 * `net/len`, `[net]/len`, `[net/len]` or an address, with or without brackets. Postfix: cidr_table(5), and its messages.
 * Never guesses: host bits that are set, missing octets and masks such as 255.255.255.0 are problems.
 */
export function parseCidr(pattern: string): ParsedCidr {
  let network = pattern
  let mask: string | null = null
  if (pattern.startsWith('[')) {
    const close = pattern.indexOf(']')
    if (close < 0) return problem(`missing ']' character after "[${pattern.slice(1)}"`)
    network = pattern.slice(1, close)
    const rest = pattern.slice(close + 1)
    if (rest.startsWith('/')) mask = rest.slice(1)
    else if (rest !== '') return problem(`garbage after "[${network}]"`)
  }
  if (mask === null && network.includes('/')) {
    const slash = network.indexOf('/')
    mask = network.slice(slash + 1)
    network = network.slice(0, slash)
  }
  return mask === null ? parseAddress(network) : parseNetwork(network, mask)
}

function parseAddress(text: string): ParsedCidr {
  const base = parseIpExactly(text)
  if (base === null) return problem(`bad address pattern: "${text}"`)
  return { kind: 'cidr', cidr: { base, prefix: bitsOf(base) } }
}

function parseNetwork(network: string, mask: string): ParsedCidr {
  const shown = `"${network}/${mask}"`
  if (!/^[0-9]+$/.test(mask)) return problem(`bad mask value in ${shown}`)
  const prefix = Number(mask)
  if (prefix > (network.includes(':') ? 128 : 32)) return problem(`bad mask length in ${shown}`)
  const ip = parseIpExactly(network)
  if (ip === null) return problem(`bad network value in ${shown}`)
  const base = maskIp(ip, prefix)
  if (base.words.some((word, i) => word !== ip.words[i])) {
    return problem(
      `non-null host address bits in ${shown}, perhaps you should use "${formatIp(base)}/${prefix}" instead`,
    )
  }
  return { kind: 'cidr', cidr: { base, prefix } }
}

function problem(text: string): ParsedCidr {
  return { kind: 'problem', text }
}

function bitsOf(ip: IpAddress): number {
  return ip.family === 4 ? 32 : 128
}

/** The address with all but the first `prefix` bits cleared. */
export function maskIp(ip: IpAddress, prefix: number): IpAddress {
  if (ip.family === 4) return { family: 4, words: [maskWord(ip.words[0], prefix)] }
  const [a, b, c, d] = ip.words
  return {
    family: 6,
    words: [maskWord(a, prefix), maskWord(b, prefix - 32), maskWord(c, prefix - 64), maskWord(d, prefix - 96)],
  }
}

function maskWord(word: number, prefix: number): number {
  if (prefix <= 0) return 0
  if (prefix >= 32) return word
  return (word & (0xffffffff << (32 - prefix))) >>> 0
}

/** Whether the network holds the address. IPv4 never holds IPv6, nor the other way round. */
export function cidrContains(cidr: Cidr, ip: IpAddress): boolean {
  if (cidr.base.family !== ip.family) return false
  const masked = maskIp(ip, cidr.prefix)
  return masked.words.every((word, i) => word === cidr.base.words[i])
}

/** `192.0.2.0/24`; the length is always there. */
export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr.base)}/${cidr.prefix}`
}

interface Entry<T> {
  readonly order: number
  readonly value: T
}

/**
 * Networks with values; a lookup finds the one that was added first, as a cidr table does, not the longest. One map per
 * prefix length in use, so that the cost does not grow with the number of networks (100,000: a few microseconds).
 */
export class CidrSet<T> {
  #size = 0
  readonly #byPrefix: {
    readonly 4: Map<number, Map<number, Entry<T>>>
    readonly 6: Map<number, Map<string, Entry<T>>>
  } = { 4: new Map(), 6: new Map() }

  get size(): number {
    return this.#size
  }

  add(cidr: Cidr, value: T): void {
    const entry = { order: this.#size++, value }
    if (cidr.base.family === 4) addFirst(netsOf(this.#byPrefix[4], cidr.prefix), cidr.base.words[0], entry)
    else addFirst(netsOf(this.#byPrefix[6], cidr.prefix), ipv6Key(cidr.base.words), entry)
  }

  has(ip: IpAddress): boolean {
    return this.#find(ip) !== null
  }

  /** The value of the first network added that holds the address; undefined without one. */
  get(ip: IpAddress): T | undefined {
    return this.#find(ip)?.value
  }

  #find(ip: IpAddress): Entry<T> | null {
    let best: Entry<T> | null = null
    if (ip.family === 4) {
      for (const [prefix, nets] of this.#byPrefix[4]) best = earlier(best, nets.get(maskWord(ip.words[0], prefix)))
    } else {
      for (const [prefix, nets] of this.#byPrefix[6]) {
        const masked = maskIp(ip, prefix)
        if (masked.family === 6) best = earlier(best, nets.get(ipv6Key(masked.words)))
      }
    }
    return best
  }
}

function netsOf<K, T>(byPrefix: Map<number, Map<K, Entry<T>>>, prefix: number): Map<K, Entry<T>> {
  let nets = byPrefix.get(prefix)
  if (nets === undefined) {
    nets = new Map()
    byPrefix.set(prefix, nets)
  }
  return nets
}

function addFirst<K, T>(nets: Map<K, Entry<T>>, key: K, entry: Entry<T>): void {
  if (!nets.has(key)) nets.set(key, entry)
}

function earlier<T>(best: Entry<T> | null, candidate: Entry<T> | undefined): Entry<T> | null {
  if (candidate === undefined) return best
  return best === null || candidate.order < best.order ? candidate : best
}

function ipv6Key(words: readonly number[]): string {
  return words.join(':')
}
