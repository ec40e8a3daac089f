/** An aggregate report as data: what we write, and what is read of others' (RFC 9990 3.1.1, RFC 7489 appendix C). */

export interface Feedback {
  /** "1.0"; '' where it is not said. */
  readonly version: string
  /** rfc9990: in its namespace. */
  readonly format: 'rfc9990' | 'rfc7489'
  readonly metadata: FeedbackMetadata
  readonly policy: FeedbackPolicy
  readonly records: readonly FeedbackRecord[]
}

export interface FeedbackMetadata {
  readonly orgName: string
  readonly email: string
  /** '' in these and all below: not there. */
  readonly extraContactInfo: string
  readonly reportId: string
  /** Seconds since 1970. */
  readonly begin: number
  readonly end: number
  readonly errors: readonly string[]
  readonly generator: string
}

export interface FeedbackPolicy {
  readonly domain: string
  readonly p: string
  readonly sp: string
  readonly np: string
  readonly adkim: string
  readonly aspf: string
  readonly discoveryMethod: string
  readonly fo: string
  readonly testing: string
  /** RFC 7489 only. */
  readonly pct: string
}

export interface FeedbackRecord {
  readonly sourceIp: string
  readonly count: number
  readonly disposition: string
  /** Aligned results: "pass" or "fail". */
  readonly dkim: string
  readonly spf: string
  readonly reasons: readonly { readonly type: string; readonly comment: string }[]
  readonly headerFrom: string
  readonly envelopeFrom: string
  readonly envelopeTo: string
  readonly dkimResults: readonly FeedbackAuthResult[]
  readonly spfResults: readonly FeedbackAuthResult[]
}

export interface FeedbackAuthResult {
  readonly domain: string
  readonly result: string
  /** DKIM only. */
  readonly selector: string
  /** SPF only: "mfrom" or "helo". */
  readonly scope: string
  readonly humanResult: string
}
