import { isAscii } from '../mail/hostname.ts'
import type { HopRecipientOptions } from '../model/hop.ts'
import { SERVICE, takeAddress } from './command_mail.ts'
import type { Dialogue } from './dialogue.ts'
import { isOrcpt, parseNotify } from './dsn.ts'
import { makeEnvelope, openQueueFile } from './queue_file.ts'
import { overLimit } from './rate_limits.ts'
import type { Token } from './token.ts'

export const BAD_RECIPIENT = '501 5.1.3 Bad recipient address syntax'
const DSN_OFF = '501 5.7.1 DSN support is disabled'

export async function rcpt(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  const { tx, config } = d
  if (tx.sender === null) return d.refuse('503 5.5.1 Error: need MAIL command')
  if (tx.bdat !== 'none') return d.refuse('503 5.5.1 Error: RCPT after BDAT')
  const token = argv[2]
  if (token === undefined || argv[1]?.text.toLowerCase() !== 'to:')
    return d.refuse('501 5.5.4 Syntax: RCPT TO:<address>')
  const tooMany = await recipientRate(d)
  if (tooMany !== null) return d.refuse(tooMany)
  const address = token.broken ? null : await takeAddress(d, token.text, { emptyAllowed: false, smtputf8: tx.smtputf8 })
  if (address === null) return d.refuse(BAD_RECIPIENT)
  const options = readOptions(
    d,
    argv.slice(3).map(word => word.text),
  )
  if (typeof options === 'string') return d.refuse(options)
  if (tx.recipients.length >= config.smtpd_recipient_limit) {
    await d.reply('452 4.5.3 Error: too many recipients')
    return tx.overshoot++ < config.smtpd_recipient_overshoot_limit
  }
  if (config.strict_smtputf8 && !tx.smtputf8 && !isAscii(address))
    return d.refuse('553 5.6.7 Must declare SMTPUTF8 to send unicode address')
  const facts = d.facts({ recipient: address })
  d.doors.judge.lookAhead(facts)
  const refusal = await d.judge('recipient', facts)
  if (refusal !== null) return d.refuse(refusal)
  return accept(d, address, options)
}

/** smtpd_client_recipient_rate_limit; the refusal, or null. */
export async function recipientRate(d: Dialogue): Promise<string | null> {
  const rate = await overLimit(d, 'recipient', d.config.smtpd_client_recipient_rate_limit)
  if (rate === null) return null
  d.log.warn(client => `Recipient address rate limit exceeded: ${rate} from ${client} for service ${SERVICE}`)
  return `450 4.7.1 Error: too many recipients from ${d.client.address}`
}

function readOptions(d: Dialogue, words: readonly string[]): HopRecipientOptions | string {
  let notify: readonly string[] = []
  let orcpt: string | null = null
  for (const word of words) {
    const upper = word.toUpperCase()
    const value = word.slice(word.indexOf('=') + 1)
    if (!upper.startsWith('NOTIFY=') && !upper.startsWith('ORCPT=')) return `555 5.5.4 Unsupported option: ${word}`
    if (d.discarded.has('DSN')) return DSN_OFF
    if (upper.startsWith('NOTIFY=')) {
      const parsed = notify.length > 0 ? null : parseNotify(value, text => d.log.warn(() => text))
      if (parsed === null) return '501 5.5.4 Error: Bad NOTIFY parameter syntax'
      notify = parsed
    } else {
      if (orcpt !== null || !isOrcpt(value)) return '501 5.5.4 Error: Bad ORCPT parameter syntax'
      orcpt = value
    }
  }
  return { notify, orcpt }
}

/** The lists let it pass; now the next hop is asked, unless the message goes nowhere anyway. */
async function accept(d: Dialogue, address: string, options: HopRecipientOptions): Promise<boolean> {
  const { tx } = d
  if (tx.stale) {
    tx.stale = false
    tx.queueId = null
  }
  const { srs } = d.doors
  const hopAddress = srs?.recipientFor(address) ?? address
  const sender = tx.sender ?? ''
  const hopSender = (await srs?.senderFor(sender, hopAddress)) ?? sender
  // A message has one sender: for this recipient it comes again, alone. RFC 5321 4.5.3.1.10
  if (tx.hop !== null && tx.hopSender !== hopSender) {
    await d.reply('452 4.5.3 Error: too many recipients')
    return true
  }
  await openQueueFile(d)
  if (!d.effects.discard) {
    tx.hopSender = hopSender
    tx.hop ??= d.doors.hops.main.begin(await makeEnvelope(d, hopSender))
    // Postfix cleanup(8): a recipient that is named twice gets one copy.
    const twice = tx.recipients.some(each => each.address.toLowerCase() === address.toLowerCase())
    const answer = twice ? { ok: true as const } : await tx.hop.addRecipient(hopAddress, options)
    if (!answer.ok) {
      d.logReject(answer.reply, { recipient: address })
      return d.refuse(answer.reply)
    }
  }
  tx.recipient ??= address
  tx.recipients.push({ address, hopAddress, options })
  await d.reply('250 2.1.5 Ok')
  return true
}
