import type { MessageVerdict } from '../model/mail_auth.ts'
import { DataDecoder } from './codec.ts'
import type { Dialogue } from './dialogue.ts'
import { IncomingMessage } from './incoming_message.ts'
import { contentLimits } from './timing.ts'
import type { Token } from './token.ts'

export async function data(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  const { tx } = d
  if (tx.bdat !== 'none') return d.refuse('503 5.5.1 Error: DATA after BDAT')
  if (tx.recipients.length === 0)
    return d.refuse(tx.sender === null ? '503 5.5.1 Error: need RCPT command' : '554 5.5.1 Error: no valid recipients')
  if (argv.length !== 1) return d.refuse('501 5.5.4 Syntax: DATA')
  const refusal = await d.judge('data', d.facts())
  if (refusal !== null) return d.refuse(refusal)
  const message = new IncomingMessage(d)
  d.incoming = message
  await message.start()
  await d.reply('354 End data with <CR><LF>.<CR><LF>')
  d.where = 'DATA content'
  await receive(d, message)
  d.where = 'END-OF-MESSAGE'
  return finishMessage(d, message)
}

async function receive(d: Dialogue, message: IncomingMessage): Promise<void> {
  const decoder = new DataDecoder(d.wire.input, { limit: d.config.line_length_limit, detectBareLf: d.detectBareLf })
  d.wire.startRequest(contentLimits(d.config))
  for (;;) {
    const line = decoder.next()
    if (decoder.sawBareLf) noteBareLf(d, message)
    if (line === 'end') break
    if (line === null) await d.wire.pull()
    else await message.line(line.bytes, line.partial)
  }
  await message.end()
}

/** Postfix waits with the refusal until the message is over. */
export function noteBareLf(d: Dialogue, message: IncomingMessage): void {
  d.bareLfNoted = true
  if (d.config.smtpd_forbid_bare_newline !== 'reject' || message.fault !== null) return
  message.fault = 'bare_lf'
  message.abort()
}

/** The verdict on a whole message, and its delivery. `bytes` in the reply to BDAT only. */
export async function finishMessage(
  d: Dialogue,
  message: IncomingMessage,
  options: { bdat: boolean } = { bdat: false },
): Promise<boolean> {
  d.incoming = null
  const { queueId, receivedSize } = d.tx
  const verdict = await message.verdict()
  if (message.fault === null) {
    const refusal = await d.judge('end_of_data', d.facts(verdict === null ? {} : { message: verdict }))
    if (refusal !== null) {
      message.abort()
      // Postfix 3.7: the transaction stays as it is, without its queue file.
      d.tx.hop = null
      d.tx.stale = true
      return d.refuse(refusal)
    }
  }
  const reply = (verdict === null ? null : obey(d, message, verdict)) ?? (await outcome(d, message))
  if (reply === null) {
    d.errors = 0
    d.junk = 0
    await d.reply(`250 2.0.0 Ok: ${options.bdat ? `${receivedSize} bytes ` : ''}queued as ${queueId}`)
  } else {
    message.abort()
    await d.reply(reply)
  }
  d.resetTransaction()
  return reply === null
}

/** What a milter that said this would bring about (Postfix cleanup_milter_apply); the refusal, or null. */
function obey(d: Dialogue, message: IncomingMessage, verdict: MessageVerdict): string | null {
  if (d.doors.messages?.asMilter !== true || verdict.action === 'accept') return null
  if (message.filter.state.reply !== null) return null
  if (verdict.action === 'quarantine') {
    d.logReject('milter triggers HOLD action', { whatsup: 'milter-hold', daemon: 'cleanup' })
    message.filter.state.hold = true
    return null
  }
  d.logReject(verdict.reply.slice('550 '.length), { whatsup: 'milter-reject', daemon: 'cleanup' })
  return verdict.reply
}

/** The refusal, worst cause first, or null: delivered. */
async function outcome(d: Dialogue, message: IncomingMessage): Promise<string | null> {
  if (message.fault === 'bare_lf') {
    d.logReject('bare <LF> received')
    return `${d.config.smtpd_forbid_bare_newline_reject_code} 5.5.2 ${d.config.myhostname} Error: bare <LF> received`
  }
  if (message.fault === 'storage') return '452 4.3.1 Insufficient system storage'
  if (message.fault === 'size') return '552 5.3.4 Error: message file too big'
  const { reply } = message.filter.state
  if (reply !== null) return reply
  const delivered = await message.outbox.deliver()
  return delivered.taken ? null : delivered.reply
}
