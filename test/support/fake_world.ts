import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/config.ts'
import { type HostsFile, NO_HOSTS } from '../../src/dns/hosts_file.ts'
import type { Resolver } from '../../src/dns/resolver.ts'
import type { AddressListParam, DomainListParam, MapsParam, PolicyAnswer, VerifyAnswer } from '../../src/engine/ask.ts'
import type { World } from '../../src/engine/world.ts'
import { Greylist } from '../../src/greylist/greylist.ts'
import { GreylistLists } from '../../src/greylist/lists.ts'
import { greylistSettings } from '../../src/greylist/settings.ts'
import { makeSpfPolicy } from '../../src/mailauth/spf/policyd/policy.ts'
import { settingsOf } from '../../src/mailauth/spf/policyd/settings.ts'
import { ABSENT, failed, found, type Lookup } from '../../src/model/lookup.ts'
import type { Memory } from '../../src/model/memory.ts'
import { type AddressRules, accessSearch, findMailAddress, MAPS_SEARCH } from '../../src/table/mail_addr_find.ts'
import { Maps } from '../../src/table/maps.ts'
import type { Table } from '../../src/table/table.ts'
import { cidrContains, parseCidr } from '../../src/util/cidr.ts'
import type { Clock } from '../../src/util/clock.ts'
import { parseIp } from '../../src/util/ip.ts'
import { FakeMemory } from './fake_memory.ts'
import { type FakeZone, makeFakeResolver } from './fake_resolver.ts'
import { ManualClock } from './manual_clock.ts'

/** The contents of a table; or every lookup fails for now ('failed'), or because of what stands in it ('broken'). */
export type FakeTable = Readonly<Record<string, string>> | 'failed' | 'broken'

export interface FakeWorldOptions {
  /** Lines of main.cf on top of BASE; a parameter set here replaces the one there. */
  readonly mainCf?: string
  readonly dns?: FakeZone
  /** Instead of `dns`, for tests of time. */
  readonly resolver?: Resolver
  readonly clock?: Clock
  readonly hosts?: HostsFile
  /** By "type:name"; regexp, pcre and cidr are asked for whole keys only. One that is not here is unavailable. */
  readonly tables?: Readonly<Record<string, FakeTable>>
  /** The action of each policy server; one that is not here does not answer. */
  readonly policy?: Readonly<Record<string, string>>
  /** By address; any other is 'ok'. */
  readonly verify?: Readonly<Record<string, VerifyAnswer>>
  /** Of greylisting, which has no white lists here; the world's own by default. */
  readonly memory?: Memory
  /** Zones of lists that are close to their query limit. */
  readonly nearBudget?: readonly string[]
  /** Answers that do not count, "zone address". */
  readonly notListings?: readonly string[]
}

export interface FakeWorld extends World {
  /** Policy servers in the order they were asked. */
  readonly policyAsked: readonly string[]
  /** "type:name key" of each table lookup. */
  readonly tablesAsked: readonly string[]
}

const BASE = `
compatibility_level = 3.6
smtpd_relay_restrictions =
myhostname = mx.here.example
mydomain = here.example
myorigin = $mydomain
mydestination = here.example
relay_domains = relay.example
virtual_alias_domains = alias.example
virtual_mailbox_domains = box.example
mynetworks = 127.0.0.0/8, 198.51.100.0/24, [2001:db8:1::]/48
inet_interfaces = 192.0.2.25, 127.0.0.1
alias_maps =
local_recipient_maps =
`

/** A small world of plain data with the real configuration. Throws for a main.cf that has problems, but not for an open relay. */
export function makeFakeWorld(options: FakeWorldOptions = {}): FakeWorld {
  const config = fakeConfig(options.mainCf ?? '')
  const tables = new FakeTables(options.tables ?? {})
  const lists = new FakeLists(config, tables)
  const policyAsked: string[] = []
  const clock = options.clock ?? new ManualClock()
  const resolver = options.resolver ?? makeFakeResolver(options.dns ?? {})
  const spfPolicy = makeSpfPolicy({ settings: settingsOf(config), resolver, clock, hostname: config.myhostname })
  return {
    config,
    clock,
    told: new Set(),
    resolver,
    hosts: options.hosts ?? NO_HOSTS,
    policyAsked,
    tablesAsked: tables.asked,
    openTable: spec => tables.open(spec),
    mapsAddress: (parameter, address) => lists.mapsAddress(parameter, address),
    mapsKey: (parameter, key) => lists.maps(parameter).find(key),
    lookupAddress: (table, address) => lists.lookupAddress(table, address),
    inDomainList: (parameter, domain) => lists.inDomainList(parameter, domain),
    inAddressList: (parameter, _name, address) => lists.inAddressList(parameter, address),
    isOwnAddress: address => config.own_addresses.includes(address) || config.proxy_interfaces.includes(address),
    policy: server => {
      policyAsked.push(server)
      return Promise.resolve(policyAnswer(options.policy?.[server], config))
    },
    spf: question => spfPolicy.spf.check(question),
    spfPolicy: (request, ask) => spfPolicy.decide(request, ask),
    spfIdentities: address => spfPolicy.identities(address),
    verify: address => Promise.resolve(options.verify?.[address] ?? { status: 'ok', text: '' }),
    nearBudget: zone => options.nearBudget?.includes(zone) === true,
    greylisting: fakeGreylist(config, clock, options.memory),
    isListing: (zone, address) => options.notListings?.includes(`${zone} ${address}`) !== true,
  }
}

const DAY = 86_400

function fakeGreylist(config: Config, clock: Clock, memory?: Memory): Greylist {
  const lifetimes = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, correspondent: 30 * DAY }
  return new Greylist({
    settings: greylistSettings(config),
    lists: new GreylistLists({ files: { clients: [], recipients: [], providers: null }, clock, warn: () => undefined }),
    memory: memory ?? new FakeMemory(lifetimes, clock),
    clock,
  })
}

/** Loading takes longer than most tests; configurations are read-only. */
const configs = new Map<string, Config>()

function fakeConfig(mainCf: string): Config {
  const known = configs.get(mainCf)
  if (known !== undefined) return known
  const config = loadFakeConfig(mainCf)
  configs.set(mainCf, config)
  return config
}

function loadFakeConfig(mainCf: string): Config {
  const own = new Set([...mainCf.matchAll(/^(\w+)\s*=/gm)].map(match => match[1]))
  const base = BASE.split('\n').filter(line => !own.has(line.split(' ')[0]))
  const loaded = loadConfig({
    mainCf: `${base.join('\n')}\n${mainCf.replace(/^[ \t]+(?=\w+\s*=)/gm, '')}\n`,
    path: '/etc/postfix/main.cf',
    env: {
      hostname: 'mx.here.example',
      interfaces: [
        { address: '127.0.0.1', netmask: '255.0.0.0' },
        { address: '192.0.2.25', netmask: '255.255.255.0' },
      ],
      readFirstLine: () => null,
    },
  })
  // A test of one list need not close the relay as well.
  const problem = loaded.problems.find(each => !each.text.startsWith('anyone may relay mail'))
  if (problem !== undefined) throw new Error(`main.cf of the test: ${problem.text}`)
  return loaded.config
}

function policyAnswer(action: string | undefined, config: Config): PolicyAnswer {
  if (action !== undefined) return { status: 'action', action }
  return { status: 'failed', reason: 'connection refused', defaultAction: config.smtpd_policy_service_default_action }
}

class FakeTables {
  readonly asked: string[] = []
  readonly #contents: Readonly<Record<string, FakeTable>>

  constructor(contents: Readonly<Record<string, FakeTable>>) {
    this.#contents = contents
  }

  open(name: string): Table {
    const contents = this.#contents[name]
    return {
      name,
      kind: /^(?:regexp|pcre|cidr):/.test(name) ? 'pattern' : 'fixed',
      lookup: key => {
        this.asked.push(`${name} ${key}`)
        return Promise.resolve(answerOf(contents, key))
      },
      close: () => {},
    }
  }
}

function answerOf(contents: FakeTable | undefined, key: string): Lookup<string> {
  if (contents === undefined) return failed('unavailable: no such table')
  if (contents === 'failed') return failed('temporary: table is away')
  if (contents === 'broken') return failed('configuration: table is broken')
  const name = key.toLowerCase()
  const value = Object.hasOwn(contents, name) ? contents[name] : undefined
  return value === undefined ? ABSENT : found(value)
}

class FakeLists {
  readonly #config: Config
  readonly #tables: FakeTables
  readonly #rules: AddressRules

  constructor(config: Config, tables: FakeTables) {
    this.#config = config
    this.#tables = tables
    this.#rules = {
      recipientDelimiter: config.recipient_delimiter,
      ownerRequestSpecial: config.owner_request_special,
      doubleBounceSender: config.double_bounce_sender,
      isLocal: domain => this.inDomainList('mydestination', domain),
    }
  }

  maps(parameter: MapsParam): Maps {
    return new Maps(
      parameter,
      this.#config[parameter].map(spec => this.#tables.open(spec)),
    )
  }

  mapsAddress(parameter: MapsParam, address: string): Promise<Lookup<string>> {
    return this.#find(this.maps(parameter), address, MAPS_SEARCH)
  }

  lookupAddress(table: Table, address: string): Promise<Lookup<string>> {
    const parents = this.#config.parent_domain_matches_subdomains.includes('smtpd_access_maps')
    return this.#find(new Maps(table.name, [table]), address, accessSearch(parents))
  }

  async #find(maps: Maps, address: string, search: typeof MAPS_SEARCH): Promise<Lookup<string>> {
    const answer = await findMailAddress(maps, { address, search, rules: this.#rules })
    return answer.status === 'found' ? found(answer.value.value) : answer
  }

  async inDomainList(parameter: DomainListParam, domain: string): Promise<Lookup<true>> {
    const name = domain.toLowerCase()
    for (const entry of this.#config[parameter]) {
      if (entry.includes(':')) {
        const answer = await this.#tables.open(entry).lookup(name)
        if (answer.status !== 'absent') return answer.status === 'found' ? found(true) : answer
      } else if (entry === name || (parameter === 'relay_domains' && name.endsWith(`.${entry}`))) return found(true)
    }
    return ABSENT
  }

  async inAddressList(parameter: AddressListParam, address: string): Promise<Lookup<true>> {
    const ip = parseIp(address)
    for (const entry of this.#config[parameter]) {
      if (/^[a-z]+:/.test(entry)) {
        const answer = await this.#tables.open(entry).lookup(address)
        if (answer.status !== 'absent') return answer.status === 'found' ? found(true) : answer
        continue
      }
      const parsed = parseCidr(entry)
      if (ip !== null && parsed.kind === 'cidr' && cidrContains(parsed.cidr, ip)) return found(true)
    }
    return ABSENT
  }
}
