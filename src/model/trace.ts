/** The whole story of one decision. Data; text is made at the edge (explain, why, dashboard). */
export interface Trace {
  readonly steps: readonly TraceStep[]
}

/** One restriction as the walk met it. */
export interface TraceStep {
  /** The parameter that holds the list, e.g. smtpd_recipient_restrictions, or the name of a restriction class or table. */
  readonly list: string
  readonly restriction: string
  readonly argument: string
  /** Depth of nesting: 0 in the list itself, 1 in a class or a table's answer. */
  readonly depth: number
  /** 'dunno', 'permit', '550 5.7.1 …', 'DEFER_IF_PERMIT 450 …', 'skipped: …' */
  readonly outcome: string
  readonly questions: readonly TraceQuestion[]
  readonly warnings: readonly string[]
}

/** One question to the world. */
export interface TraceQuestion {
  /** 'dns', 'table', 'policy', 'verify', … */
  readonly door: string
  /** "A mx.example.org", "hash:/etc/postfix/helo_access mx.example.org" */
  readonly question: string
  /** "127.0.0.2", "absent (NXDOMAIN)", "failed: timeout" */
  readonly answer: string
  /** When asked, milliseconds after the session began. */
  readonly atMs: number
  /** How long the answer took. */
  readonly tookMs: number
}
