import type { Event } from '../model/event.ts'
import type { Facts } from '../model/facts.ts'
import { type MessageEffects, namaddr } from '../model/judge.ts'
import { formatReply } from '../model/reply.ts'
import type { Subject, SubjectClass } from '../model/subject.ts'
import type { Trace } from '../model/trace.ts'
import { Answers } from './answers.ts'
import { toldClientName } from './client_name.ts'
import type { ListWord } from './compile.ts'
import type { Policy } from './judge.ts'
import { SessionMemory } from './session_ask.ts'
import { FRESH_STATE, Walk } from './walk.ts'

/** What one list says of one request, before anybody makes a reply of it. */
export interface ListVerdict {
  /** "550 5.7.1 …" when a restriction refused; null: none did. */
  readonly refusal: string | null
  /** "450 4.7.1 …": what a permit becomes, because something failed or was told to wait. */
  readonly deferIfPermit: string | null
  /** "450 4.7.1 …": what a permanent refusal by somebody else should become. */
  readonly deferIfReject: string | null
  /** Close without a reply. */
  readonly hangup: boolean
  readonly effects: MessageEffects
  readonly events: readonly Event[]
  readonly trace: Trace
}

/** Runs one list for facts that somebody else collected. Never rejects. */
export type ListJudge = (facts: Facts) => Promise<ListVerdict>

const SUBJECTS: ReadonlyMap<string, SubjectClass> = new Map([
  ['CONNECT', 'Client host'],
  ['HELO', 'Helo command'],
  ['EHLO', 'Helo command'],
  ['MAIL', 'Sender address'],
  ['DATA', 'Data command'],
  ['END-OF-MESSAGE', 'End-of-data'],
  ['ETRN', 'Etrn command'],
])

/**
 * A judge for a list that stands outside the lists of smtpd: compiled once, its questions asked ahead all at once, so that the
 * latency of one request is that of its longest chain of questions. Bare tables in it look up recipients.
 */
export function makeListJudge(policy: Policy, name: string, words: readonly ListWord[]): ListJudge {
  const list = policy.compiler.compile(name, words, 'Recipient address')
  const { config } = policy.world
  return async facts => {
    try {
      // Nobody says when a message is over, so nothing is kept from one request to the next but what the resolver knows.
      const memory = new SessionMemory(policy.world)
      const answers = new Answers(memory)
      const subject = subjectOf(facts)
      if (config.postern_lookahead) {
        void memory.clientName(facts)
        answers.lookAhead([{ list, subject }], facts)
      }
      const clientName = toldClientName(facts.client) ?? (await memory.clientName(facts))
      const state = FRESH_STATE()
      const client = namaddr(clientName, facts.client.address)
      const walk = new Walk({ config, compiler: policy.compiler, answers, facts, client, state })
      const outcome = await walk.list(list, subject)
      const { deferIfPermit } = state
      return {
        refusal: outcome === 'reject' ? walk.refusal : null,
        deferIfPermit: deferIfPermit.active && deferIfPermit.reply !== null ? formatReply(deferIfPermit.reply) : null,
        deferIfReject: walk.deferIfReject === null ? null : formatReply(walk.deferIfReject),
        hangup: walk.hangup,
        effects: state.effects,
        events: walk.events,
        trace: { steps: walk.steps },
      }
    } catch (error) {
      return faulty(facts, error)
    }
  }
}

function subjectOf(facts: Facts): Subject {
  const subject = SUBJECTS.get(facts.where) ?? 'Recipient address'
  switch (subject) {
    case 'Client host':
      return { name: facts.client.address, class: subject }
    case 'Helo command':
      return { name: facts.helo?.name ?? '', class: subject }
    case 'Sender address':
      return { name: facts.sender ?? '', class: subject }
    case 'Etrn command':
      return { name: facts.etrnDomain ?? '', class: subject }
    case 'Recipient address':
      return { name: facts.recipient ?? '', class: subject }
    default:
      return { name: facts.where, class: subject }
  }
}

/** Nothing that goes wrong here may let a mail pass or refuse it for good. */
function faulty(facts: Facts, error: unknown): ListVerdict {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return {
    refusal: '451 4.3.0 Temporary lookup failure',
    deferIfPermit: null,
    deferIfReject: null,
    hangup: false,
    effects: FRESH_STATE().effects,
    events: [{ kind: 'error', text: `judging ${facts.where} failed: ${what}` }],
    trace: { steps: [] },
  }
}
