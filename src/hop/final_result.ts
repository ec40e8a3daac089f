import type { HopDelivery, HopResult } from '../model/hop.ts'
import { replyLine, replyText } from './codec.ts'
import type { Outcome } from './trouble.ts'

/** How the message ended for one recipient. */
export interface RecipientEnd {
  readonly recipient: string
  readonly outcome: Outcome
}

/**
 * One answer for the client out of one answer per recipient. SMTP has room for one reply to the whole message (RFC 5321 3.3) and we
 * have no queue, so where LMTP's answers differ: any temporary failure makes it 451 for all, and the client's next try may
 * bring duplicates to those who have it already; with permanent failures and successes only, it is a 5xx that names the
 * failed recipients, and the sender's bounce tells it. Nothing is ever lost without somebody being told.
 */
export function finalResult(ends: readonly RecipientEnd[], relay: string): HopResult {
  const recipients = ends.map(end => delivery(end, relay))
  const failed = ends.flatMap(end =>
    end.outcome.ok ? [] : [{ recipient: end.recipient, trouble: end.outcome.trouble }],
  )
  const first = ends[0]?.outcome
  if (failed.length === 0) {
    return { outcome: 'taken', reply: first?.ok === true ? replyLine(first.reply) : '250 2.0.0 Ok', recipients }
  }
  const replies = new Set(failed.map(({ trouble }) => trouble.reply))
  const same = replies.size === 1 ? [...replies][0] : undefined
  const temporary = failed.find(({ trouble }) => trouble.reply.startsWith('4'))
  if (temporary !== undefined) {
    const reply =
      same ?? (failed.length === ends.length ? temporary.trouble.reply : '451 4.5.0 Some recipients failed temporarily')
    return { outcome: 'refused', reply, recipients }
  }
  if (failed.length === ends.length && same !== undefined) return { outcome: 'refused', reply: same, recipients }
  const names = failed.map(({ recipient }) => `<${recipient}>`).join(', ')
  const why = failed[0]?.trouble.reply.slice(4) ?? ''
  const reply = `554 5.3.0 Not delivered to ${names}: ${why}`
  return { outcome: 'refused', reply: reply.slice(0, 510), recipients }
}

function delivery({ recipient, outcome }: RecipientEnd, relay: string): HopDelivery {
  if (outcome.ok) return { recipient, status: 'sent', relay, dsn: outcome.reply.dsn, text: replyText(outcome.reply) }
  const { trouble } = outcome
  const status = trouble.reply.startsWith('5') ? 'bounced' : 'deferred'
  return { recipient, status, relay, dsn: trouble.dsn, text: trouble.text }
}
