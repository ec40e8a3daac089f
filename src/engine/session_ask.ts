import type { DnsAnswer, DnsType } from '../dns/resolver.ts'
import type { Daemon } from '../model/event.ts'
import type { Facts } from '../model/facts.ts'
import type { GreylistAnswer } from '../model/greylist.ts'
import type { ClientName } from '../model/judge.ts'
import { failed, type Lookup } from '../model/lookup.ts'
import type { SpfAnswer, SpfIdentity, SpfPolicyAnswer } from '../model/spf.ts'
import type { TraceQuestion } from '../model/trace.ts'
import { toldFailure } from '../table/failing.ts'
import type { Table } from '../table/table.ts'
import { sleep } from '../util/clock.ts'
import { type AddressClass, classifyAddress } from './address_class.ts'
import type { AddressListParam, Ask, DomainListParam, MapsParam, PolicyAnswer, VerifyAnswer } from './ask.ts'
import { findClientName, findReverseName, toldClientName, UNKNOWN } from './client_name.ts'
import { describeDns, describeSpf } from './describe_answer.ts'
import type { World } from './world.ts'

/** A transaction that needs more than this asks on somebody else's behalf: each recipient may cost a dozen. */
const DNS_QUESTION_LIMIT = 2000
/** So many are kept from one transaction to the next; the resolver remembers the rest. */
const DNS_KEEP_LIMIT = 500

/** What a check said on its way, for the log when the walk reaches it. */
export interface Note {
  readonly kind: 'warning' | 'info'
  readonly text: string
  readonly daemon?: Daemon
}

interface Timed<T> {
  readonly answer: Promise<T>
  readonly atMs: number
  tookMs: number
  failed: boolean
}
type TimedAnswer = Timed<DnsAnswer>

/** The memory of one session: each DNS question is asked once in a transaction, the client is named once. */
export class SessionMemory {
  readonly world: World
  readonly #startMs: number
  readonly #dns = new Map<string, TimedAnswer>()
  readonly #spf = new Map<string, Timed<SpfAnswer>>()
  #clientName: Promise<ClientName> | null = null
  #clientQuestions: readonly TraceQuestion[] = []

  constructor(world: World) {
    this.world = world
    this.#startMs = world.clock.monotonic()
  }

  /** Milliseconds since the session began. */
  elapsed(): number {
    return this.world.clock.monotonic() - this.#startMs
  }

  clientName(facts: Facts): Promise<ClientName> {
    this.#clientName ??= this.#findClientName(facts)
    return this.#clientName
  }

  /** The questions that naming the client took. */
  clientQuestions(): readonly TraceQuestion[] {
    return this.#clientQuestions
  }

  forgetClient(): void {
    this.#clientName = null
  }

  /** The transaction is over: a failure may be over too, and a session with many messages must not hoard answers. */
  forgetQuestions(): void {
    if (this.#dns.size > DNS_KEEP_LIMIT) this.#dns.clear()
    for (const [key, entry] of this.#dns) if (entry.failed) this.#dns.delete(key)
    this.#spf.clear()
  }

  /** One evaluation of one identity, whoever asks for it. */
  spf(facts: Facts, identity: SpfIdentity): Timed<SpfAnswer> {
    const question = {
      identity,
      address: facts.client.address,
      helo: facts.helo?.name ?? '',
      sender: identity === 'helo' ? '' : (facts.sender ?? ''),
    }
    const key = `${identity} ${question.address} ${question.helo} ${question.sender}`
    const known = this.#spf.get(key)
    if (known !== undefined) return known
    const atMs = this.elapsed()
    const entry: Timed<SpfAnswer> = { answer: this.world.spf(question), atMs, tookMs: -1, failed: false }
    this.#spf.set(key, entry)
    void entry.answer.then(() => {
      entry.tookMs = this.elapsed() - atMs
    })
    return entry
  }

  dns(name: string, type: DnsType): TimedAnswer {
    const key = `${type} ${name.toLowerCase()}`
    const known = this.#dns.get(key)
    if (known !== undefined) return known
    const atMs = this.elapsed()
    const entry: TimedAnswer = { answer: this.#query(name, type), atMs, tookMs: -1, failed: false }
    this.#dns.set(key, entry)
    void entry.answer.then(({ status }) => {
      entry.tookMs = this.elapsed() - atMs
      entry.failed = status === 'failed'
    })
    return entry
  }

  async #query(name: string, type: DnsType): Promise<DnsAnswer> {
    if (this.#dns.size >= DNS_QUESTION_LIMIT) return failed('too many DNS questions in one transaction')
    try {
      return await this.world.resolver.query(name, type)
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error))
    }
  }

  /** The names where they need no question: told by a proxy, or not looked up at all. */
  givenClientName(facts: Facts): ClientName | null {
    const told = toldClientName(facts.client)
    if (told !== null) return told
    if (!this.world.config.smtpd_peername_lookup || facts.client.address === UNKNOWN)
      return {
        name: UNKNOWN,
        reverseName: UNKNOWN,
        nameStatus: 'permanent',
        reverseNameStatus: 'permanent',
        warnings: [],
      }
    return null
  }

  async #findClientName(facts: Facts): Promise<ClientName> {
    const given = this.givenClientName(facts)
    if (given !== null) return given
    const door = new Door(this, facts)
    const name = await findClientName(door, facts.client)
    this.#clientQuestions = door.questions
    return name
  }
}

/** The door as one check sees it: the session's memory behind it, its own questions and notes written down. */
export class Door implements Ask {
  readonly questions: TraceQuestion[] = []
  readonly notes: Note[] = []
  readonly #memory: SessionMemory
  readonly #facts: Facts

  constructor(memory: SessionMemory, facts: Facts) {
    this.#memory = memory
    this.#facts = facts
  }

  async clientName(): Promise<ClientName> {
    const name = await this.#memory.clientName(this.#facts)
    for (const question of this.#memory.clientQuestions()) this.questions.push(question)
    return name
  }

  async reverseName(): Promise<string> {
    const given = this.#memory.givenClientName(this.#facts)
    if (given !== null) return given.reverseName
    return (await findReverseName(this, this.#facts.client)).name ?? UNKNOWN
  }

  async dns(name: string, type: DnsType): Promise<DnsAnswer> {
    const entry = this.#memory.dns(name, type)
    const answer = await entry.answer
    this.questions.push({
      door: 'dns',
      question: `${type} ${name}`,
      answer: describeDns(answer),
      atMs: entry.atMs,
      tookMs: entry.tookMs < 0 ? this.#memory.elapsed() - entry.atMs : entry.tookMs,
    })
    return answer
  }

  localName(address: string): string | null {
    return this.#memory.world.hosts.nameOf(address)
  }

  localAddresses(name: string): readonly string[] {
    return this.#memory.world.hosts.addressesOf(name)
  }

  async lookup(table: Table, key: string, partial = false): Promise<Lookup<string>> {
    // Postfix DICT_FLAG_FIXED: pattern tables see whole keys only.
    if (partial && table.kind === 'pattern') return { status: 'absent' }
    return this.#told(table.name, key, await this.#timed('table', `${table.name} ${key}`, table.lookup(key)))
  }

  async mapsAddress(parameter: MapsParam, address: string): Promise<Lookup<string>> {
    const asked = this.#memory.world.mapsAddress(parameter, address)
    return this.#told(parameter, address, await this.#timed('table', `${parameter} ${address}`, asked))
  }

  async mapsKey(parameter: MapsParam, key: string): Promise<Lookup<string>> {
    const asked = this.#memory.world.mapsKey(parameter, key)
    return this.#told(parameter, key, await this.#timed('table', `${parameter} ${key}`, asked))
  }

  async lookupAddress(table: Table, address: string): Promise<Lookup<string>> {
    const asked = this.#memory.world.lookupAddress(table, address)
    return this.#told(table.name, address, await this.#timed('table', `${table.name} ${address}`, asked))
  }

  async addressListed(parameter: AddressListParam, name: string, address: string): Promise<Lookup<true>> {
    const listed = this.#memory.world.inAddressList(parameter, name, address)
    return this.#toldOfList(await this.#timed('list', `${parameter} ${name}[${address}]`, listed))
  }

  async domainListed(parameter: DomainListParam, domain: string): Promise<Lookup<true>> {
    const listed = this.#memory.world.inDomainList(parameter, domain)
    return this.#toldOfList(await this.#timed('list', `${parameter} ${domain}`, listed))
  }

  async resolveAddress(address: string): Promise<Lookup<AddressClass>> {
    const world = this.#memory.world
    return classifyAddress(address, world.config, {
      isLocal: async domain => this.#toldOfList(await this.#isLocalDomain(domain), 'trivial-rewrite'),
      inList: async (p, d) => this.#toldOfList(await world.inDomainList(p, d), 'trivial-rewrite'),
    })
  }

  isOwnAddress(address: string): boolean {
    return this.#memory.world.isOwnAddress(address)
  }

  async isLocalDomain(domain: string): Promise<Lookup<true>> {
    return this.#toldOfList(await this.#isLocalDomain(domain))
  }

  async #isLocalDomain(domain: string): Promise<Lookup<true>> {
    const name = domain.endsWith('.') ? domain.slice(0, -1) : domain
    if (name === '' || name.endsWith('.')) return { status: 'absent' }
    const listed = await this.#memory.world.inDomainList('mydestination', name)
    if (listed.status !== 'absent') return listed
    const literal = /^\[(?:IPv6:)?(.*)\]$/i.exec(name)?.[1]
    return literal !== undefined && this.isOwnAddress(literal) ? { status: 'found', value: true } : listed
  }

  async policy(server: string, clientName: ClientName): Promise<PolicyAnswer> {
    const atMs = this.#memory.elapsed()
    const answer = await this.#memory.world.policy(server, this.#facts, clientName)
    const said = answer.status === 'action' ? `action=${answer.action}` : `failed: ${answer.reason}`
    this.questions.push({ door: 'policy', question: server, answer: said, atMs, tookMs: this.#memory.elapsed() - atMs })
    return answer
  }

  async verify(address: string): Promise<VerifyAnswer> {
    const atMs = this.#memory.elapsed()
    const answer = await this.#memory.world.verify(address)
    const said = `${answer.status} ${answer.text}`
    this.questions.push({
      door: 'verify',
      question: address,
      answer: said,
      atMs,
      tookMs: this.#memory.elapsed() - atMs,
    })
    return answer
  }

  async spf(identity: SpfIdentity): Promise<SpfAnswer> {
    const entry = this.#memory.spf(this.#facts, identity)
    const answer = await entry.answer
    this.questions.push({
      door: 'spf',
      question: `${identity} ${answer.domain}`,
      answer: describeSpf(answer),
      atMs: entry.atMs,
      tookMs: entry.tookMs < 0 ? this.#memory.elapsed() - entry.atMs : entry.tookMs,
    })
    return answer
  }

  spfPolicy(): Promise<SpfPolicyAnswer> {
    const { instance, client, helo, sender, recipient, queueId } = this.#facts
    const request = {
      instance,
      address: client.address,
      helo: helo?.name ?? '',
      sender: sender ?? '',
      recipient: recipient ?? '',
      queueId: queueId ?? '',
    }
    return this.#memory.world.spfPolicy(request, identity => this.spf(identity))
  }

  async spfAhead(): Promise<void> {
    const { client, sender } = this.#facts
    for (const identity of this.#memory.world.spfIdentities(client.address))
      if (identity === 'helo' || (sender !== null && sender !== '')) await this.spf(identity)
  }

  async greylist(): Promise<GreylistAnswer> {
    const { client, helo, sender, recipient, queueId, instance } = this.#facts
    const { name } = await this.clientName()
    const request = {
      clientAddress: client.address,
      clientName: name,
      helo: helo?.name ?? '',
      sender: sender ?? '',
      recipient: recipient ?? '',
      queueId: queueId ?? '',
      instance,
      hasEtrnDomain: true,
    }
    const atMs = this.#memory.elapsed()
    const answer = await this.#memory.world.greylisting.decide(request, () => this.spf('mailfrom'))
    const question = `${client.address} ${request.sender} ${request.recipient}`
    const said = `${answer.status}: ${answer.reason}`
    this.questions.push({ door: 'greylist', question, answer: said, atMs, tookMs: this.#memory.elapsed() - atMs })
    return answer
  }

  async sleep(seconds: number): Promise<void> {
    await sleep(this.#memory.world.clock, seconds * 1000)
  }

  isListing(zone: string, address: string): boolean {
    return this.#memory.world.isListing(zone, address)
  }

  nearBudget(zone: string): boolean {
    return this.#memory.world.nearBudget(zone)
  }

  now(): number {
    return this.#memory.world.clock.now()
  }

  warn(text: string): void {
    this.notes.push({ kind: 'warning', text })
  }

  warnOnce(text: string): void {
    const { told } = this.#memory.world
    if (told.has(text)) return
    told.add(text)
    this.warn(text)
  }

  info(text: string, daemon?: Daemon): void {
    this.notes.push(daemon === undefined ? { kind: 'info', text } : { kind: 'info', text, daemon })
  }

  /** Postfix maps_find, dict_surrogate: each lookup that fails says so. */
  #told(table: string, key: string, answer: Lookup<string>): Lookup<string> {
    if (answer.status !== 'failed') return answer
    const { told = toldFailure(answer, table, `${table} lookup error for "${key}"`).told ?? [] } = answer
    for (const line of told) this.warn(line)
    return answer
  }

  /** Postfix match_error. Which of its programs asks a list, and tells, depends on what for. */
  #toldOfList(answer: Lookup<true>, daemon: Daemon = 'smtpd'): Lookup<true> {
    if (answer.status !== 'failed') return answer
    for (const text of answer.told ?? []) this.notes.push({ kind: 'warning', text, daemon })
    return answer
  }

  async #timed<T>(door: string, question: string, asked: Promise<Lookup<T>>): Promise<Lookup<T>> {
    const atMs = this.#memory.elapsed()
    const answer = await asked
    const said =
      answer.status === 'found'
        ? answer.value === true
          ? 'yes'
          : String(answer.value)
        : answer.status === 'absent'
          ? 'absent'
          : `failed: ${answer.reason}`
    this.questions.push({ door, question, answer: said, atMs, tookMs: this.#memory.elapsed() - atMs })
    return answer
  }
}
