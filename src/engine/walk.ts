import type { Config } from '../config/config.ts'
import { hideListKeys } from '../config/list_key.ts'
import type { Event, VerdictEvent } from '../model/event.ts'
import type { Facts } from '../model/facts.ts'
import { type MessageEffects, NO_EFFECTS } from '../model/judge.ts'
import { formatReply, type Reply } from '../model/reply.ts'
import type { Subject, SubjectClass } from '../model/subject.ts'
import type { TraceQuestion, TraceStep } from '../model/trace.ts'
import type { Verdict } from '../model/verdict.ts'
import type { Answer, Answers } from './answers.ts'
import type { CheckItem, CompiledList, Item, ListCompiler } from './compile.ts'
import { takeAction } from './message_action.ts'
import type { Restriction } from './restriction.ts'
import type { Note } from './session_ask.ts'
import { describeVerdict, type SettledVerdict, settleVerdict } from './settle.ts'

/** How a list ended. */
export type Outcome = 'dunno' | 'permit' | 'reject'

/** Postfix gives up on tables that answer with lists that ask tables … */
const DEPTH_LIMIT = 100
/** … and does not on classes that name themselves: it dies of them. */
const CLASS_DEPTH_LIMIT = 200

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
  /** Whose list is walked, whatever tables in it are about. */
  #listClass: SubjectClass | null = null

  constructor(context: WalkContext) {
    this.#context = context
  }

  /** What a permanent refusal by somebody else should become. */
  get deferIfReject(): Reply | null {
    return this.#deferIfReject
  }

  /** Walks one list. `discard` of an earlier list ends it before it begins. */
  async list(list: CompiledList, subject: Subject): Promise<Outcome> {
    const depth = this.#depth
    if (depth === 0) this.#listClass = subject.class
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
        return this.#depth > CLASS_DEPTH_LIMIT ? this.#tooDeep(item.name) : this.list(item.list, subject)
      case 'check': {
        const answer = await this.#context.answers.ask(item, this.#context.facts, subject)
        return this.#answered(item, answer, { list, subject })
      }
    }
  }

  async #answered(item: CheckItem, answer: Answer, at: { list: CompiledList; subject: Subject }): Promise<Outcome> {
    // A reply may have something to warn of when it is made.
    const verdict = settleVerdict(answer.verdict, this.#context.facts, at.subject)
    for (const note of answer.notes) this.#say(note)
    this.#note({
      list: at.list.name,
      restriction: item.name,
      argument: item.argument,
      outcome: describeVerdict(verdict),
      questions: answer.questions,
      warnings: answer.notes.map(note => note.text),
    })
    const outcome = await this.#verdict(verdict, item, at.subject)
    if (item.ignored !== null && (outcome === 'permit' || this.#warnIfReject === 0))
      this.#warn(`restriction \`${item.ignored}' after \`${item.name.toLowerCase()}' is ignored`)
    return outcome
  }

  async #verdict(verdict: SettledVerdict, item: CheckItem, subject: Subject): Promise<Outcome> {
    switch (verdict.kind) {
      case 'dunno':
        return 'dunno'
      case 'permit':
        return this.#permitted(verdict, item, subject)
      case 'reject':
        return this.#refuse(verdict.reply, 'soft')
      case 'fault':
        return this.#refuse(verdict.reply, 'fault')
      case 'defer_if_permit':
        return this.#deferIfPermit(verdict.reply)
      case 'defer_if_reject':
        this.#deferIfReject ??= verdict.reply
        return 'dunno'
      case 'list':
        return this.#answerList(verdict, item)
      case 'action':
        return this.#action(verdict)
    }
  }

  async #answerList(verdict: Extract<Verdict, { kind: 'list' }>, item: CheckItem): Promise<Outcome> {
    const { words, table, subject, onPermit } = verdict
    if (this.#depth > DEPTH_LIMIT) {
      this.#warn(`access table ${table} entry ${words} causes unreasonable recursion`)
      return this.#refuse({ code: 451, detail: '3.5', text: 'Server configuration error' }, 'fault')
    }
    // Postfix: a bare table in there is of the kind of the list that began it all.
    const list = this.#context.compiler.compileText(table, words, this.#listClass ?? subject.class)
    const outcome = await this.list(list, subject)
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

  /** Postfix smtpd_acl_permit: logged where smtpd_log_access_permit_actions says so. */
  #permit({ action, what, from }: { action: string; what: string; from: string | null }): Outcome {
    const logged = this.#context.config.smtpd_log_access_permit_actions
    // Postfix: a match list, in practice names of actions or "static:all".
    const isLogged = logged.some(each => each.startsWith('static:') || each.toLowerCase() === action.toLowerCase())
    if (!this.#context.state.deferIfPermit.active && isLogged)
      // Postfix leaves the blank where it has nothing to add.
      this.#log('permit', `action=${action} for ${what} ${from === null ? '' : `from ${from}`}`)
    return 'permit'
  }

  #permitted(verdict: Extract<Verdict, { kind: 'permit' }>, item: CheckItem, subject: Subject): Outcome {
    const { access } = verdict
    if (access !== undefined)
      return this.#permit({
        action: access.action,
        what: `${access.subject.class}=${access.subject.name}`,
        from: access.table,
      })
    const what = this.#permittedWhat(item.restriction, subject)
    if (verdict.deferIfReject !== undefined) this.#deferIfReject ??= verdict.deferIfReject
    return this.#permit({ action: item.name, what: `${what.class}=${what.name}`, from: null })
  }

  /** Whom a permit is for: what the restriction looks at, not what its list is about. */
  #permittedWhat(restriction: Restriction, subject: Subject): Subject {
    const { facts, client } = this.#context
    switch (restriction.ahead?.needs ?? restriction.needs) {
      case 'client':
        return { name: client, class: 'Client host' }
      case 'helo':
        return { name: facts.helo?.name ?? '', class: 'Helo command' }
      case 'sender':
        return { name: facts.sender ?? '', class: 'Sender address' }
      case 'recipient':
        return { name: facts.recipient ?? '', class: 'Recipient address' }
      case 'moment':
        return subject
    }
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

  /** Postfix means to cut replies at 510 bytes (RFC 5321 4.5.3.1.5) but sends them whole; so do we. */
  #replyText(reply: Reply): string {
    const text = hideListKeys(formatReply(reply))
    if (reply.code >= 400 && reply.code <= 599) return printable(text, this.#context.config.smtputf8_enable)
    this.#warn(`SMTP reply code configuration error: ${text}`)
    return '450 4.7.1 Service unavailable'
  }

  #action(verdict: Extract<Verdict, { kind: 'action' }>): Outcome {
    const { facts, state } = this.#context
    const result = takeAction(verdict, facts, state.effects)
    if (result.warning !== undefined) this.#warn(result.warning)
    if (result.log !== undefined) this.#log(result.log.whatsup, result.log.text)
    if (result.change !== undefined) state.effects = { ...state.effects, ...result.change }
    if (result.hangup === true) {
      this.hangup = true
      return 'reject'
    }
    if (result.permit !== true) return 'dunno'
    const { action, table, name, class: subject } = verdict
    return this.#permit({ action, what: `${subject}=${name}`, from: table })
  }

  #note(step: Pick<TraceStep, 'list' | 'restriction' | 'outcome'> & Partial<TraceStep>): void {
    const { argument = '', questions = [], warnings = [] } = step
    this.steps.push({
      ...step,
      depth: Math.max(0, this.#depth - 1),
      restriction: hideListKeys(step.restriction),
      argument: hideListKeys(argument),
      outcome: hideListKeys(step.outcome),
      questions: questions.map(withoutKeys),
      warnings: warnings.map(hideListKeys),
    })
  }

  #say(note: Note): void {
    this.events.push({ ...note })
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

/** Postfix printable(3): control characters become blanks, and every byte of UTF-8 too unless SMTPUTF8 is on. */
function printable(text: string, utf8: boolean): string {
  if (utf8) return text.replace(/[\x00-\x1f\x7f]/g, ' ')
  return text.replace(/[^ -~]/gu, char => ' '.repeat(Buffer.byteLength(char)))
}

/** A key in the name of a DNS list is nobody's business but the resolver's. */
function withoutKeys(asked: TraceQuestion): TraceQuestion {
  return { ...asked, question: hideListKeys(asked.question), answer: hideListKeys(asked.answer) }
}

export const FRESH_STATE = (): WalkState => ({ deferIfPermit: { active: false, reply: null }, effects: NO_EFFECTS })
