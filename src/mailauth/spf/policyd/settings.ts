import type { Config } from '../../../config/config.ts'
import { type Cidr, CidrSet, parseCidr } from '../../../util/cidr.ts'

/** policyd-spf.conf(5), as data. */
export interface SpfPolicySettings {
  readonly heloReject: RejectRule
  readonly mailFromReject: RejectRule
  /** An access(5) action or restriction; '' none. */
  readonly heloPassRestriction: string
  readonly mailFromPassRestriction: string
  readonly noMail: boolean
  readonly permErrorReject: boolean
  readonly tempErrorDefer: boolean
  /** Lower case. */
  readonly rejectNotPassDomains: ReadonlySet<string>
  readonly skipAddresses: CidrSet<true>
  readonly whitelist: CidrSet<true>
  /** Lower case. */
  readonly heloWhitelist: readonly string[]
  readonly domainWhitelist: readonly string[]
  readonly domainWhitelistPtr: readonly string[]
  readonly testOnly: boolean
  readonly enhancedStatusCodes: boolean
  readonly headerType: HeaderType
  readonly authservId: string
  readonly hideReceiver: boolean
  /** Seconds. */
  readonly lookupTime: number
  readonly whitelistLookupTime: number
  readonly voidLimit: number
  readonly reasonMessage: string
  /** An address; '' none. */
  readonly prospective: string
  readonly mock: boolean
  readonly debugLevel: number
  readonly logQueueId: boolean
}

export const REJECT_RULES = ['false', 'fail', 'softfail', 'spf_not_pass', 'null', 'no_check'] as const
export type RejectRule = (typeof REJECT_RULES)[number]
export const HEADER_TYPES = ['spf', 'ar', 'none'] as const
export type HeaderType = (typeof HEADER_TYPES)[number]

/** What policyd-spf 3.0.4 does without a configuration file. */
export function policydDefaults(hostname: string): SpfPolicySettings {
  return {
    heloReject: 'fail',
    mailFromReject: 'fail',
    heloPassRestriction: '',
    mailFromPassRestriction: '',
    noMail: false,
    permErrorReject: false,
    tempErrorDefer: false,
    rejectNotPassDomains: new Set(),
    skipAddresses: toCidrSet(['127.0.0.0/8', '::ffff:127.0.0.0/104', '::1'].flatMap(toCidr)),
    whitelist: new CidrSet(),
    heloWhitelist: [],
    domainWhitelist: [],
    domainWhitelistPtr: [],
    testOnly: false,
    enhancedStatusCodes: true,
    headerType: 'spf',
    authservId: hostname,
    hideReceiver: false,
    lookupTime: 20,
    whitelistLookupTime: 10,
    voidLimit: 2,
    reasonMessage: 'Message {rejectdefer} due to: {spf}. Please see {url}',
    prospective: '',
    mock: false,
    debugLevel: 1,
    logQueueId: true,
  }
}

/** The settings that main.cf makes. */
export function settingsOf(config: Config): SpfPolicySettings {
  return {
    heloReject: config.postern_spf_helo_reject,
    mailFromReject: config.postern_spf_mail_from_reject,
    heloPassRestriction: config.postern_spf_helo_pass_restriction,
    mailFromPassRestriction: config.postern_spf_mail_from_pass_restriction,
    noMail: config.postern_spf_no_mail,
    permErrorReject: config.postern_spf_permerror_reject,
    tempErrorDefer: config.postern_spf_temperror_defer,
    rejectNotPassDomains: new Set(lowerAll(config.postern_spf_reject_not_pass_domains)),
    skipAddresses: toCidrSet(config.postern_spf_skip_addresses),
    whitelist: toCidrSet(config.postern_spf_whitelist),
    heloWhitelist: lowerAll(config.postern_spf_helo_whitelist),
    domainWhitelist: lowerAll(config.postern_spf_domain_whitelist),
    domainWhitelistPtr: lowerAll(config.postern_spf_domain_whitelist_ptr),
    testOnly: config.postern_spf_test_only,
    enhancedStatusCodes: config.postern_spf_enhanced_status_codes,
    headerType: config.postern_spf_header_type,
    authservId: config.postern_spf_authserv_id,
    hideReceiver: config.postern_spf_hide_receiver,
    lookupTime: config.postern_spf_lookup_time,
    whitelistLookupTime: config.postern_spf_whitelist_lookup_time,
    voidLimit: config.postern_spf_void_limit,
    reasonMessage: config.postern_spf_reason_message,
    prospective: config.postern_spf_prospective,
    mock: config.postern_spf_mock,
    debugLevel: config.postern_spf_debug_level,
    logQueueId: true,
  }
}

export function lowerAll(words: readonly string[]): readonly string[] {
  return words.map(word => word.toLowerCase())
}

export function toCidrSet(cidrs: readonly Cidr[]): CidrSet<true> {
  const set = new CidrSet<true>()
  for (const cidr of cidrs) set.add(cidr, true)
  return set
}

function toCidr(text: string): readonly Cidr[] {
  const parsed = parseCidr(text)
  return parsed.kind === 'cidr' ? [parsed.cidr] : []
}
