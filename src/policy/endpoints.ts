/** What an endpoint can do with a request: run a whole list, or take the short way where the list is one word that needs no engine. */
import type { ListJudge } from '../engine/list_judge.ts'
import type { EmitEvent, Event } from '../model/event.ts'
import type { AskMailFromSpf, GreylistAnswer, Greylisting } from '../model/greylist.ts'
import type { SpfPolicyAnswer, SpfRequest } from '../model/spf.ts'
import { policyAction } from './action.ts'
import type { AttributeName, PolicyRequest } from './codec.ts'
import { requestFacts } from './facts.ts'

/** Gives one access(5) action for one request. Never rejects. */
export type Decide = (request: PolicyRequest) => Promise<string> | string

/** Postgrey 1.37 mux_input: names and values are cut here. */
const POSTGREY_LIMIT = 512

/** Runs a whole list: all its questions at once, one action out. */
export function decideByList(judge: ListJudge, emit: EmitEvent): Decide {
  let hasToldHeaders = false
  return async request => {
    const facts = requestFacts(request)
    const verdict = await judge(facts)
    for (const event of verdict.events) emit(ownEvent(event))
    const { action, left } = policyAction(verdict, facts)
    // Two restrictions that each put a header in front do so for every mail: that is a matter of the list, not of this one.
    const isOnlyHeaders = [action, ...left].every(each => each.startsWith('PREPEND '))
    if (left.length > 0 && !(isOnlyHeaders && hasToldHeaders)) {
      hasToldHeaders ||= isOnlyHeaders
      const text = `a policy answer has room for one action: "${action}" was sent, and not ${left.map(each => `"${each}"`).join(', ')}${isOnlyHeaders ? '; other headers that are left out will not be told' : ''}`
      emit({ kind: 'warning', text, daemon: 'postern/policy' })
    }
    return action
  }
}

/** Ours, so that nobody takes it for a line of the smtpd that asked and logs its own. */
function ownEvent(event: Event): Event {
  switch (event.kind) {
    case 'verdict':
      return { ...event, daemon: 'postern/policy' }
    case 'info':
    case 'warning':
    case 'error':
    case 'fatal':
      return event.daemon === undefined ? { ...event, daemon: 'postern/policy' } : event
    default:
      return event
  }
}

const NEEDED: readonly AttributeName[] = ['client_address', 'client_name', 'recipient', 'sender']

/** check_greylist alone: Postgrey's answer and log line. `spf` asks about a request's MAIL FROM; null: without SPF. */
export function decideByGreylist(options: {
  readonly greylisting: Greylisting
  readonly spf: ((request: PolicyRequest) => AskMailFromSpf) | null
  readonly emit: EmitEvent
}): Decide {
  const { greylisting, spf, emit } = options
  const answered = (answer: GreylistAnswer): string => greylistAction(answer, emit)
  return request => {
    const { client_address, client_name, recipient, sender } = request
    if (client_address === undefined || client_name === undefined || recipient === undefined || sender === undefined) {
      const missing = NEEDED.find(name => request[name] === undefined)
      emit({ kind: 'warning', text: `attribute missing: ${missing}`, daemon: 'postgrey' })
      return 'DUNNO'
    }
    const attempt = {
      clientAddress: cut(client_address),
      clientName: cut(client_name),
      helo: cut(request.helo_name ?? ''),
      sender: cut(sender),
      recipient: cut(recipient),
      queueId: cut(request.queue_id ?? ''),
      instance: request.instance ?? null,
      hasEtrnDomain: request.etrn_domain !== undefined,
    }
    const testTime = request.policy_test_time === undefined ? Number.NaN : Number(request.policy_test_time)
    return greylisting
      .decide(Number.isFinite(testTime) ? { ...attempt, testTime } : attempt, spf === null ? null : spf(request))
      .then(answered)
  }
}

function greylistAction(answer: GreylistAnswer, emit: EmitEvent): string {
  if (answer.status === 'failed') {
    if (answer.warning !== null)
      emit({ kind: 'warning', text: `not greylisted: ${answer.warning}`, daemon: 'postgrey' })
    return 'DUNNO'
  }
  for (const text of answer.log) emit({ kind: 'info', text, daemon: 'postgrey' })
  if (answer.status === 'greylist') return answer.action
  return answer.prepend === null ? 'DUNNO' : `PREPEND ${answer.prepend}`
}

function cut(value: string): string {
  return value.length > POSTGREY_LIMIT ? value.slice(0, POSTGREY_LIMIT) : value
}

/** check_spf alone: policyd-spf's answer and log line. */
export function decideBySpf(options: {
  readonly decide: (request: SpfRequest) => Promise<SpfPolicyAnswer>
  readonly emit: EmitEvent
}): Decide {
  const { decide, emit } = options
  const answered = ({ action, log }: SpfPolicyAnswer): string => {
    for (const text of log) emit({ kind: 'info', text, daemon: 'policyd-spf' })
    return action
  }
  return request => decide(spfRequest(request)).then(answered)
}

function spfRequest(request: PolicyRequest): SpfRequest {
  return {
    instance: request.instance ?? '',
    address: request.client_address ?? '',
    helo: request.helo_name ?? '',
    sender: request.sender ?? '',
    recipient: request.recipient ?? '',
    queueId: request.queue_id ?? '',
  }
}
