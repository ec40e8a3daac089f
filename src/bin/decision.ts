import { dirname } from 'node:path'
import { findParam } from '../config/catalogue.ts'
import type { Config, Endpoint } from '../config/config.ts'
import type { Word } from '../config/place.ts'
import type { HostsFile } from '../dns/hosts_file.ts'
import type { Resolver } from '../dns/resolver.ts'
import { type AddressClass, classifyAddress } from '../engine/address_class.ts'
import type { PolicyAnswer, VerifyAnswer } from '../engine/ask.ts'
import { makeJudgeFactory, makePolicy, type Policy } from '../engine/judge.ts'
import { type ListJudge, makeListJudge } from '../engine/list_judge.ts'
import type { SpfPolicy } from '../mailauth/spf/policyd/policy.ts'
import type { Facts } from '../model/facts.ts'
import type { Greylisting } from '../model/greylist.ts'
import type { ClientName, SessionJudge } from '../model/judge.ts'
import type { Lookup } from '../model/lookup.ts'
import type { Memory } from '../model/memory.ts'
import { connectTable } from '../net/table_connection.ts'
import { registry } from '../restrictions/index.ts'
import type { TableProblem } from '../table/problem.ts'
import type { Clock } from '../util/clock.ts'
import { systemRandom } from '../util/random.ts'
import { openGreylist } from './greylist.ts'
import { Lists } from './lists.ts'
import { endpointWords } from './policy_endpoints.ts'
import { openSpfPolicy } from './spf_policy.ts'
import { makeWorld } from './world.ts'

/** What a decision needs besides the configuration. `serve`, `explain`, `check` and the demo give the real ones. */
export interface DecisionServices {
  readonly clock: Clock
  readonly resolver: Resolver
  readonly memory: Memory
  /** /etc/hosts, or NO_HOSTS. */
  readonly hosts: HostsFile
  /** The main.cf that was read: relative table names start at its directory. */
  readonly configPath: string
  warn(problem: TableProblem): void
  policy(server: string, facts: Facts, clientName: ClientName): Promise<PolicyAnswer>
  /** The same, also for endpoints of our own: for lists of endpoints, which could lead to themselves; without: `policy`. */
  policyByWire?(server: string, facts: Facts, clientName: ClientName): Promise<PolicyAnswer>
  verify(address: string): Promise<VerifyAnswer>
  /** Senders that were rewritten here: they are recipients that are known. */
  readonly srs?: { recipientFor(recipient: string): string } | null
  readonly dnsLists: {
    nearBudget(zone: string): boolean
    isListing(zone: string, address: string): boolean
  }
}

/** One configuration, ready to judge: its lists compiled, its tables open. */
export interface Decision {
  readonly lists: Lists
  /** Which kind of destination an address is. */
  classify(address: string): Promise<Lookup<AddressClass>>
  /** One judge per session. */
  makeJudge(): SessionJudge
  /** check_spf without a session, for policy endpoints that run nothing else. */
  readonly spfPolicy: SpfPolicy
  /** check_greylist without a session, for policy endpoints that run nothing else. */
  readonly greylisting: Greylisting
  /** The list of a policy endpoint of this configuration. */
  judgeOf(endpoint: Endpoint): ListJudge
  /** What is wrong in the restriction lists, with its place. */
  readonly problems: readonly { readonly word: Word; readonly message: string }[]
  /** Settles when all tables have been read once. */
  ready(): Promise<void>
  close(): void
}

/** Opens a configuration for judging. Never throws: what is wrong answers 451 when it is reached, and is told in `problems`. */
export function openDecision(config: Config, services: DecisionServices): Decision {
  const lists = new Lists(config, {
    directory: dirname(services.configPath),
    clock: services.clock,
    warn: problem => {
      if (!isOfDefaultAliases(problem, config)) services.warn(problem)
    },
    random: systemRandom,
    connect: connectTable,
    aliasMaps: [...config.alias_maps, ...config.alias_database],
  })
  const spfPolicy = openSpfPolicy(config, services)
  const greylist = openGreylist(config, services)
  const problems: { word: Word; message: string }[] = []
  const policy = makePolicy({
    world: makeWorld({ ...services, config, lists, spfPolicy, greylisting: greylist.greylisting }),
    registry,
    classes: config.restriction_classes,
    problem: (word, message) => problems.push({ word: { file: '', line: 0, column: 0, ...word }, message }),
  })
  const judges = new Map(
    config.postern_policy_listen.map(endpoint => [endpoint, endpointJudge(endpoint, { policy, services })]),
  )
  return {
    lists,
    classify: address =>
      classifyAddress(address, config, {
        isLocal: domain => lists.isLocal(domain),
        inList: (parameter, domain) => lists.inDomainList(parameter, domain),
      }),
    makeJudge: makeJudgeFactory(policy),
    spfPolicy,
    greylisting: greylist.greylisting,
    judgeOf: endpoint => judges.get(endpoint) ?? endpointJudge(endpoint, { policy, services }),
    problems,
    async ready() {
      await Promise.all([lists.ready(), greylist.ready()])
    },
    close() {
      lists.close()
      greylist.close()
    },
  }
}

const NIS_ALIASES = 'nis:mail.aliases'
const DEFAULT_ALIAS_MAPS = findParam('alias_maps')?.default

/** Nobody who leaves alias_maps alone, as a stock Debian does, has asked for NIS. */
function isOfDefaultAliases(problem: TableProblem, config: Config): boolean {
  return problem.table === NIS_ALIASES && config.alias_maps.join(', ') === DEFAULT_ALIAS_MAPS
}

function endpointJudge(
  endpoint: Endpoint,
  { policy, services }: { readonly policy: Policy; readonly services: DecisionServices },
): ListJudge {
  const world = {
    ...policy.world,
    policy: (server: string, facts: Facts, clientName: ClientName) =>
      services.policyByWire?.(server, facts, clientName) ?? services.policy(server, facts, clientName),
  }
  return makeListJudge({ ...policy, world }, endpoint.text, endpointWords(endpoint))
}
