import type { Event } from './event.ts'
import type { Facts } from './facts.ts'
import type { Trace } from './trace.ts'

/** What is being judged. With smtpd_delay_reject the face still calls each stage; the judge knows which lists run when. */
export type Stage = 'client' | 'helo' | 'sender' | 'recipient' | 'data' | 'end_of_data' | 'etrn'

/** The client's names as Postfix's smtpd(8) knows them. */
export interface ClientName {
  /** Forward-confirmed name, or "unknown". */
  readonly name: string
  /** PTR name whether or not it maps back, or "unknown". */
  readonly reverseName: string
  /** Why `name` is or is not known: ok, or a permanent or temporary failure. */
  readonly nameStatus: NameStatus
  readonly reverseNameStatus: NameStatus
  /** "hostname X does not resolve to address Y: …": the face logs each as a warning before "connect from". */
  readonly warnings: readonly string[]
}
export type NameStatus = 'ok' | 'temporary' | 'permanent'

/** "name[address]", as log lines and replies say it. */
export function namaddr(client: ClientName, address: string): string {
  return `${client.name}[${address}]`
}

/** What the access actions of all lists so far want done with the message. Reset by the judge at each new transaction. */
export interface MessageEffects {
  readonly discard: boolean
  readonly hold: boolean
  readonly filter: string | null
  readonly redirect: string | null
  readonly bcc: readonly string[]
  /** Header lines to prepend, in order. */
  readonly prepend: readonly string[]
}

export const NO_EFFECTS: MessageEffects = {
  discard: false,
  hold: false,
  filter: null,
  redirect: null,
  bcc: [],
  prepend: [],
}

export interface Judgement {
  /** The refusal as it goes on the wire, "450 4.7.1 …" (soft_bounce applied, footer not); null: go on. */
  readonly reply: string | null
  readonly effects: MessageEffects
  /** What the log says about it, in order. */
  readonly events: readonly Event[]
  readonly trace: Trace
  /** The undocumented HANGUP action: close without a reply. */
  readonly hangup?: boolean
}

/**
 * The face calls every stage, whatever smtpd_delay_reject says: the judge answers "go on" at once where Postfix runs no list yet.
 * VRFY is judge('recipient') with `where` VRFY. One per SMTP session (and one per policy request, explain, replay). */
export interface SessionJudge {
  /** Starts every question that the lists may ask about these facts; cheap, returns at once, never throws. */
  lookAhead(facts: Facts): void
  /** The verdict of one stage. Never rejects: a fault of ours is a 451 Judgement. */
  judge(stage: Stage, facts: Facts): Promise<Judgement>
  clientName(facts: Facts): Promise<ClientName>
  /**
   * Whether MAIL or RCPT may take this address at all (Postfix smtpd_check_addr): false makes the face answer
   * "501 5.1.7 Bad sender address syntax" or "501 5.1.3 Bad recipient address syntax".
   */
  isAddressValid(address: string, smtputf8: boolean, facts: Facts): Promise<boolean>
  /** The transaction is over (RSET, MAIL, end of data, HELO): forget its effects and per-transaction state. */
  resetTransaction(): void
  /** XCLIENT changed who the client is. */
  resetClient(facts: Facts): void
}
