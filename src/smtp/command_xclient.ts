import { isValidHostname } from '../mail/hostname.ts'
import type { ClientFacts } from '../model/facts.ts'
import type { ClientName, NameStatus } from '../model/judge.ts'
import {
  type Attribute,
  equalsWord,
  isPort,
  readAddress,
  readAttribute,
  TEMPORARY,
  UNAVAILABLE,
  UNKNOWN,
} from './attributes.ts'
import { neuter } from './bytes.ts'
import type { Dialogue } from './dialogue.ts'
import type { Token } from './token.ts'

/** What an XCLIENT command has told so far. Postfix changes the session attribute by attribute; an error leaves the earlier ones changed. */
interface Told {
  client: ClientFacts
  server: { address: string; port: number | null }
  /** undefined: not told. */
  helo: string | null | undefined
  protocol: 'SMTP' | 'ESMTP' | undefined
  login: string | undefined
}

/** Handles XCLIENT: true when the session must begin anew with the greeting. Postfix XCLIENT_README */
export async function xclient(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  if (d.tx.sender !== null) return d.refuse('503 5.5.1 Error: MAIL transaction in progress')
  if (argv.length < 2) return d.refuse('501 5.5.4 Syntax: XCLIENT attribute=value...')
  if (!d.xclientAllowed) return d.refuse('550 5.7.0 Error: insufficient authorization')
  const before = await d.clientName()
  const told: Told = {
    client: { ...d.client, ...keptNames(before) },
    server: { ...d.server },
    helo: undefined,
    protocol: undefined,
    login: undefined,
  }
  for (const token of argv.slice(1)) {
    const attribute = readAttribute(token, d.config.smtputf8_enable)
    const problem = typeof attribute === 'string' ? attribute : takeAttribute(told, attribute, d.config.inet_protocols)
    if (problem !== null) {
      apply(d, told)
      d.nameClient()
      return d.refuse(problem)
    }
  }
  apply(d, told)
  if (told.helo === undefined) d.resetHelo()
  if (told.protocol === undefined) d.protocol = 'SMTP'
  if (told.login === undefined) d.sasl = null
  d.resetTransaction()
  return true
}

/** ADDR alone keeps the name that the connection had. */
function keptNames(name: ClientName): Pick<ClientFacts, 'toldName' | 'toldReverseName'> {
  return { toldName: told(name.name, name.nameStatus), toldReverseName: told(name.reverseName, name.reverseNameStatus) }
}

function told(name: string, status: NameStatus): string | null | 'tempunavail' {
  if (status === 'ok') return name
  return status === 'temporary' ? 'tempunavail' : null
}

function apply(d: Dialogue, facts: Told): void {
  d.client = facts.client
  d.server = facts.server
  if (facts.protocol !== undefined) d.protocol = facts.protocol
  if (facts.helo !== undefined)
    d.helo = facts.helo === null ? null : { name: facts.helo, esmtp: d.protocol === 'ESMTP' }
  if (facts.login !== undefined) d.sasl = { method: 'XCLIENT', username: facts.login }
  d.doors.judge.resetClient(d.facts())
}

/** The refusal, or null. */
function takeAttribute(facts: Told, { name, value }: Attribute, protocols: readonly string[]): string | null {
  const bad = (word: string): string => `501 5.5.4 Bad ${word} syntax: ${value}`
  switch (name.toUpperCase()) {
    case 'NAME':
    case 'REVERSE_NAME':
      return takeName(facts, { name: name.toUpperCase(), value })
    case 'ADDR':
    case 'DESTADDR':
      return takeAddress(facts, { name: name.toUpperCase(), value }, protocols)
    case 'PORT':
      if (!equalsWord(value, UNAVAILABLE) && !isPort(value)) return bad('PORT')
      facts.client = { ...facts.client, port: isPort(value) ? Number(value) : null }
      return null
    case 'DESTPORT':
      if (!equalsWord(value, UNAVAILABLE) && !isPort(value)) return bad('DESTPORT')
      facts.server.port = isPort(value) ? Number(value) : null
      return null
    case 'HELO':
      if (value.length > 255) return bad('HELO')
      facts.helo = equalsWord(value, UNAVAILABLE) ? null : neuter(value)
      return null
    case 'PROTO':
      if (!equalsWord(value, 'SMTP') && !equalsWord(value, 'ESMTP')) return bad('PROTO')
      facts.protocol = equalsWord(value, 'SMTP') ? 'SMTP' : 'ESMTP'
      return null
    case 'LOGIN':
      if (!equalsWord(value, UNAVAILABLE)) facts.login = value
      return null
    default:
      return `501 5.5.4 Bad XCLIENT attribute name: ${name}`
  }
}

function takeName(facts: Told, { name, value }: Attribute): string | null {
  const temporary = equalsWord(value, TEMPORARY)
  const absent = equalsWord(value, UNAVAILABLE)
  if (!temporary && !absent && !isValidHostname(value)) return `501 5.5.4 Bad ${name} syntax: ${value}`
  const known = temporary ? 'tempunavail' : absent ? null : value
  if (name === 'REVERSE_NAME') facts.client = { ...facts.client, toldReverseName: known }
  // Postfix: a verified name is the reverse name as well.
  else facts.client = { ...facts.client, toldName: known, ...(temporary || absent ? {} : { toldReverseName: value }) }
  return null
}

function takeAddress(facts: Told, { name, value }: Attribute, protocols: readonly string[]): string | null {
  const masked = neuter(value)
  const address = equalsWord(value, UNAVAILABLE) ? UNKNOWN : readAddress(masked, protocols)
  if (address === null) return `501 5.5.4 Bad ${name} syntax: ${masked}`
  if (name === 'ADDR') facts.client = { ...facts.client, address }
  else facts.server.address = address
  return null
}
