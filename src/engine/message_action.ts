import type { VerdictEvent } from '../model/event.ts'
import type { Facts } from '../model/facts.ts'
import type { MessageEffects } from '../model/judge.ts'
import type { Verdict } from '../model/verdict.ts'

type ActionVerdict = Extract<Verdict, { kind: 'action' }>

/** RFC 5322 3.6.8: a field name is printable ASCII without a colon. Postfix takes blanks before the colon. */
const HEADER_LINE = /^[!-9;-~]+[ \t]*:/

/** What an action of an access table comes to. Nothing set: it was skipped in silence. */
export interface ActionResult {
  readonly warning?: string
  readonly log?: { readonly whatsup: VerdictEvent['whatsup']; readonly text: string }
  readonly change?: Partial<MessageEffects>
  /** HANGUP: the session ends without a reply. */
  readonly hangup?: true
  /** DISCARD: counts as OK. */
  readonly permit?: true
}

/** Carries an action out on the message so far. Postfix: access(5), smtpd check_table_result. */
export function takeAction(verdict: ActionVerdict, facts: Facts, effects: MessageEffects): ActionResult {
  const { action, text, table } = verdict
  if (action === 'HANGUP') return { log: { whatsup: 'hangup', text }, hangup: true }
  if (action === 'INFO') return { log: { whatsup: 'info', text } }
  if (action === 'WARN') return { log: { whatsup: 'warn', text } }
  const obstacle = findObstacle(action, table, facts)
  return obstacle === null ? messageAction(verdict, facts, effects) : { warning: obstacle }
}

/** Only a mail transaction can carry the others. Postfix: can_delegate_action, not_in_client_helo. */
function findObstacle(action: string, table: string, facts: Facts): string | null {
  if (facts.where === 'ETRN' && action !== 'PREPEND')
    return `access table ${table}: action ${action} is unavailable in smtpd_etrn_restrictions`
  if (facts.sender !== null) return null
  return `access table ${table}: with smtpd_delay_reject=no, action ${action} is always skipped in Client host or Helo command restrictions`
}

function messageAction(verdict: ActionVerdict, facts: Facts, effects: MessageEffects): ActionResult {
  const { action, text } = verdict
  const who = `<${verdict.name}>: ${verdict.class}`
  const entry = `access table ${verdict.table} entry "${verdict.key}"`
  const note = `${who} ${text === '' ? `triggers ${action} action` : text}`
  switch (action) {
    case 'HOLD':
      return effects.hold ? {} : { log: { whatsup: 'hold', text: note }, change: { hold: true } }
    case 'DISCARD':
      return { log: { whatsup: 'discard', text: note }, change: { discard: true }, permit: true }
    case 'FILTER':
      if (text === '') return { warning: `${entry} has FILTER entry without value` }
      if (!text.includes(':')) return { warning: `${entry} requires transport:destination` }
      return { log: { whatsup: 'filter', text: `${who} triggers FILTER ${text}` }, change: { filter: text } }
    case 'REDIRECT':
      if (!text.includes('@')) return { warning: `${entry} requires user@domain target` }
      return { log: { whatsup: 'redirect', text: `${who} triggers REDIRECT ${text}` }, change: { redirect: text } }
    case 'BCC':
      if (!text.includes('@')) return { warning: `${entry} requires user@domain target` }
      return { log: { whatsup: 'bcc', text: `${who} triggers BCC ${text}` }, change: { bcc: [...effects.bcc, text] } }
    default:
      return prepend(verdict, facts, effects)
  }
}

function prepend({ text, table, key }: ActionVerdict, facts: Facts, effects: MessageEffects): ActionResult {
  if (facts.where === 'END-OF-MESSAGE')
    return { warning: `access table ${table}: action PREPEND must be used before smtpd_end_of_data_restrictions` }
  if (!HEADER_LINE.test(text)) return { warning: `access table ${table} entry "${key}" requires header: text` }
  return { change: { prepend: [...effects.prepend, text] } }
}
