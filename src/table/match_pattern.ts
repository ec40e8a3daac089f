import { type Cidr, cidrContains, parseCidr } from '../util/cidr.ts'
import { parseIpExactly } from '../util/ip.ts'

/** One plain pattern of a match list, in lower case, made ready. Postfix: match_ops(3). */
export interface PlainPattern {
  readonly text: string
  /** What it means as an address pattern; null: it can only be compared as text. */
  readonly network: Network | null
}
type Network = { readonly kind: 'cidr'; readonly cidr: Cidr } | { readonly kind: 'problem'; readonly text: string }

const V4_CHARS = /^[0-9.]*$/
const V6_CHARS = /^[0-9.a-fA-F:]*$/
const NETWORK_CHARS = /^[0-9.a-fA-F:[\]/]*$/

export function preparePattern(text: string): PlainPattern {
  const folded = text.toLowerCase()
  // Postfix: host names and plain IPv4 addresses are compared as text only, so that junk is no error.
  const isNetwork = /[:/]/.test(folded) && !V4_CHARS.test(folded) && NETWORK_CHARS.test(folded)
  return { text: folded, network: isNetwork ? parseCidr(folded) : null }
}

/** Exact, or a domain that the name is below: with `parents` the pattern `example.com`, without it `.example.com`. */
export function matchesName(pattern: PlainPattern, name: string, parents: boolean): boolean {
  const { text } = pattern
  if (name === text) return true
  if (parents) return name.endsWith(`.${text}`) && name.length > text.length + 1
  return text.startsWith('.') && name.endsWith(text) && name.length > text.length
}

/** Whether an address matches; a text says why the pattern is unusable for addresses of this family. */
export function matchesAddress(pattern: PlainPattern, address: string): boolean | { readonly problem: string } {
  const { text, network } = pattern
  if (!V6_CHARS.test(address)) return false
  if (address === text || `[${address}]` === text) return true
  if (network === null || address.includes(':') !== text.includes(':')) return false
  if (network.kind === 'problem') return { problem: network.text }
  const ip = parseIpExactly(address)
  return ip !== null && cidrContains(network.cidr, ip)
}
