import { dirname } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Word } from '../config/place.ts'
import type { HostsFile } from '../dns/hosts_file.ts'
import type { Resolver } from '../dns/resolver.ts'
import { type AddressClass, classifyAddress } from '../engine/address_class.ts'
import type { PolicyAnswer, VerifyAnswer } from '../engine/ask.ts'
import { makeJudgeFactory, makePolicy } from '../engine/judge.ts'
import type { SpfPolicy } from '../mailauth/spf/policyd/policy.ts'
import type { Facts } from '../model/facts.ts'
import type { ClientName, SessionJudge } from '../model/judge.ts'
import type { Lookup } from '../model/lookup.ts'
import type { Memory } from '../model/memory.ts'
import { connectTable } from '../net/table_connection.ts'
import { registry } from '../restrictions/index.ts'
import type { TableProblem } from '../table/problem.ts'
import type { Clock } from '../util/clock.ts'
import { systemRandom } from '../util/random.ts'
import { Lists } from './lists.ts'
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
  verify(address: string): Promise<VerifyAnswer>
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
    warn: problem => services.warn(problem),
    random: systemRandom,
    connect: connectTable,
    aliasMaps: [...config.alias_maps, ...config.alias_database],
  })
  const spfPolicy = openSpfPolicy(config, services)
  const problems: { word: Word; message: string }[] = []
  const policy = makePolicy({
    world: makeWorld({ ...services, config, lists, spfPolicy }),
    registry,
    classes: config.restriction_classes,
    problem: (word, message) => problems.push({ word: { file: '', line: 0, column: 0, ...word }, message }),
  })
  return {
    lists,
    classify: address =>
      classifyAddress(address, config, {
        isLocal: domain => lists.isLocal(domain),
        inList: (parameter, domain) => lists.inDomainList(parameter, domain),
      }),
    makeJudge: makeJudgeFactory(policy),
    spfPolicy,
    problems,
    ready: () => lists.ready(),
    close: () => lists.close(),
  }
}
