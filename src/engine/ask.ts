import type { DnsAnswer, DnsType } from '../dns/resolver.ts'
import type { Daemon } from '../model/event.ts'
import type { GreylistAnswer } from '../model/greylist.ts'
import type { ClientName } from '../model/judge.ts'
import type { Lookup } from '../model/lookup.ts'
import type { SpfAnswer, SpfIdentity, SpfPolicyAnswer } from '../model/spf.ts'
import type { Table } from '../table/table.ts'
import type { AddressClass } from './address_class.ts'

/** The one door to the world. Every call is memoised per session, bounded, and traced. */
export interface Ask {
  /** PTR, and the addresses of the name it gives (Postfix smtpd_peer(3)). */
  clientName(): Promise<ClientName>
  /** The unverified name alone, or "unknown": known earlier than clientName(). */
  reverseName(): Promise<string>
  dns(name: string, type: DnsType): Promise<DnsAnswer>
  /** Name of an address in /etc/hosts; null: not there. */
  localName(address: string): string | null
  /** Addresses of a name in /etc/hosts. */
  localAddresses(name: string): readonly string[]
  /** One key in one table. `partial`: a parent domain or shorter network, which pattern tables are not asked for. */
  lookup(table: Table, key: string, partial?: boolean): Promise<Lookup<string>>
  /** The maps of a parameter (local_recipient_maps, …), by mail address in Postfix's search order. */
  mapsAddress(parameter: MapsParam, address: string): Promise<Lookup<string>>
  /** The maps of a parameter by plain key (relay_clientcerts, rbl_reply_maps). */
  mapsKey(parameter: MapsParam, key: string): Promise<Lookup<string>>
  /** mail_addr_find over one table with the strategy of access(5): user+ext@domain, user@domain, domain, parents, user@. */
  lookupAddress(table: Table, address: string): Promise<Lookup<string>>
  /** Whether a parameter's domain list has the domain. */
  domainListed(parameter: DomainListParam, domain: string): Promise<Lookup<true>>
  /** Whether a parameter's match list has the address (mynetworks, permit_mx_backup_networks). */
  addressListed(parameter: AddressListParam, name: string, address: string): Promise<Lookup<true>>
  /** trivial-rewrite's answer: canonical address, class, whether sender-specified routing is left. */
  resolveAddress(address: string): Promise<Lookup<AddressClass>>
  /** inet_interfaces and proxy_interfaces. */
  isOwnAddress(address: string): boolean
  /** Whether a host name is one of mydestination or [own address] (Postfix resolve_local). */
  isLocalDomain(domain: string): Promise<Lookup<true>>
  policy(server: string, clientName: ClientName): Promise<PolicyAnswer>
  verify(address: string): Promise<VerifyAnswer>
  /** RFC 7208 check_host() of the HELO name or the envelope sender. */
  spf(identity: SpfIdentity): Promise<SpfAnswer>
  /** What policyd-spf would do, with our settings. */
  spfPolicy(): Promise<SpfPolicyAnswer>
  /** Starts what spfPolicy() will ask, as far as the facts are known. */
  spfAhead(): Promise<unknown>
  /** Greylisting of this recipient; remembers the attempt. */
  greylist(): Promise<GreylistAnswer>
  /** Seconds of rest, as restriction `sleep` wants it. */
  sleep(seconds: number): Promise<void>
  /** Whether a DNS list's address counts: error answers and lists set aside do not. */
  isListing(zone: string, address: string): boolean
  /** A list close to its query limit is not asked ahead. */
  nearBudget(zone: string): boolean
  /** Milliseconds since 1970. */
  now(): number
  /** Logged as "warning: …" when (and only when) the walk reaches this restriction. */
  warn(text: string): void
  /** The same, but only the first time that this configuration comes to it. */
  warnOnce(text: string): void
  /** `daemon`: whose line it is, smtpd's without. */
  info(text: string, daemon?: Daemon): void
}

export type PolicyAnswer =
  | { readonly status: 'action'; readonly action: string }
  /** The service did not answer; the default action counts instead. */
  | { readonly status: 'failed'; readonly reason: string; readonly defaultAction: string }

export interface VerifyAnswer {
  readonly status: 'ok' | 'undeliverable' | 'deferred' | 'in progress' | 'service failure'
  /** "host mx.example.net[192.0.2.1] said: 550 5.1.1 …" */
  readonly text: string
}

export type MapsParam =
  | 'local_recipient_maps'
  | 'virtual_alias_maps'
  | 'virtual_mailbox_maps'
  | 'relay_recipient_maps'
  | 'canonical_maps'
  | 'sender_canonical_maps'
  | 'recipient_canonical_maps'
  | 'smtpd_sender_login_maps'
  | 'rbl_reply_maps'
  | 'relay_clientcerts'

export type AddressListParam = 'mynetworks' | 'permit_mx_backup_networks'
export type DomainListParam = 'mydestination' | 'virtual_alias_domains' | 'virtual_mailbox_domains' | 'relay_domains'
