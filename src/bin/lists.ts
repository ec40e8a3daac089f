import type { Config } from '../config/config.ts'
import type { AddressListParam, DomainListParam, MapsParam } from '../engine/ask.ts'
import type { Lookup } from '../model/lookup.ts'
import type { ClientListParam, SessionLists, MapsParam as SessionMapsParam } from '../smtp/doors.ts'
import type { TableContext } from '../table/context.ts'
import { type AddressRules, accessSearch, findMailAddress, MAPS_SEARCH } from '../table/mail_addr_find.ts'
import { Maps } from '../table/maps.ts'
import { type MatchKind, MatchList } from '../table/match_list.ts'
import type { Table } from '../table/table.ts'
import { TableSet } from '../table/table_set.ts'
import { formatIp, parseIp } from '../util/ip.ts'

/** Lists of names, addresses and words, with what they match (Postfix: string_list, domain_list, namadr_list). */
const LIST_KINDS = {
  mydestination: 'string',
  virtual_alias_domains: 'string',
  virtual_mailbox_domains: 'string',
  relay_domains: 'name',
  fast_flush_domains: 'name',
  mynetworks: 'host',
  permit_mx_backup_networks: 'host',
  smtpd_authorized_xclient_hosts: 'host',
  smtpd_authorized_xforward_hosts: 'host',
  smtpd_client_event_limit_exceptions: 'host',
  smtpd_forbid_bare_newline_exclusions: 'host',
  smtpd_sasl_exceptions_networks: 'host',
  postern_proxy_hosts: 'host',
  smtpd_noop_commands: 'string',
  smtpd_forbidden_commands: 'string',
  smtpd_sasl_mechanism_filter: 'string',
} as const satisfies Partial<Record<keyof Config, MatchKind>>

type ListParam = keyof typeof LIST_KINDS
type AnyMapsParam = MapsParam | SessionMapsParam

/** The lists and lookup tables of one configuration, opened when first asked and closed with it. */
export class Lists {
  readonly #config: Config
  readonly #context: TableContext
  readonly #tables: TableSet
  readonly #lists = new Map<ListParam, MatchList>()
  readonly #maps = new Map<AnyMapsParam, Maps>()
  readonly #ownAddresses: ReadonlySet<string>
  readonly #rules: AddressRules

  constructor(config: Config, context: TableContext) {
    this.#config = config
    this.#context = context
    this.#tables = new TableSet(context)
    this.#ownAddresses = new Set([...config.own_addresses, ...config.proxy_interfaces].map(canonical))
    this.#rules = {
      recipientDelimiter: config.recipient_delimiter,
      ownerRequestSpecial: config.owner_request_special,
      doubleBounceSender: config.double_bounce_sender,
      isLocal: domain => this.isLocal(domain),
    }
  }

  openTable(spec: string): Table {
    return this.#tables.open(spec)
  }

  async ready(): Promise<void> {
    for (const parameter of listParams()) await this.#list(parameter).ready()
    await this.#tables.ready()
  }

  close(): void {
    for (const list of this.#lists.values()) list.close()
    this.#tables.close()
  }

  inDomainList(parameter: DomainListParam, domain: string): Promise<Lookup<true>> {
    return this.#list(parameter).matchName(domain)
  }

  inAddressList(parameter: AddressListParam, name: string, address: string): Promise<Lookup<true>> {
    const list = this.#list(parameter)
    return name === '' ? list.matchAddress(address) : list.matchHost(name, address)
  }

  isOwnAddress(address: string): boolean {
    return this.#ownAddresses.has(canonical(address))
  }

  /** $myorigin, $mydestination, or one of our addresses in brackets. */
  async isLocal(domain: string): Promise<Lookup<true>> {
    if (domain.toLowerCase() === this.#config.myorigin.toLowerCase()) return { status: 'found', value: true }
    const listed = await this.inDomainList('mydestination', domain)
    if (listed.status !== 'absent') return listed
    const literal = /^\[(?:IPv6:)?(.*)\]$/i.exec(domain)?.[1]
    return literal !== undefined && this.isOwnAddress(literal) ? { status: 'found', value: true } : listed
  }

  async mapsAddress(parameter: AnyMapsParam, address: string): Promise<Lookup<string>> {
    const query = { address, search: MAPS_SEARCH, rules: this.#rules }
    const found = await findMailAddress(this.#mapsOf(parameter), query)
    return found.status === 'found' ? { status: 'found', value: found.value.value } : found
  }

  mapsKey(parameter: AnyMapsParam, key: string): Promise<Lookup<string>> {
    return this.#mapsOf(parameter).find(key)
  }

  /** One access table by mail address. */
  async lookupAddress(table: Table, address: string): Promise<Lookup<string>> {
    const parents = this.#config.parent_domain_matches_subdomains.includes('smtpd_access_maps')
    const query = { address, search: accessSearch(parents), rules: this.#rules }
    const found = await findMailAddress(new Maps(table.name, [table]), query)
    return found.status === 'found' ? { status: 'found', value: found.value.value } : found
  }

  /** The same lists and tables as a session asks them. */
  sessionLists(): SessionLists {
    return {
      hasClient: async (parameter: ClientListParam, client) => {
        if (this.#text(parameter) === '') return { status: 'absent' }
        // A list of addresses need not wait for the client's name.
        if (!mayHoldNames(this.#text(parameter))) return this.#list(parameter).matchAddress(client.address)
        return this.#list(parameter).matchHost(await client.name(), client.address)
      },
      hasWord: (parameter, word) => this.#list(parameter).matchName(word),
      hasDomain: (parameter, domain) => this.#list(parameter).matchName(domain),
      find: (parameter, key) => this.#mapsOf(parameter).find(key),
    }
  }

  #text(parameter: ListParam): string {
    const value: string | readonly string[] = this.#config[parameter]
    return typeof value === 'string' ? value : value.join(' ')
  }

  #list(parameter: ListParam): MatchList {
    const known = this.#lists.get(parameter)
    if (known !== undefined) return known
    // Postfix: smtpd reads the exclusions in the style of mynetworks.
    const style = parameter === 'smtpd_forbid_bare_newline_exclusions' ? 'mynetworks' : parameter
    const list = new MatchList(this.#text(parameter), {
      parameter,
      kind: LIST_KINDS[parameter],
      parentsMatch: this.#config.parent_domain_matches_subdomains.includes(style),
      context: this.#context,
      openTable: spec => this.#tables.open(spec),
    })
    this.#lists.set(parameter, list)
    return list
  }

  #mapsOf(parameter: AnyMapsParam): Maps {
    const known = this.#maps.get(parameter)
    if (known !== undefined) return known
    const tables = this.#config[parameter].map(spec => this.#tables.open(spec))
    const maps = new Maps(parameter, tables)
    this.#maps.set(parameter, maps)
    return maps
  }
}

function listParams(): readonly ListParam[] {
  // The keys of a constant record are its type's keys.
  return Object.keys(LIST_KINDS) as ListParam[]
}

/** Anything but addresses and networks. */
function mayHoldNames(text: string): boolean {
  return text.split(/[\s,]+/).some(word => word !== '' && !/^!?(?:[\d./]+|\[[0-9A-Fa-f:.]+\](?:\/\d+)?)$/.test(word))
}

function canonical(address: string): string {
  const ip = parseIp(address)
  return ip === null ? address.toLowerCase() : formatIp(ip)
}
