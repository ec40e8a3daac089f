import type { Config } from '../config/config.ts'

/** What the client side of SMTP and LMTP is told by main.cf; times in milliseconds. */
export interface HopSettings {
  /** $myhostname: who we are where a Unix-domain socket has no name of its own. */
  readonly myhostname: string
  /** Where relative paths of Unix-domain sockets begin, as for Postfix lmtp(8). */
  readonly queueDirectory: string
  /** smtp_helo_name. */
  readonly heloName: string
  /** lmtp_lhlo_name. */
  readonly lhloName: string
  readonly timeouts: HopTimeouts
  /** smtp_tls_security_level: none, may (take it if offered), encrypt (or no delivery). Certificates are not verified. */
  readonly tlsLevel: 'none' | 'may' | 'encrypt'
  /** XFORWARD to a next hop that offers it: NAME, ADDR, PORT, PROTO, HELO. */
  readonly sendXforward: boolean
  /** A 5xx greeting is taken as temporary (smtp_skip_5xx_greeting). */
  readonly skip5xxGreeting: boolean
  /** smtp_discard_ehlo_keywords, lower case. */
  readonly discardKeywords: ReadonlySet<string>
  /** line_length_limit, for reply lines. */
  readonly lineLimit: number
  /** How long an idle connection is kept for the next transaction; 0: not at all. */
  readonly idleMs: number
  /** smtp_connection_reuse_time_limit and smtp_connection_reuse_count_limit (0: no limit). */
  readonly reuseMs: number
  readonly reuseCount: number
  /** smtp_mx_address_limit: addresses tried per transaction (0: all). */
  readonly addressLimit: number
  /** inet_protocols has them. */
  readonly ipv4: boolean
  readonly ipv6: boolean
}

/** smtp_…_timeout. */
export interface HopTimeouts {
  readonly connect: number
  readonly helo: number
  readonly startTls: number
  readonly xforward: number
  readonly mail: number
  readonly rcpt: number
  readonly dataInit: number
  /** For each write while the message goes out. */
  readonly dataXfer: number
  readonly dataDone: number
  readonly rset: number
}

export type HopParam =
  | 'myhostname'
  | 'queue_directory'
  | 'smtp_helo_name'
  | 'lmtp_lhlo_name'
  | 'smtp_connect_timeout'
  | 'smtp_helo_timeout'
  | 'smtp_starttls_timeout'
  | 'smtp_xforward_timeout'
  | 'smtp_mail_timeout'
  | 'smtp_rcpt_timeout'
  | 'smtp_data_init_timeout'
  | 'smtp_data_xfer_timeout'
  | 'smtp_data_done_timeout'
  | 'smtp_rset_timeout'
  | 'smtp_tls_security_level'
  | 'smtp_skip_5xx_greeting'
  | 'smtp_discard_ehlo_keywords'
  | 'smtp_connection_cache_time_limit'
  | 'smtp_connection_reuse_time_limit'
  | 'smtp_connection_reuse_count_limit'
  | 'smtp_mx_address_limit'
  | 'line_length_limit'
  | 'inet_protocols'
  | 'postern_send_xforward'

/** Takes them from main.cf. `problem`: a TLS level that would promise more than is done. */
export function hopSettings(
  config: Pick<Config, HopParam>,
): { readonly settings: HopSettings } | { readonly problem: string } {
  const level = config.smtp_tls_security_level
  if (level !== '' && level !== 'none' && level !== 'may' && level !== 'encrypt') {
    return {
      problem: `smtp_tls_security_level = ${level} is not offered: certificates of the next hop are not verified; use none, may or encrypt`,
    }
  }
  const protocols = config.inet_protocols
  const all = protocols.includes('all')
  return {
    settings: {
      myhostname: config.myhostname,
      queueDirectory: config.queue_directory,
      heloName: config.smtp_helo_name,
      lhloName: config.lmtp_lhlo_name,
      timeouts: hopTimeouts(config),
      tlsLevel: level === '' ? 'none' : level,
      sendXforward: config.postern_send_xforward,
      skip5xxGreeting: config.smtp_skip_5xx_greeting,
      discardKeywords: new Set(config.smtp_discard_ehlo_keywords.map(word => word.toLowerCase())),
      lineLimit: config.line_length_limit,
      idleMs: config.smtp_connection_cache_time_limit * 1000,
      reuseMs: config.smtp_connection_reuse_time_limit * 1000,
      reuseCount: config.smtp_connection_reuse_count_limit,
      addressLimit: config.smtp_mx_address_limit,
      ipv4: all || protocols.includes('ipv4'),
      ipv6: all || protocols.includes('ipv6'),
    },
  }
}

function hopTimeouts(config: Pick<Config, HopParam>): HopTimeouts {
  return {
    connect: config.smtp_connect_timeout * 1000,
    helo: config.smtp_helo_timeout * 1000,
    startTls: config.smtp_starttls_timeout * 1000,
    xforward: config.smtp_xforward_timeout * 1000,
    mail: config.smtp_mail_timeout * 1000,
    rcpt: config.smtp_rcpt_timeout * 1000,
    dataInit: config.smtp_data_init_timeout * 1000,
    dataXfer: config.smtp_data_xfer_timeout * 1000,
    dataDone: config.smtp_data_done_timeout * 1000,
    rset: config.smtp_rset_timeout * 1000,
  }
}
