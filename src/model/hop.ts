/**
 * The door between the SMTP face and whatever takes accepted mail. There is no queue in between:
 * the client's 250 is the next hop's 250.
 *
 * One transaction: `begin` when the first recipient has been judged, `addRecipient` for each accepted one (its answer is passed
 * through to the client's RCPT), `data` with the whole message as a stream, or `abort`. `data` may start before the end of the
 * message is known to be acceptable: the hop sends the terminating dot (renames the file, …) only when `message` ends normally;
 * when `message` throws, nothing may be delivered (drop the connection, remove the file) and `data` resolves with `aborted`.
 * The hop pulls from `message` only as fast as it can write (back-pressure).
 */
export interface NextHop {
  /** Opens a transaction; connecting may be put off until the first `addRecipient`. Never throws. */
  begin(tx: HopEnvelope): HopTransaction
  /** Sessions in use end first; idle connections are closed. */
  close(): Promise<void>
}

export interface HopEnvelope {
  /** Internal form (no quotes, no angle brackets); '' is the null sender. */
  readonly sender: string
  /** MAIL SMTPUTF8 was given. */
  readonly smtputf8: boolean
  /** '8BITMIME' or '7BIT' as announced; null: not said. */
  readonly body: '7BIT' | '8BITMIME' | null
  /** Announced by MAIL SIZE=; 0: not said. */
  readonly size: number
  /** RFC 3461, as the client gave them (RET=FULL|HDRS, ENVID still in xtext). */
  readonly ret: 'FULL' | 'HDRS' | null
  readonly envid: string | null
  readonly queueId: string
  /** For XFORWARD and the like. */
  readonly client: {
    readonly name: string
    readonly address: string
    readonly port: number | null
    readonly helo: string
    readonly protocol: string
  }
}

export interface HopRecipientOptions {
  /** RFC 3461 NOTIFY: e.g. ['NEVER'] or ['SUCCESS', 'FAILURE']; empty: not said. */
  readonly notify: readonly string[]
  /** "rfc822;user@example.org" with the address part still in xtext; null: not said. */
  readonly orcpt: string | null
}

/** All methods resolve, whatever happens to the connection: trouble with the hop is a 4xx reply. */
export interface HopTransaction {
  /** Asks the hop about one recipient (internal form). Calls may overlap; answers keep to the order of calls. */
  addRecipient(address: string, options: HopRecipientOptions): Promise<HopReply>
  /** Sends the message to all recipients that got ok. Lines end in CRLF, no dot-stuffing, no terminating dot: that is the hop's affair. */
  data(message: AsyncIterable<Uint8Array>): Promise<HopResult>
  /** The hop has gone since it took the recipients, before it saw anything of the message: another transaction may still succeed. */
  readonly isLost: boolean
  /** Gives the transaction up (RSET, lost client, nothing accepted). Safe at any time, also twice. */
  abort(): void
}

export type HopReply =
  | { readonly ok: true }
  /** `reply` is one line ready for the client: "550 5.1.1 <x@example.org>: Recipient address rejected: …". */
  | { readonly ok: false; readonly reply: string }

export interface HopResult {
  /**
   * taken: the hop is now responsible; the face answers "250 2.0.0 Ok: queued as QUEUEID".
   * refused: `reply` goes to the client ("451 4.4.1 …", "554 5.7.1 …"), nothing was delivered to anyone.
   * aborted: the message stream threw; `reply` is not used.
   */
  readonly outcome: 'taken' | 'refused' | 'aborted'
  /** "250 2.0.0 Ok: queued as 4XYZ" of the hop, or the refusal. */
  readonly reply: string
  /** One per recipient of this transaction, for `delivery` events; with LMTP they may differ. */
  readonly recipients: readonly HopDelivery[]
}

export interface HopDelivery {
  readonly recipient: string
  readonly status: 'sent' | 'deferred' | 'bounced'
  /** "host[addr]:port", "maildir:/path", "none". */
  readonly relay: string
  /** "2.0.0" */
  readonly dsn: string
  /** What stands in parentheses at the end of the log line. */
  readonly text: string
}
