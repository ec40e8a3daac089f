import { mailhostAddr } from '../mail/hostname.ts'
import { formatIp, parseIp } from '../util/ip.ts'
import { decodeXtext } from '../util/xtext.ts'
import { printable } from './bytes.ts'
import type { Token } from './token.ts'

/** XCLIENT and XFORWARD say [UNAVAILABLE] and [TEMPUNAVAIL] where they cannot tell. */
export const UNAVAILABLE = '[UNAVAILABLE]'
export const TEMPORARY = '[TEMPUNAVAIL]'
/** Postfix CLIENT_ATTR_UNKNOWN */
export const UNKNOWN = 'unknown'

export interface Attribute {
  /** As the client wrote it. */
  readonly name: string
  /** Decoded, control characters masked. */
  readonly value: string
}

/** One "NAME=value" of XCLIENT or XFORWARD; a string is the refusal. */
export function readAttribute(token: Token, utf8: boolean): Attribute | string {
  const equals = token.text.indexOf('=')
  const raw = token.text.slice(equals + 1)
  if (equals < 0 || raw === '') return '501 5.5.4 Error: attribute=value expected'
  if (Buffer.byteLength(raw) > 255) return '501 5.5.4 Error: attribute value too long'
  // Postfix: clients older than 2.3 do not encode, so what is no xtext is taken as it is.
  return { name: token.text.slice(0, equals), value: printable(decodeXtext(raw) ?? raw, utf8) }
}

/** "192.0.2.1" or "IPv6:2001:db8::1", of a family that inet_protocols has; the canonical address, or null. */
export function readAddress(value: string, protocols: readonly string[]): string | null {
  const bare = mailhostAddr(value)
  const ip = bare === null ? null : parseIp(bare)
  if (ip === null) return null
  return protocols.includes('all') || protocols.includes(ip.family === 4 ? 'ipv4' : 'ipv6') ? formatIp(ip) : null
}

export function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value)
}

export function equalsWord(value: string, word: string): boolean {
  return value.toUpperCase() === word
}
