import type { HopRecipientOptions, HopTransaction } from '../model/hop.ts'

/** One recipient that was accepted, and how it stands. */
export interface AcceptedRecipient {
  readonly address: string
  /** As the next hop knows it: another one where it is a sender that was rewritten here. */
  readonly hopAddress: string
  readonly options: HopRecipientOptions
}

/** Postfix SMTPD_BDAT_STAT_*: 'error' throws chunks away until BDAT LAST or RSET. */
export type BdatState = 'none' | 'ok' | 'error'

/** Everything that MAIL begins and that RSET, HELO and the end of a message forget. */
export class Transaction {
  /** Internal form; '' is the null sender; null: no MAIL yet. */
  sender: string | null = null
  /** The first recipient: log lines and lists show this one. */
  recipient: string | null = null
  readonly recipients: AcceptedRecipient[] = []
  overshoot = 0
  announcedSize = 0
  receivedSize = 0
  smtputf8 = false
  body: '7BIT' | '8BITMIME' | null = null
  ret: 'FULL' | 'HDRS' | null = null
  envid: string | null = null
  saslSender = ''
  queueId: string | null = null
  instance = ''
  arrivedMs = 0
  hop: HopTransaction | null = null
  /** Under which sender the next hop knows it; null: not asked yet. */
  hopSender: string | null = null
  /** An end-of-data refusal has thrown the queue file away, as it were; the next recipient gets another. */
  stale = false
  bdat: BdatState = 'none'
}

/** What XFORWARD told about where the message came from, for the log and for the next hop. */
export interface ForwardedClient {
  name: string
  address: string
  port: string
  helo: string
  protocol: string
  ident: string
  domain: string
}
