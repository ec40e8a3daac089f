/** Greylisting, as the other folders know it. */
import type { SpfAnswer } from './spf.ts'

/** One recipient of one delivery attempt: attributes of Postfix's policy protocol, as given. */
export interface GreylistRequest {
  readonly clientAddress: string
  /** Forward-confirmed name, or "unknown". */
  readonly clientName: string
  readonly helo: string
  /** '' is the null sender. */
  readonly sender: string
  readonly recipient: string
  /** '' without one. */
  readonly queueId: string
  /** Stays the same for all recipients of a message; null when the attribute was not there (Exim). */
  readonly instance: string | null
  /** Whether the attribute etrn_domain was there at all: Postgrey takes it for a sign of Postfix 2.3 or later. */
  readonly hasEtrnDomain: boolean
  /** Seconds since 1970; instead of the clock (Postgrey's attribute policy_test_time). */
  readonly testTime?: number
}

/** Asks SPF about the client and the sender of a request. Never rejects. */
export type AskMailFromSpf = () => Promise<SpfAnswer>

/** Greylisting of one configuration. Nothing here ever rejects or throws. */
export interface Greylisting {
  /** What becomes of a recipient; notes the attempt. `spf` is asked only when it can change the answer; null: without SPF. */
  decide(request: GreylistRequest, spf: AskMailFromSpf | null): Promise<GreylistAnswer>
  /** A user of ours writes to this address: its answer shall not be delayed. Settles when it is noted, or cannot be. */
  noteCorrespondent(address: string): Promise<void>
}

/** What greylisting says of one recipient of one session, with what Postgrey would log about it. */
export type GreylistAnswer =
  /** Goes on. `prepend` is the X-Greylist header line of the first pass of a message, or null. */
  | {
      readonly status: 'pass'
      readonly reason: string
      readonly prepend: string | null
      readonly log: readonly string[]
    }
  /** `action` is Postgrey's whole answer: "DEFER_IF_PERMIT 4.2.0 Greylisted, see …". */
  | { readonly status: 'greylist'; readonly reason: string; readonly action: string; readonly log: readonly string[] }
  /** The memory did not answer; the mail goes on. `warning` is what to log of it; null: that was said within the minute. */
  | { readonly status: 'failed'; readonly reason: string; readonly warning: string | null }
