/**
 * The decision of greylisting: Postgrey 1.37 smtpd_access_policy over the memory, with two more chances for mail that it
 * would delay. A client from an unknown network may still be one whom SPF names as a sender of its domain (then the domain is
 * the key, and a retry from anywhere in the pool counts), a big sender, or somebody to whom a user of ours has written.
 */
import type { AskMailFromSpf, GreylistAnswer, Greylisting, GreylistRequest } from '../model/greylist.ts'
import type { Lookup } from '../model/lookup.ts'
import type { GreylistNoted, Memory, MemoryEntry } from '../model/memory.ts'
import type { SpfAnswer } from '../model/spf.ts'
import type { Clock } from '../util/clock.ts'
import { type IpAddress, parseIp } from '../util/ip.ts'
import { SparseNotice } from '../util/sparse_notice.ts'
import { Instances } from './instances.ts'
import { clientKey, correspondentKey, postgreyAddress, spfClientKey, spfTripletKey, tripletKey } from './keys.ts'
import type { CurrentLists, GreylistLists } from './lists.ts'
import { providerOfHost, providerOfSpf } from './providers.ts'
import type { GreylistSettings } from './settings.ts'
import { isDynamicName } from './suspicion.ts'
import { type ActionLine, actionLine, greylistHeader, greylistText } from './text.ts'

export interface GreylistOptions {
  readonly settings: GreylistSettings
  readonly lists: GreylistLists
  readonly memory: Memory
  readonly clock: Clock
}

/** One request on its way. */
interface Attempt {
  readonly request: GreylistRequest
  readonly ip: IpAddress
  /** Seconds since 1970. */
  readonly now: number
  readonly lists: CurrentLists
  readonly spf: AskMailFromSpf | null
}

type TripletNoted = Extract<GreylistNoted, { kind: 'triplet' }>

const OFF: GreylistAnswer = { status: 'pass', reason: 'greylisting is off', prepend: null, log: [] }
/** XCLIENT can say so; Postgrey fails on it. */
const NO_ADDRESS: GreylistAnswer = { status: 'pass', reason: 'no client address', prepend: null, log: [] }

export class Greylist implements Greylisting {
  readonly #settings: GreylistSettings
  readonly #lists: GreylistLists
  readonly #memory: Memory
  readonly #clock: Clock
  readonly #instances = new Instances()
  /** A full disk fails every mail: a line for each would be one more thing to fill it. */
  readonly #failures: SparseNotice

  constructor(options: GreylistOptions) {
    this.#settings = options.settings
    this.#lists = options.lists
    this.#memory = options.memory
    this.#clock = options.clock
    this.#failures = new SparseNotice(options.clock)
  }

  decide(request: GreylistRequest, spf: AskMailFromSpf | null): Promise<GreylistAnswer> {
    if (!this.#settings.enabled) return Promise.resolve(OFF)
    const ip = parseIp(request.clientAddress)
    if (ip === null) return Promise.resolve(NO_ADDRESS)
    const now = request.testTime ?? Math.floor(this.#clock.now() / 1000)
    const lists = this.#lists.current()
    return lists instanceof Promise
      ? lists.then(each => this.#decide({ request, ip, now, spf, lists: each }))
      : this.#decide({ request, ip, now, spf, lists })
  }

  async noteCorrespondent(address: string): Promise<void> {
    const { enabled, correspondents, keys } = this.#settings
    if (!enabled || correspondents === 0 || !address.includes('@')) return
    await this.#memory.touch('correspondent', correspondentKey(address, keys), Math.floor(this.#clock.now() / 1000))
  }

  #decide(attempt: Attempt): Promise<GreylistAnswer> {
    const listed = this.#whitelisted(attempt)
    if (listed !== null) return Promise.resolve(listed)
    if (this.#settings.only.length > 0) return this.#decideSuspicious(attempt)
    return this.#note(attempt)
  }

  #whitelisted(attempt: Attempt): GreylistAnswer | null {
    const { request, ip, lists } = attempt
    const client =
      lists.clients.match(request.clientName, ip) ??
      (lists.providers === null ? null : providerOfHost(lists.providers, request.clientName))
    if (client !== null) return this.#pass(attempt, { reason: 'client whitelist', matched: client })
    const recipient = lists.recipients.match(request.recipient)
    return recipient === null ? null : this.#pass(attempt, { reason: 'recipient whitelist', matched: recipient })
  }

  async #decideSuspicious(attempt: Attempt): Promise<GreylistAnswer> {
    const { request, ip, spf } = attempt
    for (const word of this.#settings.only) {
      const isSuspicious =
        word === 'unknown_name'
          ? request.clientName === 'unknown'
          : word === 'dynamic_name'
            ? isDynamicName(request.clientName, ip)
            : (await spf?.())?.result !== 'pass'
      if (isSuspicious) return this.#note(attempt)
    }
    return this.#pass(attempt, { reason: 'not suspicious' })
  }

  #note(attempt: Attempt): Promise<GreylistAnswer> {
    const { request, ip, now } = attempt
    const { keys, rules } = this.#settings
    const triplet = tripletKey(ip, request, keys)
    return this.#memory
      .note({ triplet, client: clientKey(ip, keys), now, rules })
      .then(noted => this.#noted(attempt, noted))
  }

  #noted(attempt: Attempt, noted: Lookup<GreylistNoted>): GreylistAnswer | Promise<GreylistAnswer> {
    if (noted.status !== 'found') return this.#failure(noted)
    const { value } = noted
    if (value.kind === 'client') return this.#pass(attempt, { reason: 'client AWL' })
    if (this.#missing(attempt, value) <= 0) return this.#waited(attempt, value, this.#clientText(attempt))
    const { spf, correspondents } = this.#settings
    const asksSpf = spf && attempt.spf !== null
    return asksSpf || (correspondents > 0 && attempt.request.sender !== '')
      ? this.#secondChance(attempt, value)
      : this.#greylist(attempt, value)
  }

  /** Seconds that an attempt has to wait more. */
  #missing({ now }: Attempt, { first }: TripletNoted): number {
    return this.#settings.rules.delay - (now - first)
  }

  async #secondChance(attempt: Attempt, noted: TripletNoted): Promise<GreylistAnswer> {
    const asked = this.#settings.spf && attempt.spf !== null ? attempt.spf() : null
    const [correspondent, spf] = await Promise.all([this.#findCorrespondent(attempt), asked])
    const isForged = spf?.result === 'fail' || spf?.result === 'softfail'
    if (correspondent !== null && !isForged)
      return this.#pass(attempt, { reason: 'correspondent', info: `seen=${attempt.now - correspondent.last}` })
    if (spf?.result !== 'pass' || spf.domain === '') return this.#greylist(attempt, noted)
    const { providers } = attempt.lists
    const provider = providers === null ? null : providerOfSpf(providers, spf.domain, spf.mechanism)
    if (provider !== null) return this.#pass(attempt, { reason: 'provider', matched: `SPF ${provider}` })
    return this.#noteSpf(attempt, spf)
  }

  async #findCorrespondent({ request, now }: Attempt): Promise<MemoryEntry | null> {
    const { correspondents, keys } = this.#settings
    if (correspondents === 0 || request.sender === '') return null
    const known = await this.#memory.find('correspondent', correspondentKey(request.sender, keys))
    return known.status === 'found' && now - known.value.last <= correspondents ? known.value : null
  }

  /** The same once more, with the domain that SPF vouches for in place of the network. */
  async #noteSpf(attempt: Attempt, { domain }: SpfAnswer): Promise<GreylistAnswer> {
    const { request, now } = attempt
    const { keys, rules } = this.#settings
    const triplet = spfTripletKey(domain, request, keys)
    const noted = await this.#memory.note({ triplet, client: spfClientKey(domain, keys), now, rules })
    if (noted.status !== 'found') return this.#failure(noted)
    if (noted.value.kind === 'client') return this.#pass(attempt, { reason: 'client AWL', matched: `SPF ${domain}` })
    return this.#missing(attempt, noted.value) <= 0
      ? this.#waited(attempt, noted.value, `SPF ${domain}`)
      : this.#greylist(attempt, noted.value)
  }

  #greylist(attempt: Attempt, noted: TripletNoted): GreylistAnswer {
    const { request, now } = attempt
    const { action, text } = this.#settings
    const missing = this.#missing(attempt, noted)
    const reason = now === noted.first ? 'new' : `early-retry (${missing}s missing)`
    return {
      status: 'greylist',
      reason,
      action: `${action} ${greylistText(text, missing, request)}`,
      log: this.#lines(attempt, { action: 'greylist', reason }),
    }
  }

  /** A retry after the delay. `who` is counted, and told when it will not be delayed any more. */
  #waited(attempt: Attempt, noted: TripletNoted, who: string): GreylistAnswer {
    const { request, now } = attempt
    const { header, version, hostname, rules } = this.#settings
    const seconds = now - noted.first
    const marks = !noted.passedBefore && this.#instances.isNew(request.instance)
    const reason = 'triplet found'
    const line: ActionLine = { action: 'pass', reason, ...(marks ? { info: `delay=${seconds}` } : {}) }
    const prepend = marks ? greylistHeader(header, { seconds, version, hostname, nowMs: this.#clock.now() }) : null
    const allowed = rules.autoAllow > 0 && noted.clientCount === rules.autoAllow ? [`whitelisted: ${who}`] : []
    return { status: 'pass', reason, prepend, log: [...allowed, ...this.#lines(attempt, line)] }
  }

  #clientText({ request, ip }: Attempt): string {
    const address = postgreyAddress(ip)
    // As Perl has it, a name that is "0" is none.
    return request.clientName === '' || request.clientName === '0' ? address : `${request.clientName}[${address}]`
  }

  #pass(attempt: Attempt, line: Omit<ActionLine, 'action'>): GreylistAnswer {
    return {
      status: 'pass',
      reason: line.reason,
      prepend: null,
      log: this.#lines(attempt, { action: 'pass', ...line }),
    }
  }

  #lines({ request, ip }: Attempt, line: ActionLine): readonly string[] {
    const { log, logsMask } = this.#settings
    if (!log) return []
    const address = logsMask ? `${postgreyAddress(ip)}/${ip.family === 4 ? 32 : 128}` : request.clientAddress
    return [actionLine(line, request, address)]
  }

  #failure(lookup: Exclude<Lookup<unknown>, { status: 'found' }>): GreylistAnswer {
    const reason = lookup.status === 'failed' ? lookup.reason : 'the memory has no answer'
    return { status: 'failed', reason, warning: this.#failures.tell(reason) }
  }
}
