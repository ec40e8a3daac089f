/** What a log tells beyond pflogsumm's figures. Plain data: as JSON it is what `postern report --format json` prints. */

/**
 * All strings are latin1, one character for each byte of the log, as in LogLine. Lists are sorted: the most first, then by name.
 */
export interface Insights {
  readonly gateway: GatewayFacts
  readonly suspects: SuspectFacts
  readonly greylist: GreylistFacts
  readonly dnsLists: DnsListFacts
  readonly bans: BanFacts
  readonly unknown: UnknownFacts
  readonly filterHops: FilterHopFacts
}

/** What came from outside and how it fared. An accepted message counts once, a refusal once for each command that was refused. */
export interface GatewayFacts {
  /** Messages that strangers brought. */
  readonly accepted: number
  /** Messages of our own users: signed in, or handed in on this machine. */
  readonly own: number
  /** Refused for good (5xx), silently discarded or hung up on. */
  readonly refused: number
  /** Told to come again (4xx). */
  readonly deferred: number
  /** refused / (refused + accepted), 0 to 1; null without mail. */
  readonly share: number | null
  /** Refusals that were our own fault: "Server configuration error", "Temporary lookup failure". */
  readonly ownFaults: number
  readonly checks: readonly CheckFacts[]
  /** 24 rows. */
  readonly hours: readonly GatewayTraffic[]
  /** By date; the newest 400. */
  readonly days: readonly GatewayDay[]
  readonly clients: readonly Ranked[]
  readonly recipients: readonly Ranked[]
  readonly senderDomains: readonly Ranked[]
}

export interface GatewayTraffic {
  readonly accepted: number
  readonly refused: number
  readonly deferred: number
}

export interface GatewayDay extends GatewayTraffic {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}

/** What refused, by the words of the reply. */
export type Check =
  | 'dns_list'
  | 'client_name'
  | 'client_access'
  | 'helo'
  | 'helo_access'
  | 'sender_domain'
  | 'sender'
  | 'sender_access'
  | 'greylist'
  | 'spf'
  | 'dmarc'
  | 'milter'
  | 'content'
  | 'postscreen'
  | 'recipient'
  | 'recipient_access'
  | 'relay'
  | 'policy'
  | 'protocol'
  | 'limits'
  | 'own_fault'
  | 'next_hop'
  | 'other'

export interface CheckFacts {
  readonly check: Check
  readonly refused: number
  readonly deferred: number
  /** The list that was asked, or the words of the reply. */
  readonly details: readonly Ranked[]
}

export interface Ranked {
  readonly name: string
  readonly count: number
}

/** Refusals that look wrong. */
export interface SuspectFacts {
  /** The most suspicious first; at most 100. */
  readonly list: readonly Suspect[]
  /** How many there were, with those that are put together in one. */
  readonly total: number
  /** Refused clients that were not watched, because there were too many. */
  readonly unwatched: number
}

/** One client that one check has refused. Clients that the same line would let in are one; the likeliest stands for them. */
export interface Suspect {
  /** How many more addresses of the same kind there are; their refusals are added. */
  readonly others: number
  /** Its verified host name; null: it has none. */
  readonly client: string | null
  readonly address: string
  readonly check: Check
  /** The list that was asked, or the words of the reply. */
  readonly detail: string
  readonly refused: number
  readonly deferred: number
  readonly first: string
  readonly last: string
  /** Of the last refusal; null: it had none. */
  readonly helo: string | null
  readonly sender: string | null
  readonly recipient: string | null
  /** The last refusal, as logged: "554 5.7.1 Service unavailable; …". */
  readonly text: string
  readonly reasons: readonly Reason[]
  /** What keeps it from happening again; null: no list can, the rule itself has to be changed. */
  readonly fix: Fix | null
}

/** Why a refusal may be wrong. Counts are messages, times "2026-11-24 08:15:30". */
export type Reason =
  | { readonly kind: 'accepted_later'; readonly count: number; readonly at: string }
  | { readonly kind: 'accepted_before'; readonly count: number; readonly at: string }
  | { readonly kind: 'allow_listed'; readonly by: 'greylist' | 'postscreen' | 'access' }
  | { readonly kind: 'correspondent'; readonly address: string }
  | { readonly kind: 'spf_pass'; readonly domain: string }
  | { readonly kind: 'dkim_pass'; readonly domain: string | null }
  /** Greylisted again and again without ever passing, as no spam robot would. */
  | { readonly kind: 'kept_trying'; readonly times: number; readonly seconds: number }
  /** Greylisted, and let pass only so much later. */
  | { readonly kind: 'long_wait'; readonly seconds: number }

/** A line to add, and the kind of list that it is for. */
export interface Fix {
  readonly list: FixList
  /** "mail.example.com OK" */
  readonly line: string
}

/** Each is named as the operator knows it; see words.ts for where its file stands. */
export type FixList =
  | 'check_client_access'
  | 'check_helo_access'
  | 'check_sender_access'
  | 'whitelist_clients'
  | 'postscreen_access_list'
  | 'spf_whitelist'
  | 'dmarc_ignore_hosts'

export interface GreylistFacts {
  /** Seen for the first time. */
  readonly new: number
  /** Came again too early. */
  readonly early: number
  /** Came again and passed. */
  readonly passed: number
  /** New ones that did not come again within this log; never less than 0. */
  readonly lost: number
  /** Let through by a list or by what is remembered: "client whitelist", "client AWL", "triplet found". */
  readonly skipped: readonly Ranked[]
  readonly delay: DelayFacts | null
}

/** Seconds that mail had to wait. */
export interface DelayFacts {
  readonly mean: number
  /** Upper edge of the step that it falls in. */
  readonly median: number
  readonly longest: number
  /** Steps by their upper edge; the last has none. */
  readonly steps: readonly { readonly upTo: number | null; readonly count: number }[]
}

export interface DnsListFacts {
  readonly lists: readonly DnsListHits[]
  /** Clients that both lists named; at most 50 pairs. */
  readonly overlap: readonly { readonly a: string; readonly b: string; readonly clients: number }[]
  /** Hits of clients beyond those that were remembered. */
  readonly unwatched: number
}

export interface DnsListHits {
  readonly name: string
  readonly hits: number
  readonly clients: number
  /** Clients that no other list named. */
  readonly alone: number
}

export interface BanFacts {
  readonly banned: number
  readonly unbanned: number
  readonly jails: readonly Ranked[]
  readonly addresses: readonly Ranked[]
}

/** Lines that nobody here knows. */
export interface UnknownFacts {
  readonly lines: number
  /** Of so many that were looked at. */
  readonly read: number
  readonly forms: readonly { readonly form: string; readonly count: number; readonly example: string }[]
}

/** What went through a content filter and came back, and is counted once. */
export interface FilterHopFacts {
  readonly handed: number
  readonly returned: number
}
