/** What header_checks, body_checks and the limits have decided about one message so far. */
export class ContentState {
  /** Postfix CLEANUP_STAT_DEFER: "4.7.1 text". Wins over a reject. */
  deferral: string | null = null
  /** CLEANUP_STAT_CONT: "5.7.1 text". */
  rejection: string | null = null
  tooManyHops = false
  /** A table did not answer. */
  unavailable = false
  discard = false
  hold = false
  redirect: string | null = null
  filter: string | null = null
  readonly bcc: string[] = []
  /** REJECT, DISCARD, REDIRECT and PASS end all further checks. */
  checking = true

  get isBad(): boolean {
    return this.deferral !== null || this.rejection !== null || this.tooManyHops || this.unavailable
  }

  /** The reply, worst cause first (Postfix common_post_message_handling); null: fine. */
  get reply(): string | null {
    if (this.deferral !== null) return `451 ${this.deferral}`
    if (this.tooManyHops) return '554 5.4.0 Error: too many hops'
    if (this.rejection !== null) return `550 ${this.rejection}`
    if (this.unavailable) return '451 4.3.0 Error: queue file write error'
    return null
  }
}
