import type { Facts } from '../model/facts.ts'
import type { Subject } from '../model/subject.ts'
import type { TraceQuestion } from '../model/trace.ts'
import type { Verdict } from '../model/verdict.ts'
import { SERVER_ERROR } from '../model/verdict.ts'
import type { CheckItem, CompiledList, Item } from './compile.ts'
import type { Check, Needs, ParamName } from './restriction.ts'
import { Door, type Note, type SessionMemory } from './session_ask.ts'

/** One restriction's answer with all that it asked. */
export interface Answer {
  readonly verdict: Verdict
  readonly questions: readonly TraceQuestion[]
  readonly notes: readonly Note[]
}

type Level = Exclude<Needs, 'moment'>
const LEVELS: readonly Level[] = ['client', 'helo', 'sender', 'recipient']

/**
 * Look-ahead and memory in one: each restriction is run once for the facts it needs, as soon as they are known, and the
 * walk later takes the answer that is under way or already there. Side effects are not here: they are in the verdict.
 */
export class Answers {
  readonly #memory: SessionMemory
  readonly #kept: Record<Level, Map<string, Map<number, Promise<Answer>>>> = {
    client: new Map(),
    helo: new Map(),
    sender: new Map(),
    recipient: new Map(),
  }
  /** Answers that hang on a failure: the next transaction asks again. */
  readonly #doubtful: { readonly kept: Map<number, Promise<Answer>>; readonly id: number }[] = []

  constructor(memory: SessionMemory) {
    this.#memory = memory
  }

  /** The answer of one restriction; asked now unless it was asked ahead. */
  ask(item: CheckItem, facts: Facts, subject: Subject): Promise<Answer> {
    const { needs } = item.restriction
    if (needs === 'moment') return this.#run(item, facts, subject)
    const kept = this.#level(needs, facts)
    const known = kept.get(item.id)
    if (known !== undefined) return known
    const fresh = this.#run(item, facts, subject)
    kept.set(item.id, fresh)
    void fresh.then(answer => {
      if (isDoubtful(answer)) this.#doubtful.push({ kept, id: item.id })
    })
    return fresh
  }

  /** Starts what the lists may ask about the facts so far. Returns at once; answers are awaited only where they are needed. */
  lookAhead(lists: readonly { readonly list: CompiledList; readonly subject: Subject }[], facts: Facts): void {
    for (const { list, subject } of lists) void this.#askList(list, facts, { subject, warnOnly: false })
  }

  /** Recipients and senders of a transaction that is over, and what could not be found out in it. */
  forgetTransaction(): void {
    for (const { kept, id } of this.#doubtful.splice(0)) kept.delete(id)
    this.#kept.sender.clear()
    this.#kept.recipient.clear()
  }

  forgetAll(): void {
    for (const level of LEVELS) this.#kept[level].clear()
  }

  /** Walks as far as cheap local answers do not end the list; true when one did. */
  async #askList(list: CompiledList, facts: Facts, at: { subject: Subject; warnOnly: boolean }): Promise<boolean> {
    let { warnOnly } = at
    for (const item of list.items) {
      if (item.kind === 'warn_if_reject') {
        warnOnly = true
        continue
      }
      if (await this.#askItem(item, facts, { subject: at.subject, warnOnly })) return true
      warnOnly = at.warnOnly
    }
    return false
  }

  async #askItem(item: Item, facts: Facts, at: { subject: Subject; warnOnly: boolean }): Promise<boolean> {
    if (item.kind === 'class') return this.#askList(item.list, facts, at)
    if (item.kind !== 'check') return item.kind === 'fault'
    const { restriction } = item
    // permit, reject, defer: what stands behind them never gets its turn.
    if (restriction.final === true) return !at.warnOnly
    if (isKnown(restriction.needs, facts)) {
      const answer = this.ask(item, facts, at.subject)
      if (restriction.local !== true) return false
      const { verdict } = await answer
      return verdict.kind === 'permit' || (verdict.kind === 'reject' && !at.warnOnly) || verdict.kind === 'fault'
    }
    const { ahead } = restriction
    if (ahead !== undefined && isKnown(ahead.needs, facts)) void this.#askAhead(item, facts, at.subject)
    return false
  }

  async #askAhead(item: CheckItem, facts: Facts, subject: Subject): Promise<void> {
    try {
      await item.restriction.ahead?.ask(this.#check(item, facts, { subject, door: new Door(this.#memory, facts) }))
    } catch {
      // The walk meets the same fault and tells it.
    }
  }

  async #run(item: CheckItem, facts: Facts, subject: Subject): Promise<Answer> {
    const door = new Door(this.#memory, facts)
    const verdict = await this.#verdict(item, facts, { subject, door })
    return { verdict, questions: door.questions, notes: door.notes }
  }

  /** A restriction that throws is our fault, never a permit, never a lost session (style 2.5). */
  async #verdict(item: CheckItem, facts: Facts, at: { subject: Subject; door: Door }): Promise<Verdict> {
    try {
      const verdict = item.restriction.check(this.#check(item, facts, at))
      if (!(verdict instanceof Promise)) return verdict
      return item.restriction.ownTimeout === true ? await verdict : await this.#bounded(verdict, item, at.door)
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
      at.door.warn(`restriction ${item.name} failed: ${what}`)
      return SERVER_ERROR
    }
  }

  /** A restriction that hangs is cut off: the session must get its verdict. */
  async #bounded(verdict: Promise<Verdict>, item: CheckItem, door: Door): Promise<Verdict> {
    const { clock, config } = this.#memory.world
    const seconds = config.postern_check_timeout
    const overrun = Promise.withResolvers<Verdict>()
    const timer = clock.after(seconds * 1000, () => {
      door.warn(`restriction ${item.name} ${item.argument} took longer than ${seconds} seconds and was cut off`)
      overrun.resolve(SERVER_ERROR)
    })
    try {
      return await Promise.race([verdict, overrun.promise])
    } finally {
      timer.cancel()
    }
  }

  #check(item: CheckItem, facts: Facts, { subject, door }: { subject: Subject; door: Door }): Check<ParamName> {
    const { config } = this.#memory.world
    return { facts, ask: door, config, argument: item.argument, table: item.table, subject }
  }

  #level(level: Level, facts: Facts): Map<number, Promise<Answer>> {
    const prints = this.#kept[level]
    const print = PRINTS[level](facts)
    const known = prints.get(print)
    if (known !== undefined) return known
    // Only recipients come several at a time; of the rest the newest facts are the only ones still true.
    if (level !== 'recipient') prints.clear()
    const fresh = new Map<number, Promise<Answer>>()
    prints.set(print, fresh)
    return fresh
  }
}

function isDoubtful({ questions }: Answer): boolean {
  return questions.some(({ answer }) => answer.startsWith('failed'))
}

function isKnown(needs: Needs, facts: Facts): boolean {
  switch (needs) {
    case 'client':
      return true
    case 'helo':
      return facts.helo !== null
    case 'sender':
      return facts.sender !== null
    case 'recipient':
      return facts.recipient !== null
    case 'moment':
      return false
  }
}

/** The facts that an answer of each level hangs on. */
const PRINTS: Readonly<Record<Level, (facts: Facts) => string>> = {
  client: clientPrint,
  // SMTPUTF8 decides whether a HELO name may be UTF-8.
  helo: facts => `${clientPrint(facts)}\n${facts.smtputf8} ${facts.helo?.name ?? ''}`,
  sender: senderPrint,
  recipient: facts => `${senderPrint(facts)}\n${facts.recipient === null ? '' : `<${facts.recipient}>`}`,
}

function clientPrint({ client, tls, sasl }: Facts): string {
  const names = `${client.toldName} ${client.toldReverseName}`
  return `${client.address} ${names} ${tls?.clientCert?.certFingerprint ?? tls !== null} ${sasl?.username ?? ''}`
}

function senderPrint(facts: Facts): string {
  return `${clientPrint(facts)}\n${facts.smtputf8} ${facts.sender === null ? '' : `<${facts.sender}>`}`
}
