/** What a policy endpoint of a configuration would answer a Postfix about one mail: `postern explain --endpoint`. */
import type { Config, Endpoint } from '../config/config.ts'
import { parseEndpoint } from '../config/types.ts'
import { describeSpf } from '../engine/describe_answer.ts'
import type { ListVerdict } from '../engine/list_judge.ts'
import type { SpfPolicy } from '../mailauth/spf/policyd/policy.ts'
import type { EmitEvent, Event } from '../model/event.ts'
import type { ClientFacts, Facts } from '../model/facts.ts'
import type { Greylisting } from '../model/greylist.ts'
import { type Judgement, NO_EFFECTS } from '../model/judge.ts'
import type { SpfAnswer, SpfQuestion } from '../model/spf.ts'
import type { TraceQuestion } from '../model/trace.ts'
import { formatPolicyRequest, policyAttributes } from '../net/policy_request.ts'
import { parseRequest } from '../policy/codec.ts'
import type { Decide } from '../policy/endpoints.ts'
import type { Clock } from '../util/clock.ts'
import type { Decision } from './decision.ts'
import { policyDoorKey } from './doors.ts'
import { CommandError, USAGE } from './exit_status.ts'
import { policyIdentity } from './gateway.ts'
import { endpointWords, makeDecide, ownEndpointOf } from './policy_endpoints.ts'
import { type Exchange, type Play, type Played, toldClient } from './rehearsal.ts'

/** The endpoint of postern_policy_listen that --endpoint names; a CommandError that tells which there are when it is none. */
export function findEndpoint(text: string, config: Config): Endpoint {
  const endpoint = ownEndpointOf(text, config) ?? ownEndpointOf(`unix:${text}`, config) ?? sameDoor(text, config)
  if (endpoint !== null) return endpoint
  const known = config.postern_policy_listen.map(each => each.text).join(', ')
  const wanted = known === '' ? 'postern_policy_listen is empty' : `expected one of postern_policy_listen: ${known}`
  throw new CommandError(`cannot use "${text}" for --endpoint: ${wanted}`, USAGE)
}

function sameDoor(text: string, config: Config): Endpoint | null {
  const named = parseEndpoint(text)
  const key = named === null ? null : policyDoorKey(named, config)
  return config.postern_policy_listen.find(each => policyDoorKey(each, config) === key) ?? null
}

/** Asks the endpoint about each recipient, as a Postfix would in smtpd_recipient_restrictions. Rejects only on a fault of ours. */
export async function rehearseEndpoint(
  play: Play,
  parts: {
    readonly endpoint: Endpoint
    readonly config: Config
    readonly decision: Pick<Decision, 'greylisting' | 'spfPolicy' | 'judgeOf' | 'makeJudge'>
    readonly clock: Clock
  },
): Promise<Played> {
  const { endpoint, config, decision, clock } = parts
  const events: Event[] = []
  const recorder = new Recorder(clock, event => events.push(event))
  const decide = recorder.decide(endpoint, decision)
  const exchanges: Exchange[] = []
  const clientName = await decision.makeJudge().clientName(factsOf(play, ''))
  for (const recipient of play.recipients) {
    const attributes = policyAttributes(factsOf(play, recipient), clientName, {
      ...policyIdentity(config),
      context: config.smtpd_policy_service_policy_context,
    })
    const { request } = parseRequest(formatPolicyRequest(attributes))
    const action = await decide(request)
    const judgement = recorder.take(action, endpoint)
    const command = `${endpoint.text} about RCPT TO:<${recipient}>`
    exchanges.push({ command, reply: action, judged: [{ stage: 'recipient', judgement }] })
  }
  return { clientName, exchanges, events }
}

/** As a Postfix has heard it when the recipient was said. */
function factsOf(play: Play, recipient: string): Facts {
  const client: ClientFacts = { address: play.client, port: null }
  return {
    client: toldClient(client, play),
    server: { address: '127.0.0.1', port: 25 },
    helo: play.helo === null ? null : { name: play.helo, esmtp: true },
    tls: null,
    sasl: play.saslUser === null ? null : { method: 'PLAIN', username: play.saslUser, sender: '' },
    sender: play.sender,
    recipient,
    recipientCount: 0,
    etrnDomain: null,
    size: play.size ?? 0,
    smtputf8: false,
    where: 'RCPT',
    protocol: 'ESMTP',
    pipelinedEarly: false,
    queueId: null,
    instance: `rehearsal.${process.pid}`,
  }
}

/** Lets the endpoint decide as it always does, and writes down what it asked. */
class Recorder {
  readonly #clock: Clock
  readonly #emit: EmitEvent
  readonly #start: number
  #verdict: ListVerdict | null = null
  #questions: TraceQuestion[] = []

  constructor(clock: Clock, emit: EmitEvent) {
    this.#clock = clock
    this.#emit = emit
    this.#start = clock.monotonic()
  }

  decide(endpoint: Endpoint, decision: Pick<Decision, 'greylisting' | 'spfPolicy' | 'judgeOf'>): Decide {
    return makeDecide(endpoint, {
      greylisting: this.#greylisting(decision.greylisting),
      spfPolicy: this.#spfPolicy(decision.spfPolicy),
      judgeOf: each => async facts => {
        this.#verdict = await decision.judgeOf(each)(facts)
        return this.#verdict
      },
      emit: this.#emit,
    })
  }

  /** What was recorded since the last time. */
  take(action: string, endpoint: Endpoint): Judgement {
    const verdict = this.#verdict
    const questions = this.#questions
    this.#verdict = null
    this.#questions = []
    const [word] = endpointWords(endpoint)
    // Endpoints of one word take the short way, which has no trace of its own.
    const short = { list: endpoint.text, restriction: word?.text ?? '', argument: '', depth: 0, warnings: [] }
    return {
      reply: isRefusal(action) ? action : null,
      effects: verdict?.effects ?? NO_EFFECTS,
      events: verdict?.events ?? [],
      trace: verdict?.trace ?? { steps: [{ ...short, outcome: action, questions }] },
    }
  }

  #greylisting(greylisting: Greylisting): Greylisting {
    return {
      decide: (request, spf) => {
        const { clientAddress, sender, recipient } = request
        const question = `${clientAddress} ${sender} ${recipient}`
        const said = ({ status, reason }: { readonly status: string; readonly reason: string }): string =>
          `${status}: ${reason}`
        return this.#timed({ door: 'greylist', question: () => question, said }, greylisting.decide(request, spf))
      },
      noteCorrespondent: address => greylisting.noteCorrespondent(address),
    }
  }

  #spfPolicy(policy: SpfPolicy): SpfPolicy {
    const check = (question: SpfQuestion): Promise<SpfAnswer> =>
      this.#spf(question.identity, policy.spf.check(question))
    return {
      ...policy,
      spf: { ...policy.spf, check },
      decide: request => {
        const { address, helo, sender } = request
        return policy.decide(request, identity => check({ identity, address, helo, sender }))
      },
    }
  }

  #spf(identity: string, asked: Promise<SpfAnswer>): Promise<SpfAnswer> {
    return this.#timed({ door: 'spf', question: ({ domain }) => `${identity} ${domain}`, said: describeSpf }, asked)
  }

  async #timed<T>(
    how: { readonly door: string; readonly question: (answer: T) => string; readonly said: (answer: T) => string },
    asked: Promise<T>,
  ): Promise<T> {
    const atMs = this.#clock.monotonic() - this.#start
    const answer = await asked
    const tookMs = this.#clock.monotonic() - this.#start - atMs
    this.#questions.push({ door: how.door, question: how.question(answer), answer: how.said(answer), atMs, tookMs })
    return answer
  }
}

function isRefusal(action: string): boolean {
  return /^(?:[45]|REJECT\b|DEFER|HANGUP\b)/i.test(action)
}
