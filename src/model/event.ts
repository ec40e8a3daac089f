/**
 * What happened, as data. Log lines (Postfix's own), JSON lines, counters, report, guard and dashboard are views of it.
 * Which daemon would have said it is part of the view (event/format.ts).
 */
export type Event =
  | { readonly kind: 'connect'; readonly client: string }
  | { readonly kind: 'disconnect'; readonly client: string; readonly commands: CommandCounts; readonly notes?: string }
  /** `after` is the last command: "lost connection after AUTH from …", "timeout after RCPT from …". */
  | {
      readonly kind: 'lost_connection' | 'timeout' | 'too_many_errors'
      readonly after: string
      readonly client: string
      readonly queueId: string | null
    }
  | VerdictEvent
  /** "QUEUEID: client=…" when a transaction gets its id. */
  | {
      readonly kind: 'accept_client'
      readonly queueId: string
      readonly client: string
      readonly sasl: { readonly method: string; readonly username: string; readonly sender: string } | null
      /** MAIL AUTH= of a client that has not signed in. */
      readonly saslSender?: string
      readonly origClient?: string
      readonly origQueueId?: string
    }
  | { readonly kind: 'message_id'; readonly queueId: string; readonly messageId: string }
  /** The next hop's answer for one recipient: status=sent|bounced|deferred. */
  | {
      readonly kind: 'delivery'
      readonly queueId: string
      readonly sender: string
      readonly recipient: string
      readonly relay: string
      readonly dsn: string
      readonly status: 'sent' | 'deferred' | 'bounced'
      readonly text: string
      readonly delaySeconds: number
    }
  /** Free text for lines that Postfix logs as "warning: …" or plain info; `text` in Postfix's own words. */
  | { readonly kind: 'warning' | 'info' | 'fatal' | 'error'; readonly text: string; readonly daemon?: Daemon }
  /** "warning: name[addr]: SASL LOGIN authentication failed: reason, sasl_username=user"; `username` null: before Postfix 3.8. */
  | {
      readonly kind: 'auth_failure'
      readonly client: string
      readonly method: string
      readonly reason: string
      readonly username: string | null
    }
  /** postscreen's verdicts: "PREGREET 14 after 0.2 from [addr]:port: text"; `what` is its first words, `text` the rest of the line. */
  | { readonly kind: 'screened'; readonly what: string; readonly client: string; readonly text: string }
  /** "QUEUEID: from=<…>, size=…, nrcpt=… (queue active)". */
  | {
      readonly kind: 'queued'
      readonly queueId: string
      readonly sender: string
      readonly size: number
      readonly recipients: number
    }
  /** "QUEUEID: removed": the queue is done with it. */
  | { readonly kind: 'removed'; readonly queueId: string }
  | ContentEvent

/** "NOQUEUE: reject: RCPT from name[addr]: 450 4.7.1 …; from=<…> to=<…> proto=ESMTP helo=<…>" (Postfix log_whatsup). */
export interface VerdictEvent {
  readonly kind: 'verdict'
  readonly whatsup:
    | 'reject'
    | 'reject_warning'
    | 'permit'
    | 'hold'
    | 'discard'
    | 'filter'
    | 'redirect'
    | 'bcc'
    | 'prepend'
    | 'info'
    | 'warn'
    | 'hangup'
    | 'milter-reject'
    | 'milter-hold'
  readonly queueId: string | null
  /** CONNECT, HELO, EHLO, MAIL, RCPT, DATA, END-OF-MESSAGE, ETRN, VRFY */
  readonly where: string
  readonly client: string
  readonly text: string
  /** Internal form; null: left out of the line. */
  readonly sender: string | null
  readonly recipient: string | null
  readonly protocol: string | null
  readonly helo: string | null
  /** smtpd's own without. */
  readonly daemon?: Daemon
  /** Identifier of the recorded trace (`postern why`). */
  readonly traceId?: string
}

/** Postfix's program that says a line, where it is not smtpd. */
export type Daemon =
  | 'smtpd'
  | 'postscreen'
  | 'qmgr'
  | 'cleanup'
  | 'smtp'
  | 'lmtp'
  | 'virtual'
  | 'master'
  | 'trivial-rewrite'
  | StandIn

/** A program beside Postfix whose work is done here; its lines do not begin with "postfix/". */
export type StandIn =
  | 'policyd-spf'
  | 'postgrey'
  /** Ourselves, where we are no SMTP server. */
  | 'postern'
  | 'postern/policy'
  | 'postern/milter'
  | 'postern/dmarc'
  | 'postern/report'
  | 'opendkim'
  | 'opendmarc'

/** "QUEUEID: reject: header Subject: … from name[addr]; from=<…> to=<…> proto=ESMTP helo=<…>: 5.7.1 text" (Postfix cleanup, header_checks and body_checks). */
export interface ContentEvent {
  readonly kind: 'content'
  readonly action:
    | 'reject'
    | 'warning'
    | 'info'
    | 'filter'
    | 'pass'
    | 'discard'
    | 'hold'
    | 'prepend'
    | 'replace'
    | 'redirect'
    | 'bcc'
    | 'strip'
  readonly queueId: string
  readonly place: 'header' | 'body' | 'content'
  /** The header or line that matched; at most its first 200 characters are logged. */
  readonly content: string
  readonly client: string
  readonly sender: string
  /** The first recipient. */
  readonly recipient: string | null
  readonly protocol: string
  readonly helo: string | null
  /** Optional text of the action; '' none. */
  readonly text: string
}

/** "ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4": per verb [accepted, total]. */
export type CommandCounts = ReadonlyMap<string, { readonly good: number; readonly total: number }>

/** Whoever takes events: the log, counters, the store. Never throws, never blocks. */
export type EmitEvent = (event: Event) => void
