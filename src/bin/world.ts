import type { Config } from '../config/config.ts'
import type { HostsFile } from '../dns/hosts_file.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { PolicyAnswer, VerifyAnswer } from '../engine/ask.ts'
import type { World } from '../engine/world.ts'
import type { SpfPolicy } from '../mailauth/spf/policyd/policy.ts'
import type { Facts } from '../model/facts.ts'
import type { Greylisting } from '../model/greylist.ts'
import type { ClientName } from '../model/judge.ts'
import { found } from '../model/lookup.ts'
import type { Clock } from '../util/clock.ts'
import type { Lists } from './lists.ts'

/** The services behind a world that are not read from main.cf tables. */
export interface WorldServices {
  readonly config: Config
  readonly clock: Clock
  readonly resolver: Resolver
  readonly hosts: HostsFile
  readonly lists: Lists
  policy(server: string, facts: Facts, clientName: ClientName): Promise<PolicyAnswer>
  verify(address: string): Promise<VerifyAnswer>
  readonly spfPolicy: SpfPolicy
  readonly greylisting: Greylisting
  /** Senders that were rewritten here. */
  readonly srs?: { recipientFor(recipient: string): string } | null
  readonly dnsLists: {
    nearBudget(zone: string): boolean
    isListing(zone: string, address: string): boolean
  }
}

/** Joins resolver, tables and services to what the engine asks of the world. */
export function makeWorld(services: WorldServices): World {
  const { config, clock, resolver, hosts, lists, dnsLists } = services
  return {
    config,
    clock,
    told: new Set(),
    resolver,
    hosts,
    openTable: spec => lists.openTable(spec),
    async mapsAddress(parameter, address) {
      // As where postsrsd stands behind these maps: a sender that was rewritten here is an address that is known.
      const target = parameter === 'recipient_canonical_maps' ? services.srs?.recipientFor(address) : undefined
      if (target !== undefined && target !== address) return found(target)
      return lists.mapsAddress(parameter, address)
    },
    mapsKey: (parameter, key) => lists.mapsKey(parameter, key),
    lookupAddress: (table, address) => lists.lookupAddress(table, address),
    inDomainList: (parameter, domain) => lists.inDomainList(parameter, domain),
    inAddressList: (parameter, name, address) => lists.inAddressList(parameter, name, address),
    isOwnAddress: address => lists.isOwnAddress(address),
    policy: (server, facts, clientName) => services.policy(server, facts, clientName),
    verify: address => services.verify(address),
    spf: question => services.spfPolicy.spf.check(question),
    spfPolicy: (request, ask) => services.spfPolicy.decide(request, ask),
    spfIdentities: address => services.spfPolicy.identities(address),
    greylisting: services.greylisting,
    nearBudget: zone => dnsLists.nearBudget(zone),
    isListing: (zone, address) => dnsLists.isListing(zone, address),
  }
}
