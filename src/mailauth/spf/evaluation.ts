import type { DnsAnswer, DnsType, Resolver } from '../../dns/resolver.ts'
import { cidrContains, maskIp } from '../../util/cidr.ts'
import { type IpAddress, parseIp, reverseName, sameIp } from '../../util/ip.ts'
import { expandDomain, type MacroValues } from './macro.ts'
import { isLookupName, questionText } from './names.ts'
import type { DomainSpec, Mechanism, Qualifier, SpfRecord } from './record.ts'
import type { Records } from './records.ts'
import { type HostResult, SpfStop } from './verdict.ts'

/** RFC 7208 4.6.4 */
const LOOKUP_LIMIT = 10
const MX_LIMIT = 10
const PTR_LIMIT = 10

/** Where in the records the evaluation is, for problems. */
interface Place {
  readonly term: string
  readonly domain: string
}

const RESULT_OF = { '+': 'pass', '-': 'fail', '?': 'neutral', '~': 'softfail' } as const satisfies Record<
  Qualifier,
  string
>

export interface EvaluationSetup {
  readonly resolver: Resolver
  readonly records: Records
  readonly address: IpAddress
  /** Macros, with the domain that was asked for first. */
  readonly values: MacroValues
  readonly voidLimit: number
}

/** One check_host() with all that it includes: counts its lookups, remembers what it doubts. */
export class Evaluation {
  readonly #resolver: Resolver
  readonly #records: Records
  readonly #address: IpAddress
  readonly #values: MacroValues
  readonly #voidLimit: number
  readonly localPartIsAscii: boolean
  #lookups = 0
  #voids = 0
  #stopped = false
  #names: Promise<readonly string[]> | null = null
  /** A DNS failure that RFC 7208 5.5 lets pass for "no match". */
  #doubt: string | null = null
  /** The record whose exp= counts, and its domain; set by redirect. */
  decided: { readonly record: SpfRecord; readonly domain: string } | null = null

  constructor(setup: EvaluationSetup) {
    this.#resolver = setup.resolver
    this.#records = setup.records
    this.#address = setup.address
    this.#values = setup.values
    this.#voidLimit = setup.voidLimit
    this.localPartIsAscii = /^[\x00-\x7f]*$/.test(setup.values.localPart)
  }

  /** No further question is asked: the time is over. */
  stop(): void {
    this.#stopped = true
  }

  /** Never rejects. */
  async run(record: SpfRecord, domain: string): Promise<HostResult> {
    try {
      const said = await this.#evaluate(record, domain, true)
      // RFC 7208 5.5 goes on to "-all" when the reverse DNS fails, which would refuse for good because of a failure.
      if (this.#doubt !== null && (said.result === 'fail' || said.result === 'softfail'))
        return { result: 'temperror', mechanism: said.mechanism, problem: this.#doubt }
      return said
    } catch (error) {
      if (!(error instanceof SpfStop)) throw error
      return { result: error.result, mechanism: null, problem: error.message }
    }
  }

  /** RFC 7208 4.6.2: the first term that matches decides. */
  async #evaluate(record: SpfRecord, domain: string, outermost: boolean): Promise<HostResult> {
    if (outermost) this.decided = { record, domain }
    for (const mechanism of record.mechanisms) {
      const matches = this.#matchAddress(mechanism) ?? (await this.#matchByDns(mechanism, domain))
      if (matches) return { result: RESULT_OF[mechanism.qualifier], mechanism: mechanism.text, problem: null }
    }
    const { redirect } = record
    if (redirect === null) return { result: 'neutral', mechanism: null, problem: null }
    return this.#redirect(redirect, domain, outermost)
  }

  /** RFC 7208 6.1 */
  async #redirect(
    redirect: { text: string; domain: DomainSpec },
    domain: string,
    outermost: boolean,
  ): Promise<HostResult> {
    this.#count(redirect.text, domain)
    const target = await this.target(redirect.domain, domain)
    const found = await this.#subRecord(target, redirect.text, domain)
    return this.#evaluate(found, target, outermost)
  }

  /** What needs no question; null: it does. */
  #matchAddress(mechanism: Mechanism): boolean | null {
    switch (mechanism.name) {
      case 'all':
        return true
      case 'ip4':
      case 'ip6':
        return cidrContains({ base: mechanism.network, prefix: mechanism.prefix }, this.#address)
      default:
        return null
    }
  }

  async #matchByDns(mechanism: Mechanism, domain: string): Promise<boolean> {
    this.#count(mechanism.text, domain)
    switch (mechanism.name) {
      case 'include':
        return this.#matchInclude(mechanism, domain)
      case 'a':
        return this.#matchA(mechanism, domain)
      case 'mx':
        return this.#matchMx(mechanism, domain)
      case 'ptr':
        return this.#matchPtr(mechanism, domain)
      case 'exists': {
        if (this.#unusable(mechanism.domain)) return false
        const answer = await this.#ask(await this.target(mechanism.domain, domain), 'A', {
          term: mechanism.text,
          domain,
        })
        return answer.status === 'found'
      }
      default:
        return false
    }
  }

  /** RFC 7208 5.2 */
  async #matchInclude(mechanism: Mechanism & { name: 'include' | 'exists' }, domain: string): Promise<boolean> {
    if (this.#unusable(mechanism.domain)) return false
    const target = await this.target(mechanism.domain, domain)
    const record = await this.#subRecord(target, mechanism.text, domain)
    return (await this.#evaluate(record, target, false)).result === 'pass'
  }

  /** The record of include and redirect, which must be there. */
  async #subRecord(target: string, term: string, domain: string): Promise<SpfRecord> {
    if (!isLookupName(target)) throw new SpfStop('permerror', `${domain}: "${term}" leads to a bad name`)
    const found = await this.#timely(this.#records.find(target))
    switch (found.kind) {
      case 'record':
        return found.record
      case 'none':
        throw new SpfStop('permerror', `${domain}: no SPF record at ${target} for "${term}"`)
      default:
        throw new SpfStop(found.kind, `${found.problem} (by "${term}" of ${domain})`)
    }
  }

  /** RFC 7208 5.3 */
  async #matchA(mechanism: Mechanism & { name: 'a' | 'mx' }, domain: string): Promise<boolean> {
    if (this.#unusable(mechanism.domain)) return false
    const target = await this.target(mechanism.domain, domain)
    return this.#holds(await this.#ask(target, this.#addressType(), { term: mechanism.text, domain }), mechanism)
  }

  /** RFC 7208 5.4. The addresses of one term's hosts are asked for at once. */
  async #matchMx(mechanism: Mechanism & { name: 'a' | 'mx' }, domain: string): Promise<boolean> {
    if (this.#unusable(mechanism.domain)) return false
    const target = await this.target(mechanism.domain, domain)
    const answer = await this.#ask(target, 'MX', { term: mechanism.text, domain })
    if (answer.status !== 'found') return false
    const hosts: string[] = []
    for (const record of answer.records) if (record.type === 'MX' && record.exchange !== '') hosts.push(record.exchange)
    // RFC 7208 4.6.4: more than ten is a permerror.
    if (hosts.length > MX_LIMIT)
      throw new SpfStop('permerror', `${domain}: more than ${MX_LIMIT} MX hosts for "${mechanism.text}"`)
    const type = this.#addressType()
    const answers = await this.#timely(Promise.all(hosts.map(host => this.#resolver.query(host, type))))
    if (answers.some(one => one.status === 'found' && this.#holds(one, mechanism))) return true
    const failed = answers.findIndex(one => one.status === 'failed')
    const why = answers[failed]
    if (why?.status === 'failed')
      throw temporary(`${type} ${hosts[failed]}: ${why.reason}`, { term: mechanism.text, domain })
    return false
  }

  #holds(answer: DnsAnswer, { prefix4, prefix6 }: { readonly prefix4: number; readonly prefix6: number }): boolean {
    if (answer.status !== 'found') return false
    const prefix = this.#address.family === 4 ? prefix4 : prefix6
    return answer.records.some(record => {
      const ip = record.type === 'A' || record.type === 'AAAA' ? parseIp(record.address) : null
      return (
        ip !== null &&
        ip.family === this.#address.family &&
        cidrContains({ base: maskIp(ip, prefix), prefix }, this.#address)
      )
    })
  }

  /** RFC 7208 5.5 */
  async #matchPtr(mechanism: Mechanism & { name: 'ptr' }, domain: string): Promise<boolean> {
    if (this.#unusable(mechanism.domain)) return false
    const target = (await this.target(mechanism.domain, domain)).toLowerCase()
    const names = await this.#clientNames({ term: mechanism.text, domain })
    return names.some(name => name === target || name.endsWith(`.${target}`))
  }

  /** Names of the client that map back to its address, lower case. One question however many terms need them. */
  #clientNames(countedFor: Place | null): Promise<readonly string[]> {
    this.#names ??= this.#findClientNames(countedFor)
    return this.#names
  }

  async #findClientNames(countedFor: Place | null): Promise<readonly string[]> {
    const reverse = reverseName(this.#address)
    const answer = await this.#timely(this.#resolver.query(reverse, 'PTR'))
    if (answer.status === 'failed') this.#doubt ??= `PTR ${reverse}: ${answer.reason}`
    if (answer.status === 'absent' && countedFor !== null) this.#countVoid(countedFor)
    if (answer.status !== 'found') return []
    const names: string[] = []
    for (const record of answer.records) if (record.type === 'PTR') names.push(record.name.toLowerCase())
    // RFC 7208 4.6.4: those after the tenth are ignored.
    const asked = names.slice(0, PTR_LIMIT)
    const type = this.#addressType()
    const answers = await this.#timely(Promise.all(asked.map(name => this.#resolver.query(name, type))))
    return asked.filter((name, i) => {
      const one = answers[i]
      if (one?.status === 'failed') this.#doubt ??= `${type} ${name}: ${one.reason}`
      return one?.status === 'found' && one.records.some(record => this.#isClient(record))
    })
  }

  #isClient(record: { readonly type: string; readonly address?: string }): boolean {
    const ip = record.address === undefined ? null : parseIp(record.address)
    return ip !== null && sameIp(ip, this.#address)
  }

  #addressType(): 'A' | 'AAAA' {
    return this.#address.family === 4 ? 'A' : 'AAAA'
  }

  /** RFC 8616 4: a term with %{s} or %{l} matches nothing for a local part outside ASCII. */
  #unusable(spec: DomainSpec | null): boolean {
    return spec?.needsLocalPart === true && !this.localPartIsAscii
  }

  /** The name that a domain-spec means in the record of `domain`. */
  async target(spec: DomainSpec | null, domain: string): Promise<string> {
    if (spec === null) return domain
    if (spec.constant !== null) return spec.constant
    return expandDomain(spec.pieces, await this.values(domain, spec.needsClientName))
  }

  /** The macros' values in one record. */
  async values(domain: string, withClientName: boolean): Promise<MacroValues> {
    return { ...this.#values, domain, clientName: withClientName ? await this.#clientName(domain) : 'unknown' }
  }

  /** RFC 7208 7.3: the validated name that fits the domain best. */
  async #clientName(domain: string): Promise<string> {
    const names = await this.#clientNames(null)
    const lower = domain.toLowerCase()
    return names.find(name => name === lower) ?? names.find(name => name.endsWith(`.${lower}`)) ?? names[0] ?? 'unknown'
  }

  async #ask(name: string, type: DnsType, at: Place): Promise<DnsAnswer> {
    if (!isLookupName(name)) return { status: 'absent', reason: 'nxdomain', secondsLeft: 0 }
    const answer = await this.#timely(this.#resolver.query(questionText(name), type))
    if (answer.status === 'failed') throw temporary(`${type} ${name}: ${answer.reason}`, at)
    if (answer.status === 'absent') this.#countVoid(at)
    return answer
  }

  async #timely<T>(asked: Promise<T>): Promise<T> {
    const answer = await asked
    if (this.#stopped) throw new SpfStop('temperror', 'the time for this check is over')
    return answer
  }

  /** RFC 7208 4.6.4 */
  #count(term: string, domain: string): void {
    this.#lookups++
    if (this.#lookups > LOOKUP_LIMIT)
      throw new SpfStop('permerror', `${domain}: more than ${LOOKUP_LIMIT} DNS lookups at "${term}"`)
  }

  /** Terms whose own question had no answer are counted, not the hosts of an MX or PTR (RFC 7208 4.6.4: "the number of terms"). */
  #countVoid({ term, domain }: Place): void {
    this.#voids++
    if (this.#voids > this.#voidLimit)
      throw new SpfStop('permerror', `${domain}: more than ${this.#voidLimit} lookups without an answer at "${term}"`)
  }
}

function temporary(what: string, { term, domain }: Place): SpfStop {
  return new SpfStop('temperror', `${what} (by "${term}" of ${domain})`)
}
