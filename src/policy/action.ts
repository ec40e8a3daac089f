import type { ListVerdict } from '../engine/list_judge.ts'
import type { Facts } from '../model/facts.ts'
import type { MessageEffects } from '../model/judge.ts'

export interface PolicyAction {
  /** What goes behind "action=" (Postfix access(5)). */
  readonly action: string
  /** What should have been done besides, and the protocol has no room for. */
  readonly left: readonly string[]
}

/**
 * The one action that a policy answer can carry. A permit is DUNNO, not OK: an endpoint ends its own list, never Postfix's, so
 * that nobody may relay because of a policy server.
 */
export function policyAction(verdict: ListVerdict, facts: Facts): PolicyAction {
  const all = wishes(verdict, facts)
  const [action = 'DUNNO', ...left] = all
  return { action, left }
}

/** Everything that is to be done, the weightiest first. */
function wishes(verdict: ListVerdict, facts: Facts): readonly string[] {
  if (verdict.hangup) return ['HANGUP']
  // What happens to a message that is refused does not matter.
  if (verdict.refusal !== null) return [forPostfix(verdict.refusal, facts)]
  const { deferIfPermit, deferIfReject } = verdict
  // Whether others permit or refuse, it is to be deferred.
  if (deferIfPermit !== null && deferIfReject !== null) return [forPostfix(deferIfPermit, facts)]
  // Whether others permit or refuse, it is not taken now, and what was to happen to it is asked for again with the retry.
  if (deferIfPermit !== null) return [`DEFER_IF_PERMIT ${withoutCode(forPostfix(deferIfPermit, facts))}`]
  // With this one it is taken if others permit it: then the rest is really lost.
  const deferral = deferIfReject === null ? [] : [`DEFER_IF_REJECT ${withoutCode(forPostfix(deferIfReject, facts))}`]
  return [...deferral, ...messageActions(verdict.effects)]
}

function messageActions(effects: MessageEffects): readonly string[] {
  if (effects.discard) return ['DISCARD']
  return [
    ...(effects.redirect === null ? [] : [`REDIRECT ${effects.redirect}`]),
    ...(effects.filter === null ? [] : [`FILTER ${effects.filter}`]),
    ...(effects.hold ? ['HOLD'] : []),
    ...effects.prepend.map(line => `PREPEND ${line}`),
    ...effects.bcc.map(address => `BCC ${address}`),
  ]
}

/** "<recipient>: Recipient address rejected: " is put in front by Postfix, and must not be there twice. */
function forPostfix(reply: string, { recipient }: Facts): string {
  const [, status = '', text = ''] = /^(\d{3} \d\.\d+\.\d+ )([\s\S]*)$/.exec(reply) ?? []
  const prefix = `<${recipient ?? ''}>: Recipient address rejected: `
  return text.startsWith(prefix) && text.length > prefix.length ? status + text.slice(prefix.length) : reply
}

/** DEFER_IF_… bring their own code (access_map_defer_code); the enhanced status stays. */
function withoutCode(reply: string): string {
  return reply.slice(4)
}
