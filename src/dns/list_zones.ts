import type { Config, Word } from '../config/config.ts'
import { isWithin } from './name.ts'

/** A DNS list that the configuration asks. */
export interface ListUse {
  /** Lower case, no trailing dot, without reply filter. */
  readonly zone: string
  /** Asked for addresses, for domain names, or for both. RFC 5782 2 and 3. */
  readonly addresses: boolean
  readonly names: boolean
  /** Whether it refuses or lets in; a list may do both in one configuration. */
  readonly blocks: boolean
  readonly allows: boolean
}

/**
 * What is known of a list beyond RFC 5782. dnswl.org and the refusals of URIBL were looked up on the lists' own pages
 * (2026-11-24). Spamhaus's terms of use limited connections to 100,000 and questions to 300,000 a day when they were last
 * seen; the smaller number is taken. The test names are those that client programs have used for years: where a list no
 * longer has one, its other test entries decide (list_health.ts).
 */
export interface KnownList {
  /** The list, or the zone that its lists lie in. */
  readonly zone: string
  /** Questions a day that are free of charge; null: no number is published. */
  readonly freeQueries: number | null
  /** Names that a domain list lists for tests, besides "test" (RFC 5782 5). */
  readonly testNames?: readonly string[]
  /** Answers that mean "you may not ask", besides those every list may give (list_answer.ts). */
  readonly refusals?: readonly string[]
  readonly remedy: string
}

const KNOWN_LISTS: readonly KnownList[] = [
  {
    zone: 'spamhaus.org',
    freeQueries: 100_000,
    testNames: ['dbltest.com'],
    // A domain list that was asked for an address.
    refusals: ['127.0.1.255', '127.0.2.255'],
    remedy:
      'ask from a resolver of your own that is no public one, or set postern_spamhaus_dqs_key (spamhaus.org/returnc)',
  },
  {
    zone: 'spamhaus.net',
    freeQueries: null,
    testNames: ['dbltest.com'],
    refusals: ['127.0.1.255', '127.0.2.255'],
    remedy: 'check the key of the Data Query Service account',
  },
  {
    zone: 'dnswl.org',
    freeQueries: 100_000,
    refusals: ['127.0.0.255'],
    remedy: 'ask from a resolver of your own, or subscribe (dnswl.org)',
  },
  {
    zone: 'uribl.com',
    freeQueries: null,
    testNames: ['test.uribl.com'],
    remedy: 'ask from a resolver of your own, or take their data feed (uribl.com/refused.shtml)',
  },
  {
    zone: 'surbl.org',
    freeQueries: null,
    testNames: ['surbl-org-permanent-test-point.com'],
    remedy: 'ask from a resolver of your own, or take their data feed (surbl.org)',
  },
]

export function knownList(zone: string): KnownList | null {
  return KNOWN_LISTS.find(known => isWithin(zone, known.zone)) ?? null
}

const RESTRICTIONS: ReadonlyMap<string, Partial<ListUse>> = new Map([
  ['reject_rbl_client', { addresses: true, blocks: true }],
  ['permit_dnswl_client', { addresses: true, allows: true }],
  ['permit_rhswl_client', { names: true, allows: true }],
  ['reject_rhsbl_client', { names: true, blocks: true }],
  ['reject_rhsbl_reverse_client', { names: true, blocks: true }],
  ['reject_rhsbl_helo', { names: true, blocks: true }],
  ['reject_rhsbl_sender', { names: true, blocks: true }],
  ['reject_rhsbl_recipient', { names: true, blocks: true }],
])

type ListConfig = Pick<
  Config,
  | 'smtpd_client_restrictions'
  | 'smtpd_helo_restrictions'
  | 'smtpd_sender_restrictions'
  | 'smtpd_relay_restrictions'
  | 'smtpd_recipient_restrictions'
  | 'smtpd_data_restrictions'
  | 'smtpd_end_of_data_restrictions'
  | 'smtpd_etrn_restrictions'
  | 'restriction_classes'
>

/** Every DNS list that the restriction lists and classes name. */
export function collectLists(config: ListConfig): readonly ListUse[] {
  return collectListsOf([
    config.smtpd_client_restrictions,
    config.smtpd_helo_restrictions,
    config.smtpd_sender_restrictions,
    config.smtpd_relay_restrictions,
    config.smtpd_recipient_restrictions,
    config.smtpd_data_restrictions,
    config.smtpd_end_of_data_restrictions,
    config.smtpd_etrn_restrictions,
    ...config.restriction_classes.values(),
  ])
}

/** The same for restriction lists from anywhere. */
export function collectListsOf(lists: readonly (readonly Pick<Word, 'text'>[])[]): readonly ListUse[] {
  const uses = new Map<string, ListUse>()
  for (const words of lists) {
    for (const [i, word] of words.entries()) {
      const use = RESTRICTIONS.get(word.text.toLowerCase())
      const zone = (words[i + 1]?.text ?? '').replace(/=.*/s, '').toLowerCase().replace(/\.$/, '')
      if (use === undefined || zone === '') continue
      const known = uses.get(zone) ?? { zone, addresses: false, names: false, blocks: false, allows: false }
      uses.set(zone, { ...known, ...use })
    }
  }
  return [...uses.values()]
}

/**
 * Where a list of spamhaus.org is really asked with a Data Query Service key: zen.spamhaus.org becomes
 * KEY.zen.dq.spamhaus.net. Other zones stay as they are.
 */
export function zoneToAsk(zone: string, dqsKey: string): string {
  const list = /^([a-z0-9-]+)\.spamhaus\.org$/.exec(zone)?.[1]
  return list === undefined || dqsKey === '' ? zone : `${dqsKey.toLowerCase()}.${list}.dq.spamhaus.net`
}
