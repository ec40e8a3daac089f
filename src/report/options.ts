/** What the reader of a report asks for: the options of pflogsumm, by their meaning. */

export interface ReportOptions extends CountOptions, TextOptions {}

/** What has a say in counting. Plain data: it goes to another thread. */
export interface CountOptions {
  /** -d: null counts all days. */
  readonly dates: DateRange | null
  /** The year and month of today, from which pflogsumm guesses the year of a line. */
  readonly today: { readonly year: number; readonly month: number }
  /** pflogsumm's years ('guessed') are so also where the log has them; 'log' believes the log. */
  readonly years: 'guessed' | 'log'
  /** --syslog-name, a regular expression as pflogsumm takes it; lines of "postfix" count always. Empty: only those. */
  readonly syslogName: string
  /** -i: addresses are lower-cased before the "@", too. */
  readonly ignoreCase: boolean
  /** -m: "host!user@domain" is rewritten. */
  readonly uucpMung: boolean
  /** --verp-mung: null is off; over 1 is thorough. */
  readonly verpMung: number | null
  /** --verbose-msg-detail: reasons are not shortened. */
  readonly verboseDetail: boolean
  /** --rej-add-from: the sender beside the recipient of what was rejected. */
  readonly rejectAddFrom: boolean
  /** --rej-add-to (pflogsumm 1.1.13): the recipient beside a client or sender that was rejected. */
  readonly rejectAddTo: boolean
  /** --srs-mung (1.1.13): addresses as they were before SRS. */
  readonly srsMung: boolean
  /** --use-orig-to (1.1.13): a recipient is known by its orig_to. */
  readonly useOrigTo: boolean
  /** --pscrn-stats (1.1.13): what postscreen saw. */
  readonly postscreenStats: boolean
  /** -e: every message with its sender and recipients. */
  readonly messageDetail: boolean
  /** --no-no-msg-size: not asked for. */
  readonly noSizeless: boolean
  /** --no-smtpd-warnings. */
  readonly noSmtpdWarnings: boolean
  readonly smtpdStats: boolean
  /** --zero-fill: days without traffic have a row, too. */
  readonly zeroFill: boolean
  readonly limits: DetailLimits
}

/** How many rows a section has: -1 all, 0 that there is no such section. */
export interface DetailLimits {
  /** -h. */
  readonly hosts: number
  /** -u. */
  readonly users: number
  readonly bounces: number
  readonly deferrals: number
  readonly rejects: number
  readonly smtp: number
  readonly smtpdWarnings: number
  /** --pscrn-detail (1.1.13). */
  readonly postscreen: number
}

export interface TextOptions {
  readonly isoDateTime: boolean
  readonly problemsFirst: boolean
  /** -q: sections without anything are left out. */
  readonly quiet: boolean
  /** --mailq: the heading is written; the queue itself is for the caller to add. */
  readonly mailq: boolean
}

/** Days, first and last included. */
export interface DateRange {
  readonly first: { readonly year: number; readonly month: number; readonly day: number }
  readonly last: { readonly year: number; readonly month: number; readonly day: number }
  /** As the heading names them: "Nov 24". */
  readonly title: string
}

/** pflogsumm without options, on a day of that year and month (1 to 12). */
export function defaultOptions(today: CountOptions['today']): ReportOptions {
  return {
    dates: null,
    today,
    years: 'guessed',
    syslogName: '',
    ignoreCase: false,
    uucpMung: false,
    verpMung: null,
    verboseDetail: false,
    rejectAddFrom: false,
    rejectAddTo: false,
    srsMung: false,
    useOrigTo: false,
    postscreenStats: false,
    messageDetail: false,
    noSizeless: false,
    noSmtpdWarnings: false,
    smtpdStats: false,
    zeroFill: false,
    limits: {
      hosts: -1,
      users: -1,
      bounces: -1,
      deferrals: -1,
      rejects: -1,
      smtp: -1,
      smtpdWarnings: -1,
      postscreen: -1,
    },
    isoDateTime: false,
    problemsFirst: false,
    quiet: false,
    mailq: false,
  }
}
