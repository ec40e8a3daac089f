import type { Resolver } from '../../../dns/resolver.ts'
import type { AskSpf, SpfIdentity, SpfPolicyAnswer, SpfQuestion, SpfRequest } from '../../../model/spf.ts'
import type { Clock } from '../../../util/clock.ts'
import { parseIp } from '../../../util/ip.ts'
import { makeSpf, type Spf } from '../spf.ts'
import { findBypass } from './bypass.ts'
import { type Decided, type Decision, decide } from './decide.ts'
import { type Shown, skipHeader } from './header.ts'
import type { SpfPolicySettings } from './settings.ts'

/** What check_spf and the policy endpoint `{ check_spf }` answer. */
export interface SpfPolicy {
  /** check_host() under the limits of the settings. */
  readonly spf: Spf
  /** The identities that mail from this client would be judged by. */
  identities(address: string): readonly SpfIdentity[]
  /** `ask`: from a session's memory; without it the two identities are asked for afresh. Never rejects. */
  decide(request: SpfRequest, ask?: AskSpf): Promise<SpfPolicyAnswer>
}

export interface SpfPolicyOptions {
  readonly settings: SpfPolicySettings
  readonly resolver: Resolver
  readonly clock: Clock
  /** Our own host name, for %{r}. */
  readonly hostname: string
}

const HIDDEN = '<UNKNOWN>'
/** Messages of which it is remembered that they have their header; each of two generations. */
const GENERATION_MESSAGES = 5000
const MOCK = 'dunno mock header field that should be ignored'

/** policyd-spf 3.0.4 as a function. One per configuration and process: it remembers which message has its header. */
export function makeSpfPolicy(options: SpfPolicyOptions): SpfPolicy {
  const { settings, resolver, clock, hostname } = options
  const limits = { resolver, clock, receiver: hostname, voidLimit: settings.voidLimit }
  const spf = makeSpf({ ...limits, timeLimit: settings.lookupTime })
  const bypass = { settings, resolver, clock, spf: makeSpf({ ...limits, timeLimit: settings.whitelistLookupTime }) }
  const seen = new Messages()

  const judge = async (request: SpfRequest, shown: Shown, ask: AskSpf): Promise<Decided> => {
    const note = await findBypass(shown.address, shown.helo, bypass)
    if (note !== null) return { decision: { kind: 'prepend', text: skipHeader(note, shown, settings) }, details: [] }
    const named = shown.helo === '' ? { ...shown, helo: domainOf(shown.sender) || 'unknown' } : shown
    return decide({ request, shown: named }, ask, settings)
  }

  const identities: SpfIdentity[] = []
  if (!settings.mock && settings.prospective === '') {
    if (settings.heloReject !== 'no_check') identities.push('helo')
    if (settings.mailFromReject !== 'no_check') identities.push('mailfrom')
  }
  return {
    spf,
    identities: address => {
      const ip = parseIp(address)
      return ip === null || settings.skipAddresses.has(ip) || settings.whitelist.has(ip) ? [] : identities
    },
    async decide(request, ask) {
      if (settings.mock) return { action: MOCK, log: [] }
      const { instance } = request
      const known = instance === '' ? undefined : seen.get(instance)
      const shown = shownOf(request, settings)
      if (known !== undefined) return present(known.kind === 'prepend' ? { kind: 'dunno' } : known, request, settings)
      // What a session remembers is of its own client and HELO name.
      const own = settings.prospective === '' && request.helo !== ''
      const asking = ask !== undefined && own ? ask : askAfresh(spf, request, shown.address)
      const { decision, details } = await judge(request, shown, asking)
      if (instance !== '') seen.set(instance, decision)
      const answer = present(decision, request, settings)
      return settings.debugLevel < 2 ? answer : { ...answer, log: [...details, ...answer.log] }
    },
  }
}

function askAfresh(spf: Spf, request: SpfRequest, address: string): AskSpf {
  const { sender } = request
  const helo = request.helo === '' ? domainOf(sender) || 'unknown' : request.helo
  return identity => {
    const question: SpfQuestion = { identity, address, helo, sender: identity === 'helo' ? '' : sender }
    return spf.check(question)
  }
}

/** What the texts show; policyd-spf makes all of it lower case. */
function shownOf(request: SpfRequest, settings: SpfPolicySettings): Shown {
  const recipient = request.recipient.toLowerCase()
  const at = recipient.indexOf('@')
  const receiver = recipient === '' ? 'none' : at < 0 ? recipient : (recipient.slice(at + 1).split('@', 1)[0] ?? '')
  return {
    address: settings.prospective === '' ? request.address : settings.prospective,
    helo: request.helo.toLowerCase(),
    sender: request.sender.toLowerCase(),
    receiver: settings.hideReceiver ? HIDDEN : receiver,
  }
}

function domainOf(sender: string): string {
  const at = sender.lastIndexOf('@')
  return at < 0 ? '' : sender.slice(at + 1).toLowerCase()
}

/** The answer to Postfix and the log line (policyd_spf.py, "handle results"). */
function present(decision: Decision, request: SpfRequest, settings: SpfPolicySettings): SpfPolicyAnswer {
  const dunno = { action: 'dunno', log: [] }
  if (decision.kind === 'dunno') return dunno
  if (settings.testOnly && decision.kind !== 'prepend') return dunno
  const prefix = settings.logQueueId && request.queueId !== '' ? `${request.queueId}: ` : ''
  const logged = (text: string): readonly string[] => (settings.debugLevel >= 1 ? [`${prefix}${text}`] : [])
  switch (decision.kind) {
    case 'prepend': {
      if (settings.prospective !== '') return dunno
      const { text } = decision
      if (settings.headerType === 'none') return { action: 'dunno', log: logged(`Header field not prepended: ${text}`) }
      return { action: `prepend ${text}`, log: logged(`prepend ${text}`) }
    }
    case 'restriction':
      return { action: decision.text, log: logged(`result_only ${decision.text}`) }
    default: {
      const text = `${refusalCode(decision, settings)} ${decision.text}`
      return { action: text, log: logged(text) }
    }
  }
}

/** RFC 7372 3.2: 23 is "SPF validation failed", 24 "SPF validation error". */
function refusalCode(refusal: { kind: 'reject' | 'defer'; isError: boolean }, settings: SpfPolicySettings): string {
  if (refusal.kind === 'defer') return settings.enhancedStatusCodes ? 'defer_if_permit 4.7.24' : 'defer_if_permit'
  if (!settings.enhancedStatusCodes) return '550'
  return refusal.isError ? '550 5.7.24' : '550 5.7.23'
}

/** Decisions by message, the last few thousand of them: the further recipients of a message get no second header. */
class Messages {
  #young = new Map<string, Decision>()
  #old = new Map<string, Decision>()

  get(instance: string): Decision | undefined {
    return this.#young.get(instance) ?? this.#old.get(instance)
  }

  set(instance: string, decision: Decision): void {
    this.#young.set(instance, decision)
    if (this.#young.size < GENERATION_MESSAGES) return
    this.#old = this.#young
    this.#young = new Map()
  }
}
