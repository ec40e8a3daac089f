import type { Dialogue } from './dialogue.ts'
import { tlsPolicy } from './settings.ts'

const KEYWORDS = [
  '8BITMIME',
  'AUTH',
  'ETRN',
  'PIPELINING',
  'SIZE',
  'VERP',
  'VRFY',
  'XCLIENT',
  'XFORWARD',
  'STARTTLS',
  'ENHANCEDSTATUSCODES',
  'DSN',
  'SMTPUTF8',
  'CHUNKING',
  'SILENT-DISCARD',
]

/** What smtpd_discard_ehlo_keywords names, in upper case; unknown words are nothing. */
export function makeDiscardSet(words: readonly string[]): ReadonlySet<string> {
  return new Set(words.map(word => word.toUpperCase()).filter(word => KEYWORDS.includes(word)))
}

/** The reply to EHLO, in Postfix's order; or what to warn of when nobody knows what to say. */
export async function ehloLines(
  d: Dialogue,
): Promise<readonly string[] | { readonly unsure: (client: string) => string }> {
  const { config } = d
  const on = (keyword: string): boolean => !d.discarded.has(keyword)
  noteDiscards(d)
  if (d.unsure.has('discards')) return { unsure: client => `don't know what EHLO features to announce to ${client}` }
  const lines = [config.myhostname]
  if (on('PIPELINING')) lines.push('PIPELINING')
  if (on('SIZE')) lines.push(config.message_size_limit > 0 ? `SIZE ${config.message_size_limit}` : 'SIZE')
  if (on('VRFY') && !config.disable_vrfy_command) lines.push('VRFY')
  if (on('ETRN')) lines.push('ETRN')
  if (on('STARTTLS') && tlsPolicy(config).offered && d.tls === null) lines.push('STARTTLS')
  const auth = on('AUTH') ? await authLines(d) : []
  if (auth === null) return unsureOf('AUTH')
  lines.push(...auth)
  for (const keyword of d.unsure) if (on(keyword)) return unsureOf(keyword)
  if (on('XCLIENT') && d.xclientAllowed)
    lines.push('XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT')
  if (on('XFORWARD') && d.xforwardAllowed) lines.push('XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT')
  if (on('ENHANCEDSTATUSCODES')) lines.push('ENHANCEDSTATUSCODES')
  if (on('8BITMIME')) lines.push('8BITMIME')
  if (on('DSN')) lines.push('DSN')
  if (on('SMTPUTF8') && config.smtputf8_enable) lines.push('SMTPUTF8')
  if (on('CHUNKING')) lines.push('CHUNKING')
  return lines
}

/** Postfix cant_announce_feature. */
function unsureOf(keyword: string): { readonly unsure: (client: string) => string } {
  return { unsure: client => `don't know if EHLO feature ${keyword} should be announced to ${client}` }
}

/** Null: nobody knows. */
async function authLines(d: Dialogue): Promise<readonly string[] | null> {
  if (d.saslMechanisms === null) return []
  const excepted = await d.lists.hasClient('smtpd_sasl_exceptions_networks', d.listClient)
  if (excepted.status === 'failed') return null
  if (excepted.status === 'found') return []
  const list = d.saslMechanisms.join(' ')
  return d.config.broken_sasl_auth_clients ? [`AUTH ${list}`, `AUTH=${list}`] : [`AUTH ${list}`]
}

function noteDiscards(d: Dialogue): void {
  if (d.discarded.size === 0 || d.discarded.has('SILENT-DISCARD') || d.discarded.has('ENHANCEDSTATUSCODES')) return
  // Postfix's own name for this one in the log.
  const names = KEYWORDS.filter(keyword => d.discarded.has(keyword)).map(name =>
    name === 'SMTPUTF8' ? 'EHLO_MASK_SMTPUTF8' : name,
  )
  d.log.info(`discarding EHLO keywords: ${names.join(' ')}`)
}
