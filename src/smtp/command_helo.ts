import { neuter, printable } from './bytes.ts'
import { endForDataError } from './data_error.ts'
import type { Dialogue } from './dialogue.ts'
import { ehloLines, makeDiscardSet } from './ehlo.ts'
import type { Token } from './token.ts'

/** HELO and EHLO. Postfix: the argument is the rest of the line, blanks and all. */
export async function helo(d: Dialogue, argv: readonly Token[], esmtp: boolean): Promise<boolean> {
  const verb = esmtp ? 'EHLO' : 'HELO'
  if (argv.length < 2) return d.refuse(`501 Syntax: ${verb} hostname`)
  const argument = argv
    .slice(1)
    .map(token => token.text)
    .join(' ')
  const told = { name: neuter(printable(argument, d.config.smtputf8_enable)), esmtp }
  const facts = d.facts({ helo: told, sender: null, recipient: null, recipientCount: 0 })
  d.doors.judge.lookAhead(esmtp ? { ...facts, protocol: 'ESMTP' } : facts)
  // Postfix: smtpd_delay_reject=no judges the argument as it came; what is kept for later, and shown, has odd characters hidden.
  const judged = d.config.smtpd_delay_reject ? facts : { ...facts, helo: { name: argument, esmtp } }
  const refusal = await d.judge('helo', judged)
  if (refusal !== null) return d.refuse(refusal)
  d.resetTransaction()
  d.helo = told
  // Postfix: HELO does not take ESMTP back, or reject_unauth_pipelining would accuse the client.
  if (esmtp) d.protocol = 'ESMTP'
  if (!esmtp) {
    await d.reply(`250 ${d.config.myhostname}`)
    return true
  }
  const lines = await ehloLines(d)
  if ('unsure' in lines) {
    d.log.warn(lines.unsure)
    await endForDataError(d)
    return false
  }
  await d.reply(lines.map((line, index) => `250${index < lines.length - 1 ? '-' : ' '}${line}`).join('\r\n'))
  return true
}

/** smtpd_discard_ehlo_keywords, and its table by client address: decided once, before the greeting. */
export async function decideDiscards(d: Dialogue): Promise<void> {
  const found = await d.doors.lists.find('smtpd_discard_ehlo_keyword_address_maps', d.client.address)
  if (found.status === 'failed') d.unsure = new Set([...d.unsure, 'discards'])
  for (const line of found.status === 'failed' ? (found.told ?? []) : []) d.log.warn(line)
  const words = found.status === 'found' ? found.value.split(/[\s,]+/) : d.config.smtpd_discard_ehlo_keywords
  d.discarded = makeDiscardSet(words)
}
