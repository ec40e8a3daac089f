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
  /** The memory did not answer; the mail goes on. */
  | { readonly status: 'failed'; readonly reason: string }
