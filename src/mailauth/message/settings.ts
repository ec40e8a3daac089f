import type { Config } from '../../config/config.ts'
import { type Cidr, CidrSet, parseCidr } from '../../util/cidr.ts'
import type { DmarcMethod } from '../dmarc/discovery.ts'
import { DomainList } from './domain_list.ts'

/** What is done about DMARC, and what is told of a message: opendmarc.conf(5) as data, and what it has not. */
export interface MessageSettings {
  readonly method: DmarcMethod
  readonly authservId: string
  readonly authservIdWithJobId: boolean
  /** Lower case, without our own. */
  readonly trustedAuthservIds: ReadonlySet<string>
  readonly ignoreHosts: HostList
  readonly ignoreAuthenticatedClients: boolean
  readonly ignoreMailFrom: DomainList
  readonly exemptDomains: DomainList
  readonly trustedForwarders: readonly TrustedForwarder[]
  readonly trustedSealers: DomainList
  readonly rejectFailures: boolean
  /** "%s" is the domain. */
  readonly rejectString: string
  readonly holdQuarantined: boolean
  /** A header line; '' none. */
  readonly quarantineHeader: string
  readonly temperror: 'accept' | 'defer'
  readonly rejectMultiValueFrom: boolean
  readonly requiredHeaders: boolean
  readonly spfSelfValidate: boolean
  readonly spfIgnoreResults: boolean
  readonly receivedSpf: boolean
  readonly softwareHeader: boolean
  readonly log: boolean
}

export interface HostList {
  readonly networks: CidrSet<true>
  readonly names: DomainList
}

export interface TrustedForwarder {
  readonly clients: DomainList
  /** Null: any. */
  readonly recipients: DomainList | null
}

/** The settings that main.cf makes. */
export function settingsOf(config: Config): MessageSettings {
  const { networks, names } = config.postern_dmarc_ignore_hosts
  return {
    method: config.postern_dmarc_method,
    authservId: config.postern_authserv_id,
    authservIdWithJobId: config.postern_dmarc_authserv_id_with_job_id,
    trustedAuthservIds: othersThan(config.postern_authserv_id, config.postern_dmarc_trusted_authserv_ids),
    ignoreHosts: { networks: toCidrSet(networks), names: new DomainList(names) },
    ignoreAuthenticatedClients: config.postern_dmarc_ignore_authenticated_clients,
    ignoreMailFrom: new DomainList(config.postern_dmarc_ignore_mail_from),
    exemptDomains: new DomainList(config.postern_dmarc_exempt_domains),
    trustedForwarders: config.postern_dmarc_trusted_forwarders.map(({ client, recipientDomain }) => ({
      clients: new DomainList([client]),
      recipients: recipientDomain === null ? null : new DomainList([recipientDomain]),
    })),
    trustedSealers: new DomainList(config.postern_arc_trusted_sealers),
    rejectFailures: config.postern_dmarc_reject_failures,
    rejectString: config.postern_dmarc_reject_string,
    holdQuarantined: config.postern_dmarc_hold_quarantined,
    quarantineHeader: config.postern_dmarc_quarantine_header,
    temperror: config.postern_dmarc_temperror,
    rejectMultiValueFrom: config.postern_dmarc_reject_multi_value_from,
    requiredHeaders: config.postern_dmarc_required_headers,
    spfSelfValidate: config.postern_dmarc_spf_self_validate,
    spfIgnoreResults: config.postern_dmarc_spf_ignore_results,
    receivedSpf: config.postern_dmarc_received_spf,
    softwareHeader: config.postern_dmarc_software_header,
    log: config.postern_dmarc_log,
  }
}

/**
 * OpenDMARC 1.4.2 without a configuration file, for settings that it has; the others stay as main.cf makes them. SPF is checked here
 * in any case: what policyd-spf or another milter found out does not come through the header of the message.
 */
export function opendmarcDefaults(ofMainCf: MessageSettings, hostname: string): MessageSettings {
  const loopback = parseCidr('127.0.0.1')
  return {
    ...ofMainCf,
    authservId: hostname,
    authservIdWithJobId: false,
    trustedAuthservIds: new Set(),
    ignoreHosts: { networks: toCidrSet(loopback.kind === 'cidr' ? [loopback.cidr] : []), names: new DomainList([]) },
    ignoreAuthenticatedClients: false,
    ignoreMailFrom: new DomainList([]),
    trustedSealers: new DomainList([]),
    rejectFailures: false,
    rejectString: 'rejected by DMARC policy for %s',
    holdQuarantined: false,
    rejectMultiValueFrom: false,
    requiredHeaders: false,
    spfSelfValidate: true,
    spfIgnoreResults: false,
    softwareHeader: false,
    log: false,
  }
}

/** Names of hosts whose headers are believed; our own are forged where they come from outside. */
export function othersThan(own: string, ids: readonly string[]): ReadonlySet<string> {
  return new Set(ids.map(id => id.toLowerCase()).filter(id => id !== own.toLowerCase()))
}

export function toCidrSet(cidrs: readonly Cidr[]): CidrSet<true> {
  const set = new CidrSet<true>()
  for (const cidr of cidrs) set.add(cidr, true)
  return set
}
