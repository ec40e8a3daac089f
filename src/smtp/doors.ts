/** What a session asks of others; `server.ts` and `bin/` fill these in, tests put small ones in their place. */

import type { EmitEvent } from '../model/event.ts'
import type { NextHop } from '../model/hop.ts'
import type { SessionJudge } from '../model/judge.ts'
import type { Lookup } from '../model/lookup.ts'
import type { MessageJudge } from '../model/mail_auth.ts'
import type { RateCounters } from '../model/rates.ts'
import type { OpenSpool } from '../model/spool.ts'
import type { TlsServerContext } from '../net/byte_stream.ts'
import type { Clock } from '../util/clock.ts'
import type { QueueIds } from './queue_id.ts'
import type { SaslServer } from './sasl.ts'
import type { SmtpConfig } from './settings.ts'

export interface SessionDoors {
  readonly config: SmtpConfig
  readonly judge: SessionJudge
  readonly hops: Hops
  readonly lists: SessionLists
  /** Null: nothing is counted (anvil(8) not there). */
  readonly rates: RateCounters | null
  /** Null: smtpd_tls_* gives no usable certificate. */
  readonly tls: TlsServerContext | null
  /** Null: smtpd_sasl_auth_enable = no. */
  readonly sasl: SaslServer | null
  /** Null: whole messages are not judged. */
  readonly messages: MessageJudging | null
  /** Null: senders stay as they are. */
  readonly srs: SenderRewriting | null
  /** For messages that wait for a verdict. */
  readonly openSpool: OpenSpool
  readonly queueIds: QueueIds
  readonly clock: Clock
  readonly emit: EmitEvent
  /** "12ab" of "12ab.5f….1": begins the policy instance attribute. */
  readonly pid: number
}

/** Who looks at whole messages. */
export interface MessageJudging {
  openMessage(): MessageJudge
  /** The verdict counts by itself, as a milter's does; else only what smtpd_end_of_data_restrictions make of it. */
  readonly asMilter: boolean
}

/** Sender Rewriting Scheme. */
export interface SenderRewriting {
  /** Under which sender mail of `sender` goes on to this recipient. */
  senderFor(sender: string, recipient: string): Promise<string>
  /** Whom mail to this recipient is for: the same, unless it is a sender that was rewritten here. */
  recipientFor(recipient: string): string
}

/** Where accepted mail can go. */
export interface Hops {
  readonly main: NextHop
  /** For HOLD; null: such mail is deferred with 451. */
  readonly hold: NextHop | null
  /** For FILTER "transport:destination"; null: there is none of that name. */
  filter(filter: string): NextHop | null
}

export interface ListClient {
  readonly address: string
  /** The verified name, or "unknown"; asked only when a list holds names. */
  name(): Promise<string>
}

export type ClientListParam =
  | 'smtpd_authorized_xclient_hosts'
  | 'smtpd_authorized_xforward_hosts'
  | 'smtpd_client_event_limit_exceptions'
  | 'smtpd_forbid_bare_newline_exclusions'
  | 'smtpd_sasl_exceptions_networks'
  | 'postern_proxy_hosts'

export type MapsParam =
  | 'smtpd_command_filter'
  | 'smtpd_reject_footer_maps'
  | 'smtpd_discard_ehlo_keyword_address_maps'
  | 'header_checks'
  | 'mime_header_checks'
  | 'nested_header_checks'
  | 'body_checks'

/** Match lists and tables that the session itself consults. An empty list answers at once. */
export interface SessionLists {
  hasClient(list: ClientListParam, client: ListClient): Promise<Lookup<true>>
  hasWord(
    list: 'smtpd_noop_commands' | 'smtpd_forbidden_commands' | 'smtpd_sasl_mechanism_filter',
    word: string,
  ): Promise<Lookup<true>>
  /** ETRN: domains that may be flushed. */
  hasDomain(list: 'fast_flush_domains', domain: string): Promise<Lookup<true>>
  /** The tables of the parameter in order, first answer wins. */
  find(maps: MapsParam, key: string): Promise<Lookup<string>>
}
