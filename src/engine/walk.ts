import type { Config } from '../config/config.ts'
import type { Event, VerdictEvent } from '../model/event.ts'
import type { Facts } from '../model/facts.ts'
import { type MessageEffects, NO_EFFECTS } from '../model/judge.ts'
import { formatReply, type Reply } from '../model/reply.ts'
import type { Subject } from '../model/subject.ts'
import type { TraceStep } from '../model/trace.ts'
import type { ReplyOf, Verdict } from '../model/verdict.ts'
import type { Answer, Answers } from './answers.ts'
import type { CheckItem, CompiledList, Item, ListCompiler } from './compile.ts'
import type { Note } from './session_ask.ts'

/** How a list ended. */
export type Outcome = 'dunno' | 'permit' | 'reject'

/** RFC 5321 4.5.3.1.5: a reply line has at most 512 bytes with its CRLF. */
const REPLY_LIMIT = 510
/** Postfix gives up on tables that answer with lists that ask tables … */
const DEPTH_LIMIT = 100
/** RFC 5322 3.6.8: a field name is printable ASCII without a colon. Postfix takes blanks before the colon. */
const HEADER_LINE = /^[!-9;-~]+[ \t]*:/

/** What is remembered from one list to the next of a transaction, and what the message shall suffer. */
export interface WalkState {
  /** A temporary failure that turns the final permit into this reply; the first one is kept. */
  deferIfPermit: { active: boolean; reply: Reply | null }
  effects: MessageEffects
}

export interface WalkContext {
  readonly config: Config
  readonly compiler: ListCompiler
  readonly answers: Answers
  readonly facts: Facts
  /** "name[address]" */
  readonly client: string
  readonly state: WalkState
}

/**
 * One walk over a stage's lists, in the order the user wrote (style 2.5, Postfix generic_checks). Knows no restriction by
 * name. Collects what the log and the trace will say.
 */
export class Walk {
  readonly events: Event[] = []
  readonly steps: TraceStep[] = []
  /** "550 5.7.1 …" once refused. */
  refusal: string | null = null
  hangup = false
  readonly #context: WalkContext
  #deferIfReject: Reply | null = null
  /** Depth of the list that said warn_if_reject; 0: none. */
  #warnIfReject = 0
  #depth = 0

  constructor(context: WalkContext) {
    this.#context = context
  }

  /** Walks one list. `discard` of an earlier list ends it before it begins. */
  async list(list: CompiledList, subject: Subject): Promise<Outcome> {
    const depth = this.#depth
    this.#depth = depth + 1
    let outcome: Outcome = 'dunno'
    for (const item of list.items) {
      if (this.#context.state.effects.discard || this.hangup) break
      if (item.kind === 'warn_if_reject') {
        if (this.#warnIfReject === 0) this.#warnIfReject = this.#depth
        continue
      }
      outcome = await this.#item(item, list, subject)
      this.#endWarning()
      if (outcome !== 'dunno') break
      if (this.#context.state.deferIfPermit.active && this.#deferIfReject !== null) break
    }
    this.#depth = depth
    this.#endWarning()
    return outcome
  }

  /** Refuses in the name of a temporary failure that was seen earlier, as a final permit must. */
  refuseDeferred(): Outcome {
    const { deferIfPermit } = this.#context.state
    if (!deferIfPermit.active || deferIfPermit.reply === null) return 'dunno'
    this.#note({ list: '', restriction: 'defer_if_permit', outcome: formatReply(deferIfPermit.reply) })
    return this.#refuse(deferIfPermit.reply, 'soft')
  }

  /** One restriction that no list names (the unlisted-address checks at the end of MAIL and RCPT). */
  async single(item: CheckItem, subject: Subject): Promise<Outcome> {
    return this.list({ name: 'smtpd_reject_unlisted', items: [item] }, subject)
  }

  #endWarning(): void {
    if (this.#warnIfReject >= this.#depth) this.#warnIfReject = 0
  }

  async #item(item: Exclude<Item, { kind: 'warn_if_reject' }>, list: CompiledList, subject: Subject): Promise<Outcome> {
    switch (item.kind) {
      case 'skip':
        this.#warn(item.warning)
        this.#note({ list: list.name, restriction: item.name, outcome: `skipped: ${item.warning}` })
        return 'dunno'
      case 'fault':
        for (const warning of item.warnings) this.#warn(warning)
        this.#note({
          list: list.name,
          restriction: item.name,
          outcome: '451 4.3.5 Server configuration error',
          warnings: item.warnings,
        })
        return this.#refuse({ code: 451, detail: '3.5', text: 'Server configuration error' }, 'fault')
      case 'class':
        this.#note({ list: list.name, restriction: item.name, outcome: 'restriction class' })
        return this.#depth > DEPTH_LIMIT ? this.#tooDeep(item.name) : this.list(item.list, subject)
      case 'check': {
        const answer = await this.#context.answers.ask(item, this.#context.facts, subject)
        return this.#answered(item, answer, { list, subject })
      }
    }
  }

  async #answered(item: CheckItem, answer: Answer, at: { list: CompiledList; subject: Subject }): Promise<Outcome> {
    const { verdict } = answer
    for (const note of answer.notes) this.#say(note)
    this.#note({
      list: at.list.name,
      restriction: item.name,
      argument: item.argument,
      outcome: this.#describe(verdict),
      questions: answer.questions,
      warnings: answer.notes.map(note => note.text),
    })
    const outcome = await this.#verdict(verdict, item, at.subject)
    if (item.ignored !== null && (outcome === 'permit' || this.#warnIfReject === 0))
      this.#warn(`restriction \`${item.ignored}' after \`${item.name.toLowerCase()}' is ignored`)
    return outcome
  }

  async #verdict(verdict: Verdict, item: CheckItem, subject: Subject): Promise<Outcome> {
    switch (verdict.kind) {
      case 'dunno':
        return 'dunno'
      case 'permit':
        return this.#permit(item, subject)
      case 'reject':
        return this.#refuse(this.#reply(verdict.reply), 'soft')
      case 'fault':
        return this.#refuse(verdict.reply, 'fault')
      case 'defer_if_permit':
        return this.#deferIfPermit(this.#reply(verdict.reply))
      case 'defer_if_reject':
        this.#deferIfReject ??= this.#reply(verdict.reply)
        return 'dunno'
      case 'list':
        return this.#answerList(verdict, item)
      case 'action':
        return this.#action(verdict)
    }
  }

  #reply(reply: ReplyOf): Reply {
    return typeof reply === 'function' ? reply(this.#context.facts) : reply
  }

  async #answerList(verdict: Extract<Verdict, { kind: 'list' }>, item: CheckItem): Promise<Outcome> {
    const { words, table, subject, onPermit } = verdict
    if (this.#depth > DEPTH_LIMIT) {
      this.#warn(`access table ${table} entry ${words} causes unreasonable recursion`)
      return this.#tooDeep(words)
    }
    const outcome = await this.list(this.#context.compiler.compileText(table, words, subject.class), subject)
    if (outcome !== 'permit' || onPermit === 'permit' || this.#context.state.effects.discard) return outcome
    return onPermit === 'dunno' ? 'dunno' : this.#forbidden(item, subject)
  }

  /** Postfix forbid_allowlist, where the OK comes out of a list. */
  #forbidden(item: CheckItem, subject: Subject): Outcome {
    for (const text of forbiddenPermit(item.name, subject.name)) this.#warn(text)
    return this.#refuse({ code: 451, detail: '3.5', text: 'Server configuration error' }, 'fault')
  }

  #tooDeep(name: string): Outcome {
    this.#warn(`${name}: too many restrictions inside restrictions`)
    return this.#refuse({ code: 451, detail: '3.5', text: 'Server configuration error' }, 'fault')
  }

  #permit(item: CheckItem, subject: Subject): Outcome {
    const logged = this.#context.config.smtpd_log_access_permit_actions
    // Postfix: a match list, in practice names of actions or "static:all".
    const isLogged = logged.some(
      entry => entry.startsWith('static:') || entry.toLowerCase() === item.name.toLowerCase(),
    )
    if (!this.#context.state.deferIfPermit.active && isLogged) {
      this.#log('permit', `action=${item.name} for ${subject.class}=${subject.name}`)
    }
    return 'permit'
  }

  #deferIfPermit(reply: Reply): Outcome {
    // Postfix: under warn_if_reject it is no deferral but a warning.
    if (this.#warnIfReject !== 0) return this.#refuse(reply, 'soft')
    const { deferIfPermit } = this.#context.state
    if (!deferIfPermit.active) {
      deferIfPermit.active = true
      deferIfPermit.reply = reply
    }
    return 'dunno'
  }

  /** Makes the refusal, or under warn_if_reject only its log line. Our own faults are never softened. */
  #refuse(reply: Reply, softness: 'soft' | 'fault'): Outcome {
    const warnOnly = softness === 'soft' && this.#warnIfReject !== 0
    const text = this.#replyText(reply)
    if (!warnOnly && this.#deferIfReject !== null && text.startsWith('5')) {
      const deferred = this.#deferIfReject
      this.#deferIfReject = null
      this.#warnIfReject = 0
      return this.#refuse(deferred, softness)
    }
    const said =
      this.#context.config.soft_bounce && text.startsWith('5') ? `4${text.slice(1, 4)}4${text.slice(5)}` : text
    this.#log(warnOnly ? 'reject_warning' : 'reject', said)
    if (warnOnly) return 'dunno'
    this.refusal = said
    return 'reject'
  }

  #replyText(reply: Reply): string {
    const text = formatReply(reply)
    if (reply.code >= 400 && reply.code <= 599) return printable(text.slice(0, REPLY_LIMIT))
    this.#warn(`SMTP reply code configuration error: ${text}`)
    return '450 4.7.1 Service unavailable'
  }

  #action(verdict: Extract<Verdict, { kind: 'action' }>): Outcome {
    const { action, text, table } = verdict
    switch (action) {
      case 'HANGUP':
        this.hangup = true
        this.#log('hangup', text)
        return 'reject'
      case 'INFO':
      case 'WARN':
        this.#log(action === 'INFO' ? 'info' : 'warn', text)
        return 'dunno'
      default:
        return this.#inTransaction(action, table) ? this.#messageAction(verdict) : 'dunno'
    }
  }

  /** Postfix can_delegate_action: only a mail transaction can carry it. */
  #inTransaction(action: string, table: string): boolean {
    const { facts } = this.#context
    if (facts.where === 'ETRN' && action !== 'PREPEND') {
      this.#warn(`access table ${table}: action ${action} is unavailable in smtpd_etrn_restrictions`)
      return false
    }
    if (facts.sender !== null) return true
    this.#warn(
      `access table ${table}: with smtpd_delay_reject=no, action ${action} is always skipped in Client host or Helo command restrictions`,
    )
    return false
  }

  #messageAction(verdict: Extract<Verdict, { kind: 'action' }>): Outcome {
    const { action, text, name, class: subject } = verdict
    const { state } = this.#context
    const entry = `access table ${verdict.table} entry "${verdict.key}"`
    const note = text === '' ? `triggers ${action} action` : text
    switch (action) {
      case 'HOLD':
        if (!state.effects.hold) this.#log('hold', `<${name}>: ${subject} ${note}`)
        return this.#effect({ hold: true })
      case 'DISCARD':
        this.#log('discard', `<${name}>: ${subject} ${note}`)
        this.#effect({ discard: true })
        return 'permit'
      case 'FILTER':
        if (text === '') return this.#unusable(`${entry} has FILTER entry without value`)
        if (!text.includes(':')) return this.#unusable(`${entry} requires transport:destination`)
        this.#log('filter', `<${name}>: ${subject} triggers FILTER ${text}`)
        return this.#effect({ filter: text })
      case 'REDIRECT':
        if (!text.includes('@')) return this.#unusable(`${entry} requires user@domain target`)
        this.#log('redirect', `<${name}>: ${subject} triggers REDIRECT ${text}`)
        return this.#effect({ redirect: text })
      case 'BCC':
        if (!text.includes('@')) return this.#unusable(`${entry} requires user@domain target`)
        this.#log('bcc', `<${name}>: ${subject} triggers BCC ${text}`)
        return this.#effect({ bcc: [...state.effects.bcc, text] })
      default:
        return this.#prepend(text, entry, verdict.table)
    }
  }

  #prepend(text: string, entry: string, table: string): Outcome {
    const { facts, state } = this.#context
    if (facts.where === 'END-OF-MESSAGE')
      return this.#unusable(`access table ${table}: action PREPEND must be used before smtpd_end_of_data_restrictions`)
    if (!HEADER_LINE.test(text)) return this.#unusable(`${entry} requires header: text`)
    return this.#effect({ prepend: [...state.effects.prepend, text] })
  }

  #effect(change: Partial<MessageEffects>): Outcome {
    this.#context.state.effects = { ...this.#context.state.effects, ...change }
    return 'dunno'
  }

  #unusable(warning: string): Outcome {
    this.#warn(warning)
    return 'dunno'
  }

  #describe(verdict: Verdict): string {
    switch (verdict.kind) {
      case 'dunno':
      case 'permit':
        return verdict.kind
      case 'reject':
      case 'fault':
        return formatReply(this.#reply(verdict.reply))
      case 'defer_if_permit':
      case 'defer_if_reject':
        return `${verdict.kind} ${formatReply(this.#reply(verdict.reply))}`
      case 'list':
        return `restrictions: ${verdict.words}`
      case 'action':
        return `${verdict.action} ${verdict.text}`.trim()
    }
  }

  #note(step: Pick<TraceStep, 'list' | 'restriction' | 'outcome'> & Partial<TraceStep>): void {
    this.steps.push({ argument: '', questions: [], warnings: [], depth: Math.max(0, this.#depth - 1), ...step })
  }

  #say(note: Note): void {
    this.events.push({ kind: note.kind, text: note.text })
  }

  #warn(text: string): void {
    this.events.push({ kind: 'warning', text })
  }

  #log(whatsup: VerdictEvent['whatsup'], text: string): void {
    const { facts, client } = this.#context
    this.events.push({
      kind: 'verdict',
      whatsup,
      queueId: facts.queueId,
      where: facts.where,
      client,
      text,
      sender: facts.sender,
      recipient: facts.recipient,
      protocol: facts.protocol,
      helo: facts.helo?.name ?? null,
    })
  }
}

/** The warnings of an OK where a table may not give one (Postfix forbid_allowlist). */
export function forbiddenPermit(restriction: string, target: string): readonly string[] {
  return [
    `restriction ${restriction} returns OK for ${target}`,
    'this is not allowed for security reasons',
    'use DUNNO instead of OK if you want to make an exception',
  ]
}

/** Postfix printable(3): control characters become blanks; UTF-8 stays. */
function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, ' ')
}

export const FRESH_STATE = (): WalkState => ({ deferIfPermit: { active: false, reply: null }, effects: NO_EFFECTS })
