import type { MessageVerdict } from './mail_auth.ts'

/** What was said, and nothing that must be asked. Plain data, frozen per step: a new HELO makes a new Facts. */
export interface Facts {
  readonly client: ClientFacts
  readonly server: { readonly address: string; readonly port: number | null }
  /** Null before HELO/EHLO. */
  readonly helo: HeloFacts | null
  readonly tls: TlsFacts | null
  readonly sasl: SaslFacts | null
  /** Envelope sender in internal form (no quotes, no source route, no angle brackets); '' is the null sender `<>`. Null before MAIL. */
  readonly sender: string | null
  /** Envelope recipient in the same form. Null where there is none, or (DATA, end of data) more than one. */
  readonly recipient: string | null
  /** Recipients accepted so far in this transaction. */
  readonly recipientCount: number
  /** Argument of ETRN. */
  readonly etrnDomain: string | null
  /** What MAIL SIZE= announced or, at end of data, what was received; bytes. */
  readonly size: number
  readonly smtputf8: boolean
  /** The command being judged, as log lines name it: CONNECT, HELO, EHLO, MAIL, RCPT, DATA, END-OF-MESSAGE, ETRN, VRFY. */
  readonly where: string
  /** "SMTP", "ESMTP"; null before HELO. */
  readonly protocol: string | null
  /** The client sent something before it was allowed to (see reject_unauth_pipelining). */
  readonly pipelinedEarly: boolean
  /** Queue id of the transaction once there is one, as log lines show it. */
  readonly queueId: string | null
  /** What was found out about the whole message; at end of data only, and only where whole messages are judged. */
  readonly message?: MessageVerdict | null
  /** Stays the same for all policy requests about one message (Postfix SMTPD_POLICY_README "instance"). */
  readonly instance: string
}

export interface ClientFacts {
  /** Canonical text: IPv4 dotted, IPv6 RFC 5952; ::ffff:1.2.3.4 is already 1.2.3.4. 'unknown' only when XCLIENT says so. */
  readonly address: string
  readonly port: number | null
  /** Names that a trusted proxy told (XCLIENT); undefined: ask the DNS. null: told as [UNAVAILABLE]. */
  readonly toldName?: string | null | 'tempunavail'
  readonly toldReverseName?: string | null | 'tempunavail'
}

export interface HeloFacts {
  /** As Postfix shows it: non-printable bytes as "?". */
  readonly name: string
  readonly esmtp: boolean
}

export interface TlsFacts {
  readonly protocol: string
  readonly cipher: string
  readonly keyBits: number
  /** Client certificate as presented; null without one. */
  readonly clientCert: ClientCert | null
}

export interface ClientCert {
  /** The chain verified against smtpd_tls_CAfile / CApath. */
  readonly trusted: boolean
  readonly subjectCommonName: string
  readonly issuerCommonName: string
  /** Upper-case hex pairs joined by ":", by smtpd_tls_fingerprint_digest. */
  readonly certFingerprint: string
  readonly publicKeyFingerprint: string
}

export interface SaslFacts {
  readonly method: string
  readonly username: string
  /** MAIL AUTH=, or ''. */
  readonly sender: string
}
