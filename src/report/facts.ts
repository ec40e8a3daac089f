/** What was counted in a mail log: the figures of pflogsumm, before any of them is written as text. */

/**
 * The figures of one run. All strings are latin1, one character for each byte of the log. Maps are in no order that means
 * anything; a view sorts them.
 */
export interface Facts {
  readonly totals: Totals
  /** Days on which something was counted, by date. */
  readonly days: readonly DayFacts[]
  /** How often a line of another day followed, which is pflogsumm's number of days: averages are divided by it. */
  readonly dayCount: number
  /** 24 rows: from 0 to 1 o'clock first. */
  readonly hours: readonly Traffic[]
  readonly recipientDomains: ReadonlyMap<string, RecipientDomainFacts>
  readonly senderDomains: ReadonlyMap<string, MailFacts>
  /** By address; "from=<>" is the null sender. */
  readonly senders: ReadonlyMap<string, MailFacts>
  readonly recipients: ReadonlyMap<string, MailFacts>
  /** Daemon → reason → how often. */
  readonly deferrals: Counts2
  /** Relay → reason → how often. */
  readonly bounces: Counts2
  /** Stage ("RCPT", or "cleanup") → reason → client, sender, recipient or text → how often. */
  readonly rejects: Counts3
  readonly rejectWarnings: Counts3
  readonly holds: Counts3
  readonly discards: Counts3
  /** Reason → host → how often a delivery could not be begun. */
  readonly smtpFailures: Counts2
  /** Daemon → text → how often. */
  readonly warnings: Counts2
  readonly fatals: Counts2
  readonly panics: Counts2
  readonly masterMessages: Counts
  /** Queue id → a recipient, of what was delivered although its size is not in the log. */
  readonly sizeless: ReadonlyMap<string, string>
  /** Queue id → the sender and the recipients, in the order of the log; empty unless asked for. */
  readonly messages: ReadonlyMap<string, readonly string[]>
  /** Null: not asked for. */
  readonly connections: ConnectionFacts | null
  /** Absent: not asked for. */
  readonly postscreen?: PostscreenFacts
  readonly lines: LineFacts
}

/** --pscrn-stats of pflogsumm 1.1.13. */
export interface PostscreenFacts {
  /** Those that ended. */
  readonly connections: number
  readonly addresses: number
  /** Seconds, of all of them. */
  readonly time: number
  /** What was done → client address → how often. */
  readonly actions: Counts2
}

/** How often each thing was seen. */
export type Counts = ReadonlyMap<string, number>
export type Counts2 = ReadonlyMap<string, Counts>
export type Counts3 = ReadonlyMap<string, Counts2>

/** Messages, but where another thing is said. */
export interface Totals {
  readonly received: number
  readonly delivered: number
  readonly forwarded: number
  /** Messages that were deferred at least once. */
  readonly deferred: number
  /** How often a delivery was deferred. */
  readonly deferrals: number
  readonly bounced: number
  readonly rejected: number
  readonly rejectWarnings: number
  readonly held: number
  readonly discarded: number
  readonly bytesReceived: number
  readonly bytesDelivered: number
}

/** What went on in some time, in messages. */
export interface Traffic {
  readonly received: number
  readonly delivered: number
  readonly deferred: number
  readonly bounced: number
  /** Rejected, warned of, held and discarded, as pflogsumm adds them. */
  readonly rejected: number
}

/** A day of the calendar of the log. */
export interface Day {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}

export interface DayFacts extends Day {
  readonly traffic: Traffic
  /** How many columns pflogsumm writes in the row of this day: it leaves out those behind the last that was ever counted, 0 to 5. */
  readonly columns: number
}

export interface MailFacts {
  readonly messages: number
  readonly bytes: number
}

export interface RecipientDomainFacts extends MailFacts {
  readonly deferrals: number
  /** Seconds, of all messages that were delivered. */
  readonly delaySum: number
  /** Seconds, of those deferred too. */
  readonly delayMax: number
}

/** Connections to smtpd that ended. */
export interface ConnectionFacts {
  readonly total: ConnectionSum
  readonly days: readonly ConnectionDay[]
  /** 24 rows. */
  readonly hours: readonly ConnectionSum[]
  readonly domains: ReadonlyMap<string, ConnectionSum>
}

export interface ConnectionSum {
  readonly connections: number
  /** Seconds. */
  readonly time: number
  /** Seconds. */
  readonly longest: number
}

export interface ConnectionDay extends Day, ConnectionSum {}

export interface LineFacts {
  /** All that were read. */
  readonly read: number
  /** Of those, Postfix's on a day that was asked for. */
  readonly postfix: number
}
