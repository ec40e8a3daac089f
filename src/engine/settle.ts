import type { Facts } from '../model/facts.ts'
import { formatReply, type Reply } from '../model/reply.ts'
import type { Subject } from '../model/subject.ts'
import type { Verdict } from '../model/verdict.ts'

/** A verdict whose reply is made: its recipe was followed once, for the facts and the list at hand. */
export type SettledVerdict =
  | Exclude<Verdict, { readonly reply: unknown }>
  | { readonly kind: 'reject' | 'fault' | 'defer_if_permit' | 'defer_if_reject'; readonly reply: Reply }

export function settleVerdict(verdict: Verdict, facts: Facts, subject: Subject): SettledVerdict {
  switch (verdict.kind) {
    case 'reject':
    case 'defer_if_permit':
    case 'defer_if_reject': {
      const { kind, reply } = verdict
      return { kind, reply: typeof reply === 'function' ? reply(facts) : reply }
    }
    case 'fault': {
      const { kind, reply } = verdict
      return { kind, reply: typeof reply === 'function' ? reply(subject) : reply }
    }
    default:
      return verdict
  }
}

/** As traces say it: "dunno", "550 5.7.1 …", "defer_if_permit 450 …", "HOLD text". */
export function describeVerdict(verdict: SettledVerdict): string {
  switch (verdict.kind) {
    case 'dunno':
    case 'permit':
      return verdict.kind
    case 'reject':
    case 'fault':
      return formatReply(verdict.reply)
    case 'defer_if_permit':
    case 'defer_if_reject':
      return `${verdict.kind} ${formatReply(verdict.reply)}`
    case 'list':
      return `restrictions: ${verdict.words}`
    case 'action':
      return `${verdict.action} ${verdict.text}`.trim()
  }
}
