import type { MessageVerdict } from '../model/mail_auth.ts'
import { SMFIF, SMFIP } from './flags.ts'
import type { Options } from './negotiate.ts'
import type { MilterReply } from './reply.ts'

/** What is answered at the end of a message, and what the MTA has no way to do. */
export interface VerdictReplies {
  readonly replies: readonly MilterReply[]
  /** For the log; '' nothing. */
  readonly undone: string
}

/** sendmail: MAXREPLYLEN. RFC 5321 4.5.3.1.5 has 512 with the line end. */
const REPLY_LIMIT = 500

/**
 * Fields that the MTA is asked to take away, all of one message. Postfix's cleanup(8) looks for each from the top of its queue file:
 * 100 take it 10 ms, 5,000 more than a second, and a message of 10 MB has room for 200,000. Mail that has come round to us honestly
 * has no more of ours than its hops (Postfix: hopcount_limit, 50).
 */
export const MAX_REMOVALS = 100

/** For an MTA that cannot hold mail (it did not offer SMFIF_QUARANTINE): its filters can find the mail by it. */
const QUARANTINE_HEADER = 'X-Postern-Quarantine'

export function verdictReplies(verdict: MessageVerdict, options: Options): VerdictReplies {
  switch (verdict.action) {
    case 'reject':
      return { replies: [refusal(verdict.reply, '5')], undone: '' }
    case 'tempfail':
      return { replies: [refusal(verdict.reply, '4')], undone: '' }
    case 'accept':
      return edited(verdict, options, [])
    case 'quarantine':
      return edited(verdict, options, [verdict.reply.replace(/[\r\n]+/g, ' ')])
  }
}

/** The MTA would take a malformed reply for a fault of ours: its own words then. */
function refusal(text: string, digit: '4' | '5'): MilterReply {
  const line = text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, REPLY_LIMIT)
  const isSound = new RegExp(`^${digit}\\d\\d (?!\\d)|^${digit}\\d\\d ${digit}\\.\\d{1,3}\\.\\d{1,3} `).test(line)
  return isSound ? { kind: 'replycode', text: line } : { kind: digit === '5' ? 'reject' : 'tempfail' }
}

function edited(verdict: MessageVerdict, options: Options, quarantine: readonly string[]): VerdictReplies {
  const { actions } = options
  const count = verdict.remove.length
  if (count > MAX_REMOVALS && (actions & SMFIF.CHGHDRS) !== 0) {
    const reply = `550 5.7.1 ${count} header fields are forged`
    return { replies: [refusal(reply, '5')], undone: `remove as many as ${count} headers: refused` }
  }
  const canHold = (actions & SMFIF.QUARANTINE) !== 0
  const marks = canHold ? [] : quarantine.map(reason => `${QUARANTINE_HEADER}: ${reason}`)
  const insert = [...marks, ...verdict.insert]
  const canInsert = (actions & SMFIF.ADDHDRS) !== 0
  const canRemove = (actions & SMFIF.CHGHDRS) !== 0
  const undone = [
    ...(insert.length > 0 && !canInsert ? ['add headers'] : []),
    ...(verdict.remove.length > 0 && !canRemove ? ['remove headers'] : []),
  ]
  return {
    replies: [
      // Before the insertions, which would move the counts: both count what is in the message at that moment.
      ...(canRemove ? removals(verdict) : []),
      ...(canInsert ? insertions(insert, options) : []),
      ...(canHold ? quarantine.map((reason): MilterReply => ({ kind: 'quarantine', reason })) : []),
      { kind: 'accept' },
    ],
    undone: undone.join(' and '),
  }
}

/** From the last to the first, so that each still is the nth. Postfix and sendmail do not count their own headers here. */
function removals({ remove }: MessageVerdict): readonly MilterReply[] {
  const sorted = [...remove].sort((a, b) => b.nth - a.nth)
  return sorted.map(({ name, nth }) => ({ kind: 'change_header', nth, name, value: '' }))
}

/**
 * All at 0, above the MTA's own Received header (RFC 8601 4.1, RFC 7208 9.1: it is below what it led to), the topmost last. OpenDKIM and OpenDMARC insert
 * at 1, below it.
 */
function insertions(fields: readonly string[], { protocol }: Options): readonly MilterReply[] {
  const hasLeadingBlank = (protocol & SMFIP.HDR_LEADSPC) !== 0
  return fields.toReversed().map(field => {
    const colon = field.indexOf(':')
    const value = field.slice(colon + 1).replace(/\r\n/g, '\n')
    return {
      kind: 'insert_header',
      index: 0,
      name: field.slice(0, colon),
      // Without the flag the MTA puts the blank there itself.
      value: hasLeadingBlank ? value : value.replace(/^ /, ''),
    }
  })
}
