/** SPF (RFC 7208), as the other folders know it. */

export type SpfResult = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror'

export type SpfIdentity = 'helo' | 'mailfrom'

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
