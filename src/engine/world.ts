import type { Config } from '../config/config.ts'
import type { HostsFile } from '../dns/hosts_file.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Facts } from '../model/facts.ts'
import type { Greylisting } from '../model/greylist.ts'
import type { ClientName } from '../model/judge.ts'
import type { Lookup } from '../model/lookup.ts'
import type { AskSpf, SpfAnswer, SpfIdentity, SpfPolicyAnswer, SpfQuestion, SpfRequest } from '../model/spf.ts'
import type { Table } from '../table/table.ts'
import type { Clock } from '../util/clock.ts'
import type { AddressListParam, DomainListParam, MapsParam, PolicyAnswer, VerifyAnswer } from './ask.ts'

/** Everything outside the engine that a decision may ask, of one configuration. `bin/` builds it; tests build small ones. */
export interface World {
  readonly config: Config
  readonly clock: Clock
  /** What was said once and is not to be said again. */
  readonly told: Set<string>
  readonly resolver: Resolver
  /** Asked before the DNS for names of clients and addresses of hosts, never for HELO and mail domains. */
  readonly hosts: HostsFile
  openTable(spec: string): Table
  mapsAddress(parameter: MapsParam, address: string): Promise<Lookup<string>>
  mapsKey(parameter: MapsParam, key: string): Promise<Lookup<string>>
  /** mail_addr_find over one table with the access(5) strategy. */
  lookupAddress(table: Table, address: string): Promise<Lookup<string>>
  inDomainList(parameter: DomainListParam, domain: string): Promise<Lookup<true>>
  inAddressList(parameter: AddressListParam, name: string, address: string): Promise<Lookup<true>>
  /** inet_interfaces or proxy_interfaces has the address. */
  isOwnAddress(address: string): boolean
  policy(server: string, facts: Facts, clientName: ClientName): Promise<PolicyAnswer>
  verify(address: string): Promise<VerifyAnswer>
  /** Never rejects. */
  spf(question: SpfQuestion): Promise<SpfAnswer>
  /** `ask`: the session's memory of its own questions. */
  spfPolicy(request: SpfRequest, ask: AskSpf): Promise<SpfPolicyAnswer>
  /** What spfPolicy() would ask about mail from this client. */
  spfIdentities(address: string): readonly SpfIdentity[]
  readonly greylisting: Greylisting
  /** A list close to its query limit is not asked ahead. */
  nearBudget(zone: string): boolean
  /** RFC 5782 and the wishes of DNS list users: whether an answer of this list may count (set-aside lists, error answers). */
  isListing(zone: string, address: string): boolean
}
