import { quoteAddress } from '../mail/address.ts'
import type { HopEnvelope, HopRecipientOptions } from '../model/hop.ts'
import { xtext } from '../util/xtext.ts'
import type { Features } from './codec.ts'

/** "MAIL FROM:<…> SIZE=… BODY=…" with what the server offers. RFC 1870, 6152, 3461 4.3, 6531 3.4. */
export function mailCommand(envelope: HopEnvelope, features: Features): string {
  const words = [`MAIL FROM:<${wireAddress(envelope.sender)}>`]
  if (features.size && envelope.size > 0) words.push(`SIZE=${envelope.size}`)
  // Without 8BITMIME the message goes out as it is: it was never ours to rewrite, and signatures cover it.
  if (features.eightBitMime && envelope.body !== null) words.push(`BODY=${envelope.body}`)
  if (features.dsn && envelope.envid !== null) words.push(`ENVID=${envelope.envid}`)
  if (features.dsn && envelope.ret !== null) words.push(`RET=${envelope.ret}`)
  if (features.smtputf8 && envelope.smtputf8) words.push('SMTPUTF8')
  return words.join(' ')
}

/** "RCPT TO:<…> ORCPT=… NOTIFY=…". Postfix: the address itself is the original recipient where the client named none. */
export function rcptCommand(address: string, options: HopRecipientOptions, features: Features): string {
  const words = [`RCPT TO:<${wireAddress(address)}>`]
  if (features.dsn) {
    const orcpt = options.orcpt ?? (isAscii(address) ? `rfc822;${xtext(wireAddress(address), '=')}` : null)
    if (orcpt !== null) words.push(`ORCPT=${orcpt}`)
    if (options.notify.length > 0) words.push(`NOTIFY=${options.notify.join(',')}`)
  }
  return words.join(' ')
}

/** Postfix XFORWARD_README: who the client is, in one or two commands; empty when there is nothing to tell. */
export function xforwardCommands(envelope: HopEnvelope, features: Features): readonly string[] {
  const { client } = envelope
  const first = pairs(features, [
    ['NAME', known(client.name)],
    ['ADDR', known(client.address)],
    ['PORT', client.port === null ? null : String(client.port)],
  ])
  const second = pairs(features, [
    ['PROTO', known(client.protocol)],
    ['HELO', client.helo === '' ? null : client.helo],
    ['IDENT', envelope.queueId === '' ? null : envelope.queueId],
    ['SOURCE', 'REMOTE'],
  ])
  return [first, second].filter(words => words.length > 0).map(words => `XFORWARD ${words.join(' ')}`)
}

function pairs(features: Features, values: readonly (readonly [string, string | null])[]): readonly string[] {
  return values.flatMap(([name, value]) =>
    value !== null && features.xforward.has(name) ? [`${name}=${xtext(value.slice(0, 250))}`] : [],
  )
}

function known(value: string): string | null {
  return value === '' || value.toLowerCase() === 'unknown' ? null : value
}

/** A line end in a quoted local part would end the command here. */
function wireAddress(address: string): string {
  return quoteAddress(address).replace(/[\r\n\0]/g, '?')
}

/** Whether the envelope cannot go to a server without SMTPUTF8. RFC 6531 3.2. */
export function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text)
}
