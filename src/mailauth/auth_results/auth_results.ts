/** The Authentication-Results header (RFC 8601): what was checked, and what came of it. */

export interface AuthResults {
  readonly authservId: string
  /** In order; empty: "none", nothing was checked. */
  readonly results: readonly AuthResult[]
}

export interface AuthResult {
  /** "spf", "dkim", "arc", "dmarc"; lower case. */
  readonly method: string
  /** "pass"; lower case. */
  readonly result: string
  /** What stands in parentheses after the result; null: nothing. Only written, never read: comments mean nothing (RFC 8601 2.2). */
  readonly comment: string | null
  readonly reason: string | null
  readonly properties: readonly AuthProperty[]
}

export interface AuthProperty {
  /** "smtp", "header", "policy"; lower case. */
  readonly ptype: string
  /** "mailfrom"; lower case. */
  readonly name: string
  readonly value: string
}

/** "header.d" of a result; null: it has none. */
export function property(result: AuthResult, wanted: `${string}.${string}`): string | null {
  return result.properties.find(({ ptype, name }) => `${ptype}.${name}` === wanted)?.value ?? null
}
