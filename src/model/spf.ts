/** SPF (RFC 7208), as the other folders know it. */

export type SpfResult = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror'

export type SpfIdentity = 'helo' | 'mailfrom'

/** One recipient of one message, as Postfix describes it to policyd-spf. */
export interface SpfRequest {
  /** The same for all recipients of a message, which gets one header. */
  readonly instance: string
  readonly address: string
  /** '' before HELO. */
  readonly helo: string
  readonly sender: string
  /** '' without one. */
  readonly recipient: string
  /** '' as long as there is none. */
  readonly queueId: string
}

/** What policyd-spf would answer and log. */
export interface SpfPolicyAnswer {
  /** An access(5) action: "prepend Received-SPF: …", "550 5.7.23 …", "defer_if_permit 4.7.24 …", "dunno". */
  readonly action: string
  readonly log: readonly string[]
}

/** Asks for one of the two identities of a request. */
export type AskSpf = (identity: SpfIdentity) => Promise<SpfAnswer>

/** What check_host() is asked (RFC 7208 4.1). */
export interface SpfQuestion {
  readonly identity: SpfIdentity
  /** Client address, canonical text. */
  readonly address: string
  readonly helo: string
  /** Envelope sender; '' is the null sender, for which "postmaster@helo" counts (RFC 7208 2.4). */
  readonly sender: string
}

export interface SpfAnswer {
  readonly result: SpfResult
  readonly identity: SpfIdentity
  /** The domain whose record was asked for; '' where there was none to ask. */
  readonly domain: string
  /** exp= text of a fail, expanded; null without one. */
  readonly explanation: string | null
  /** The term that decided, "include:_spf.example.net" or "-all"; null when no record was found. */
  readonly mechanism: string | null
  /** What went wrong, of temperror and permerror, with the term that broke it; null otherwise. */
  readonly problem: string | null
  /** The whole record, where there was one that could be read. */
  readonly record?: string
}
