/**
 * The keys under which Postgrey 1.37 keeps what it knows, letter by letter, so that its database can be taken over:
 * "192.0.2.0/sender/recipient" in lower case for a triplet, the address alone for a client.
 */
import { createHash } from 'node:crypto'
import { maskIp } from '../util/cidr.ts'
import type { IpAddress } from '../util/ip.ts'

/** RFC 5321 4.5.3.1 keeps real addresses far below; the memory takes keys of at most 1,000 characters. */
const KEY_LIMIT = 1000

export interface KeyRules {
  readonly lookupByHost: boolean
  readonly ipv4Prefix: number
  readonly ipv6Prefix: number
  readonly privacy: boolean
}

/** Perl's NetAddr::IP writes IPv6 addresses in full, without leading zeros, in capitals. */
export function postgreyAddress(ip: IpAddress): string {
  if (ip.family === 4) {
    const bits = ip.words[0]
    return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`
  }
  return ip.words
    .map(word => `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`)
    .join(':')
    .toUpperCase()
}

/** The network of a client, as the first part of a triplet. Postgrey do_client_substitutions. */
function clientNetwork(ip: IpAddress, rules: KeyRules): string {
  // With --lookup-by-host Postgrey uses the address object itself, whose text has a mask.
  if (rules.lookupByHost) return `${postgreyAddress(ip)}/${ip.family === 4 ? 32 : 128}`
  return postgreyAddress(maskIp(ip, ip.family === 4 ? rules.ipv4Prefix : rules.ipv6Prefix))
}

/**
 * A sender without what changes from mail to mail. Postgrey do_sender_substitutions: BATV signatures, extensions, and
 * numbers of VERP addresses.
 */
export function senderKey(sender: string): string {
  const at = sender.indexOf('@')
  if (at < 0) return sender
  let user = sender.slice(0, at)
  if (user.startsWith('prvs=')) user = withoutBatv(user)
  const plus = user.indexOf('+')
  if (plus >= 0) user = user.slice(0, plus)
  if (/\d/.test(user)) user = user.replace(/\b\d+\b/g, '#')
  return user + sender.slice(at)
}

/** "prvs=tag-val=loc-core", sometimes seen as "prvs=loc-core=tag-val"; in doubt the standard. */
function withoutBatv(user: string): string {
  const parts = user.split('=')
  // Perl's split drops empty parts at the end.
  while (parts.at(-1) === '') parts.pop()
  if (parts.length !== 3) return user
  const [, first = '', second = ''] = parts
  const tag = /^[0-9a-z]{10}/
  return tag.test(second) && !tag.test(first) ? first : second
}

export function tripletKey(ip: IpAddress, { sender, recipient }: Correspondence, rules: KeyRules): string {
  return kept(lowerAscii(`${clientNetwork(ip, rules)}/${senderKey(sender)}/${recipient}`), rules)
}

/** The triplet of a sender whom SPF vouches for: its domain stands for all addresses that it sends from. */
export function spfTripletKey(domain: string, { sender, recipient }: Correspondence, rules: KeyRules): string {
  return kept(lowerAscii(`spf:${domain}/${senderKey(sender)}/${recipient}`), rules)
}

export function clientKey(ip: IpAddress, rules: KeyRules): string {
  return kept(postgreyAddress(ip), rules)
}

export function spfClientKey(domain: string, rules: KeyRules): string {
  return kept(lowerAscii(`spf:${domain}`), rules)
}

/** An address that a user of ours wrote to, or that such an answer comes from. */
export function correspondentKey(address: string, rules: KeyRules): string {
  return kept(lowerAscii(senderKey(address)), rules)
}

export interface Correspondence {
  readonly sender: string
  readonly recipient: string
}

function kept(key: string, rules: KeyRules): string {
  return rules.privacy ? sha1(key) : fittingKey(key)
}

/** A key that the memory takes; the end of one that is too long is a sum of it all. */
export function fittingKey(key: string): string {
  return key.length <= KEY_LIMIT ? key : `${key.slice(0, KEY_LIMIT - 41)}/${sha1(key)}`
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

/** Perl's lc and /i on bytes: only letters of ASCII have two cases. */
export function lowerAscii(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? text.replace(/[A-Z]+/g, part => part.toLowerCase()) : text.toLowerCase()
}
