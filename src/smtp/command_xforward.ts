import { isValidHostname } from '../mail/hostname.ts'
import { type Attribute, equalsWord, isPort, readAddress, readAttribute, UNAVAILABLE, UNKNOWN } from './attributes.ts'
import { neuter } from './bytes.ts'
import type { Dialogue } from './dialogue.ts'
import type { Token } from './token.ts'
import type { ForwardedClient } from './transaction.ts'

/** Postfix XFORWARD_README: who sent the message upstream, for the log only. */
export async function xforward(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  if (d.tx.sender !== null) return d.refuse('503 5.5.1 Error: MAIL transaction in progress')
  if (argv.length < 2) return d.refuse('501 5.5.4 Syntax: XFORWARD attribute=value...')
  if (!d.xforwardAllowed) return d.refuse('550 5.7.0 Error: insufficient authorization')
  const forwarded = d.forwarded ?? nobody()
  for (const token of argv.slice(1)) {
    const attribute = readAttribute(token, d.config.smtputf8_enable)
    const problem =
      typeof attribute === 'string' ? attribute : takeAttribute(forwarded, attribute, d.config.inet_protocols)
    if (problem !== null) return d.refuse(problem)
  }
  d.forwarded = forwarded
  await d.reply('250 2.0.0 Ok')
  return true
}

function nobody(): ForwardedClient {
  return { name: UNKNOWN, address: UNKNOWN, port: UNKNOWN, helo: '', protocol: UNKNOWN, ident: UNKNOWN, domain: '' }
}

/** The refusal, or null. */
function takeAttribute(
  forwarded: ForwardedClient,
  { name, value }: Attribute,
  protocols: readonly string[],
): string | null {
  const upper = name.toUpperCase()
  const absent = equalsWord(value, UNAVAILABLE)
  const masked = neuter(value)
  const bad = (text: string): string => `501 5.5.4 Bad ${upper} syntax: ${text}`
  switch (upper) {
    case 'NAME':
      if (!absent && !isValidHostname(masked)) return bad(masked)
      forwarded.name = absent ? UNKNOWN : masked
      return null
    case 'ADDR': {
      const address = absent ? UNKNOWN : readAddress(masked, protocols)
      if (address === null) return bad(masked)
      forwarded.address = address
      return null
    }
    case 'PORT':
      if (!absent && !isPort(value)) return bad(value)
      forwarded.port = absent ? UNKNOWN : value
      return null
    case 'HELO':
      forwarded.helo = absent ? '' : masked
      return null
    case 'PROTO':
      if (!absent && value.length > 64) return bad(value)
      forwarded.protocol = absent ? UNKNOWN : masked
      return null
    case 'IDENT':
      forwarded.ident = absent ? UNKNOWN : masked
      return null
    case 'SOURCE':
      if (!absent && !equalsWord(value, 'LOCAL') && !equalsWord(value, 'REMOTE')) return bad(value)
      forwarded.domain = equalsWord(value, 'REMOTE') ? 'remote' : 'local'
      return null
    default:
      return `501 5.5.4 Bad XFORWARD attribute name: ${name}`
  }
}
