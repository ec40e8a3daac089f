import { isAscii, isMailhostLiteral, isValidHostname } from '../mail/hostname.ts'
import { takeAddress, takesUtf8 } from './command_mail.ts'
import { BAD_RECIPIENT, recipientRate } from './command_rcpt.ts'
import { COMMAND_NAMES } from './command_stats.ts'
import type { Dialogue } from './dialogue.ts'
import type { Token } from './token.ts'

export async function rset(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  if (argv.length !== 1) return d.refuse('501 5.5.4 Syntax: RSET')
  d.resetTransaction()
  await d.reply('250 2.0.0 Ok')
  return true
}

export async function noop(d: Dialogue): Promise<boolean> {
  await d.reply('250 2.0.0 Ok')
  return true
}

export async function quit(d: Dialogue): Promise<boolean> {
  await d.reply('221 2.0.0 Bye')
  return true
}

/** Postfix 3.9: all commands, switched off or not, in alphabetical order. */
export async function help(d: Dialogue): Promise<boolean> {
  const names = COMMAND_NAMES.filter(name => name !== 'UNKNOWN')
  await d.reply(`214 2.0.0 Commands: ${names.sort().join(' ')}`)
  return true
}

/** Postfix: tells what the recipient restrictions tell, and never more than 252. */
export async function vrfy(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  if (d.config.disable_vrfy_command) return d.refuse('502 5.5.1 VRFY command is disabled')
  const smtputf8 = takesUtf8(d) && argv.length > 1 && argv.at(-1)?.text.toUpperCase() === 'SMTPUTF8'
  const words = argv.slice(1, smtputf8 ? -1 : undefined).map(token => token.text)
  if (words.length < 1)
    return d.refuse(`501 5.5.4 Syntax: VRFY address${d.config.smtputf8_enable ? ' [SMTPUTF8]' : ''}`)
  const tooMany = await recipientRate(d)
  if (tooMany !== null) return d.refuse(tooMany)
  const argument = words.join(' ')
  const address = await takeAddress(d, argument, { emptyAllowed: false, smtputf8, strict: false })
  if (address === null) return d.refuse(BAD_RECIPIENT)
  if (d.config.strict_smtputf8 && !smtputf8 && !isAscii(address)) {
    d.resetTransaction()
    return d.refuse('553 5.6.7 Must declare SMTPUTF8 to send unicode address')
  }
  const facts = d.facts({ recipient: address, smtputf8: smtputf8 || d.tx.smtputf8 })
  d.doors.judge.lookAhead(facts)
  const refusal = await d.judge('recipient', facts)
  if (refusal !== null) return d.refuse(refusal)
  await d.reply(`252 2.0.0 ${argument}`)
  return true
}

/** RFC 1985. There is no queue here: an allowed domain gets Postfix's answer, and nothing else happens. */
export async function etrn(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  if (d.config.smtpd_helo_required && d.helo === null) return d.refuse('503 Error: send HELO/EHLO first')
  if (d.tx.sender !== null) return d.refuse('503 Error: MAIL transaction in progress')
  if (argv.length !== 2) return d.refuse('500 Syntax: ETRN domain')
  const domain = (argv[1]?.text ?? '').replace(/^[@#]/, '')
  if (!isValidHostname(domain) && !isMailhostLiteral(domain)) return d.refuse('501 Error: invalid parameter syntax')
  const refusal = await d.judge('etrn', d.facts({ etrnDomain: domain }))
  if (refusal !== null) return d.refuse(refusal)
  const listed = await d.lists.hasDomain('fast_flush_domains', domain)
  if (listed.status === 'found') {
    await d.reply('250 Queuing started')
    return true
  }
  if (listed.status === 'failed') {
    d.log.warn('unable to talk to fast flush service')
    return d.refuse('458 Unable to queue messages')
  }
  d.log.warn(client => `reject: ETRN ${domain.slice(0, 100)}... from ${client}`)
  return d.refuse(`459 <${domain}>: service unavailable`)
}
