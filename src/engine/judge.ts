import type { Config } from '../config/config.ts'
import { isAscii } from '../mail/hostname.ts'
import type { Event } from '../model/event.ts'
import type { Facts } from '../model/facts.ts'
import { type ClientName, type Judgement, NO_EFFECTS, namaddr, type SessionJudge, type Stage } from '../model/judge.ts'
import type { Subject, SubjectClass } from '../model/subject.ts'
import { Answers } from './answers.ts'
import { toldClientName } from './client_name.ts'
import { type CheckItem, type CompiledList, ListCompiler, type ListWord } from './compile.ts'
import type { Registry } from './registry.ts'
import { Door, SessionMemory } from './session_ask.ts'
import { FRESH_STATE, type Outcome, Walk, type WalkState } from './walk.ts'
import type { World } from './world.ts'

const LIST_PARAMS = {
  client: ['smtpd_client_restrictions', 'Client host'],
  helo: ['smtpd_helo_restrictions', 'Helo command'],
  sender: ['smtpd_sender_restrictions', 'Sender address'],
  relay: ['smtpd_relay_restrictions', 'Recipient address'],
  recipient: ['smtpd_recipient_restrictions', 'Recipient address'],
  data: ['smtpd_data_restrictions', 'Data command'],
  end_of_data: ['smtpd_end_of_data_restrictions', 'End-of-data'],
  etrn: ['smtpd_etrn_restrictions', 'Etrn command'],
} as const satisfies Record<string, readonly [keyof Config, SubjectClass]>

type ListName = keyof typeof LIST_PARAMS

/** Stages whose lists wait for RCPT under smtpd_delay_reject, so that nothing is asked, not even the client's name. */
const DELAYED: ReadonlySet<Stage> = new Set(['client', 'helo', 'sender'])

/** One configuration's lists, compiled once and shared by all its sessions. */
export interface Policy {
  readonly world: World
  readonly compiler: ListCompiler
  readonly lists: Readonly<Record<ListName, CompiledList>>
  readonly unlistedSender: CheckItem | null
  readonly unlistedRecipient: CheckItem | null
}

export interface PolicySource {
  readonly world: World
  readonly registry: Registry
  /** Words of smtpd_restriction_classes, by name as written (Postfix compares class names with regard to case). */
  readonly classes: ReadonlyMap<string, readonly ListWord[]>
  /** Each bad word of a list, told once. */
  problem?(word: ListWord, message: string): void
}

/** Compiles all lists of a configuration. Problems are told, never thrown: they answer 451 when they are reached. */
export function makePolicy(source: PolicySource): Policy {
  const { world, registry, classes } = source
  const compiler = new ListCompiler({
    registry,
    classes,
    openTable: spec => world.openTable(spec),
    ...(source.problem === undefined ? {} : { problem: source.problem }),
  })
  const compile = (name: ListName): CompiledList => {
    const [parameter, subject] = LIST_PARAMS[name]
    return compiler.compile(parameter, world.config[parameter], subject)
  }
  return {
    world,
    compiler,
    lists: {
      client: compile('client'),
      helo: compile('helo'),
      sender: compile('sender'),
      relay: compile('relay'),
      recipient: compile('recipient'),
      data: compile('data'),
      end_of_data: compile('end_of_data'),
      etrn: compile('etrn'),
    },
    unlistedSender: loneCheck(compiler, 'reject_unlisted_sender', 'Sender address'),
    unlistedRecipient: loneCheck(compiler, 'reject_unlisted_recipient', 'Recipient address'),
  }
}

function loneCheck(compiler: ListCompiler, name: string, subject: SubjectClass): CheckItem | null {
  const item = compiler.compile(name, [{ text: name }], subject).items[0]
  return item?.kind === 'check' ? item : null
}

/** Judges one session after the other with the same policy. */
export function makeJudgeFactory(policy: Policy): () => SessionJudge {
  return () => new Judge(policy)
}

/** The stages of one session, in Postfix's order (smtpd_check_client … smtpd_check_eod). */
class Judge implements SessionJudge {
  readonly #policy: Policy
  readonly #memory: SessionMemory
  readonly #answers: Answers
  #state: WalkState = FRESH_STATE()
  /** Deferrals seen in each stage: a later stage starts with those of the earlier ones. */
  #deferredAt = { client: false, helo: false, sender: false }

  constructor(policy: Policy) {
    this.#policy = policy
    this.#memory = new SessionMemory(policy.world)
    this.#answers = new Answers(this.#memory)
  }

  lookAhead(facts: Facts): void {
    const { config } = this.#policy.world
    if (!config.postern_lookahead) return
    void this.#memory.clientName(facts)
    const names: ListName[] = ['client', 'helo', 'sender', 'relay', 'recipient']
    // The subject is only a placeholder: what depends on it is never asked ahead.
    const lists = names.map(name => ({
      list: this.#policy.lists[name],
      subject: { name: '', class: LIST_PARAMS[name][1] },
    }))
    this.#answers.lookAhead(lists, facts)
  }

  clientName(facts: Facts): Promise<ClientName> {
    return this.#memory.clientName(facts)
  }

  async isAddressValid(address: string, smtputf8: boolean, facts: Facts): Promise<boolean> {
    if (address === '') return true
    const resolved = await new Door(this.#memory, facts).resolveAddress(address)
    // A table that does not answer is told when a restriction needs it.
    if (resolved.status !== 'found') return true
    return !resolved.value.malformed && (smtputf8 || isAscii(resolved.value.domain))
  }

  resetTransaction(): void {
    this.#state.effects = NO_EFFECTS
    this.#answers.forgetTransaction()
    this.#memory.forgetQuestions()
  }

  resetClient(facts: Facts): void {
    this.#memory.forgetClient()
    this.#answers.forgetAll()
    this.#deferredAt = { client: false, helo: false, sender: false }
    this.#state = FRESH_STATE()
    this.lookAhead(facts)
  }

  async judge(stage: Stage, facts: Facts): Promise<Judgement> {
    const delayed = this.#policy.world.config.smtpd_delay_reject && DELAYED.has(stage)
    if (delayed) return { reply: null, effects: this.#state.effects, events: [], trace: { steps: [] } }
    try {
      const name = toldClientName(facts.client) ?? (await this.#memory.clientName(facts))
      const run = new Run({
        policy: this.#policy,
        answers: this.#answers,
        state: this.#state,
        deferredAt: this.#deferredAt,
        facts,
        client: namaddr(name, facts.client.address),
      })
      const refused = await run.stage(stage)
      if (stage === 'recipient' && !refused) void noteCorrespondent(this.#memory, facts, name)
      return run.judgement(refused, this.#state)
    } catch (error) {
      // Nothing that goes wrong here may let a mail pass or lose a session.
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
      const events: Event[] = [{ kind: 'error', text: `judging ${facts.where} failed: ${what}` }]
      return { reply: '451 4.3.0 Temporary lookup failure', effects: this.#state.effects, events, trace: { steps: [] } }
    }
  }
}

/** Somebody to whom a user of ours writes shall not wait with the answer. Nobody waits for this, and nothing comes of it when it fails. */
async function noteCorrespondent(memory: SessionMemory, facts: Facts, client: ClientName): Promise<void> {
  const { world } = memory
  const { recipient, sender, sasl } = facts
  const { postern_greylist, postern_greylist_correspondents } = world.config
  if (!postern_greylist || postern_greylist_correspondents === 0 || recipient === null || !sender) return
  const isUser =
    sasl !== null || (await world.inAddressList('mynetworks', client.name, facts.client.address)).status === 'found'
  if (!isUser) return
  const resolved = await new Door(memory, facts).resolveAddress(recipient)
  // Addresses of our own would let in whoever forges them.
  if (resolved.status !== 'found' || resolved.value.class !== 'default') return
  await world.greylisting.noteCorrespondent(recipient)
}

interface RunContext {
  readonly policy: Policy
  readonly answers: Answers
  readonly state: WalkState
  readonly deferredAt: { client: boolean; helo: boolean; sender: boolean }
  readonly facts: Facts
  readonly client: string
}

/** One call of `judge`: the walks it takes, and what they said. */
class Run {
  readonly #c: RunContext
  readonly #walks: Walk[] = []

  constructor(context: RunContext) {
    this.#c = context
  }

  /** True when refused. */
  async stage(stage: Stage): Promise<boolean> {
    const { facts } = this.#c
    const delayed = this.#c.policy.world.config.smtpd_delay_reject
    switch (stage) {
      case 'client':
        return !delayed && this.#client()
      case 'helo':
        return !delayed && this.#helo()
      case 'sender':
        return !delayed && this.#sender()
      case 'recipient':
        return this.#recipient(delayed)
      case 'etrn':
        return this.#etrn(delayed)
      case 'data':
        return this.#message('data', facts.where)
      case 'end_of_data':
        return this.#message('end_of_data', facts.where)
    }
  }

  judgement(refused: boolean, state: WalkState): Judgement {
    const last = this.#walks.at(-1)
    return {
      reply: refused ? (last?.refusal ?? null) : null,
      effects: state.effects,
      events: this.#walks.flatMap(walk => walk.events),
      trace: { steps: this.#walks.flatMap(walk => walk.steps) },
      ...(last?.hangup === true ? { hangup: true } : {}),
    }
  }

  #walk(): Walk {
    const { policy, answers, state, facts, client } = this.#c
    const walk = new Walk({ config: policy.world.config, compiler: policy.compiler, answers, facts, client, state })
    this.#walks.push(walk)
    return walk
  }

  async #client(): Promise<boolean> {
    const { state, deferredAt, policy, client } = this.#c
    state.deferIfPermit.active = false
    const outcome = await this.#walk().list(policy.lists.client, { name: client, class: 'Client host' })
    deferredAt.client = state.deferIfPermit.active
    return outcome === 'reject'
  }

  async #helo(): Promise<boolean> {
    const { state, deferredAt, policy, facts } = this.#c
    // Postfix: nothing to say about a HELO that was not said.
    if (facts.helo === null) return false
    state.deferIfPermit.active = deferredAt.client
    const outcome = await this.#walk().list(policy.lists.helo, { name: facts.helo.name, class: 'Helo command' })
    deferredAt.helo = state.deferIfPermit.active
    return outcome === 'reject'
  }

  async #sender(): Promise<boolean> {
    const { state, deferredAt, policy, facts } = this.#c
    if (facts.sender === null) return false
    const { config } = policy.world
    const subject: Subject = { name: facts.sender, class: 'Sender address' }
    state.deferIfPermit.active = deferredAt.client || deferredAt.helo
    const walk = this.#walk()
    let outcome = await walk.list(policy.lists.sender, subject)
    deferredAt.sender = state.deferIfPermit.active
    const unlisted = config.smtpd_reject_unlisted_sender && facts.sender !== '' && !state.effects.discard
    if (outcome !== 'reject' && unlisted && policy.unlistedSender !== null)
      outcome = await walk.single(policy.unlistedSender, subject)
    return outcome === 'reject'
  }

  async #recipient(delayed: boolean): Promise<boolean> {
    const { facts } = this.#c
    // RFC 5321 4.5.1: "postmaster" without a domain is always accepted.
    if (facts.recipient === null || facts.recipient.toLowerCase() === 'postmaster') return false
    if (delayed && ((await this.#client()) || (await this.#helo()) || (await this.#sender()))) return true
    return this.#recipientLists(facts.recipient)
  }

  async #recipientLists(recipient: string): Promise<boolean> {
    const { state, deferredAt, policy } = this.#c
    const { config } = policy.world
    const subject: Subject = { name: recipient, class: 'Recipient address' }
    state.deferIfPermit.active = deferredAt.sender
    const { relay, recipient: own } = policy.lists
    const order = config.smtpd_relay_before_recipient_restrictions ? [relay, own] : [own, relay]
    const walk = this.#walk()
    let outcome: Outcome = 'dunno'
    for (const list of order) {
      outcome = await walk.list(list, subject)
      if (outcome === 'reject') return true
    }
    if (walk.refuseDeferred() === 'reject') return true
    const unlisted = config.smtpd_reject_unlisted_recipient && !state.effects.discard
    if (unlisted && policy.unlistedRecipient !== null) outcome = await walk.single(policy.unlistedRecipient, subject)
    return outcome === 'reject'
  }

  async #etrn(delayed: boolean): Promise<boolean> {
    const { state, deferredAt, policy, facts } = this.#c
    if (delayed && ((await this.#client()) || (await this.#helo()))) return true
    state.deferIfPermit.active = deferredAt.client || deferredAt.helo
    const walk = this.#walk()
    const outcome = await walk.list(policy.lists.etrn, { name: facts.etrnDomain ?? '', class: 'Etrn command' })
    return outcome === 'reject' || walk.refuseDeferred() === 'reject'
  }

  async #message(stage: 'data' | 'end_of_data', where: string): Promise<boolean> {
    const { state, policy } = this.#c
    // Postfix: some recipients may have been accepted although the last one was deferred.
    state.deferIfPermit.active = false
    const walk = this.#walk()
    const name = stage === 'data' ? 'DATA' : where
    const outcome = await walk.list(policy.lists[stage], { name, class: LIST_PARAMS[stage][1] })
    return outcome === 'reject' || walk.refuseDeferred() === 'reject'
  }
}
