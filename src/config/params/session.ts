import { postfixParams } from '../param.ts'
import { duration, filledText, int, list, matchList, oneOf, tableList, text, yesNo } from '../types.ts'

const param = postfixParams('session')

export const sessionParams = [
  param({
    name: 'smtpd_banner',
    type: filledText(),
    default: '$myhostname ESMTP $mail_name',
    doc: 'What follows the 220 of the greeting. RFC 5321 wants the host name first.',
  }),
  param({
    name: 'disable_vrfy_command',
    type: yesNo(),
    default: 'no',
    doc: 'Do not offer VRFY; it is answered 502.',
  }),
  param({
    name: 'strict_rfc821_envelopes',
    type: yesNo(),
    default: 'no',
    doc: 'Want addresses in MAIL FROM and RCPT TO in angle brackets and without comments.',
  }),
  param({
    name: 'smtpd_discard_ehlo_keywords',
    type: list(),
    default: '',
    doc: 'EHLO words that are not offered; silent-discard: without a log line.',
  }),
  param({
    name: 'smtpd_discard_ehlo_keyword_address_maps',
    type: tableList(),
    default: '',
    doc: 'The same by client address.',
  }),
  param({
    name: 'smtpd_command_filter',
    type: tableList(),
    default: '',
    doc: 'A table that every command line passes and that may replace it.',
  }),
  param({
    name: 'smtpd_noop_commands',
    type: list(),
    default: '',
    doc: 'Commands that are answered 250 and do nothing.',
  }),
  param({
    name: 'smtpd_forbidden_commands',
    type: list(),
    default: 'CONNECT GET POST regexp:{{/^[^A-Z]/ Bogus}}',
    doc: 'Commands that end the session: their sender speaks no SMTP.',
  }),
  param({
    name: 'smtpd_forbid_unauth_pipelining',
    type: yesNo(),
    default: 'no',
    doc: 'End the session of a client that sends commands before it may (RFC 2920). Postfix 3.9 and later say yes.',
  }),
  param({
    name: 'smtpd_forbid_bare_newline',
    type: oneOf('no', 'yes', 'normalize', 'note', 'reject'),
    default: 'normalize',
    doc: `
      What is done about lines that end in LF alone, with which mail can be smuggled past a check: normalize (yes)
      takes CR LF . CR LF as the only end of a message that also has a bare LF; reject refuses; note only logs; no is
      as it was. Postfix 3.7 has "no"; the default here is that of 3.9, for safety.`,
  }),
  param({
    name: 'smtpd_forbid_bare_newline_exclusions',
    type: matchList(),
    default: '$mynetworks',
    doc: 'Clients to whom smtpd_forbid_bare_newline does not apply.',
  }),
  param({
    name: 'smtpd_client_port_logging',
    type: yesNo(),
    default: 'no',
    doc: "Show the client's port in log lines.",
  }),
  param({
    name: 'smtpd_hide_client_session',
    type: yesNo(),
    default: 'no',
    since: '3.10',
    doc: 'Leave client, login and TLS out of the Received header; for submission ports only.',
  }),
  param({
    name: 'smtpd_upstream_proxy_protocol',
    type: oneOf('', 'haproxy'),
    default: '',
    doc: 'The protocol of the load balancer in front: haproxy (PROXY protocol, versions 1 and 2).',
  }),
  param({
    name: 'smtpd_upstream_proxy_timeout',
    type: duration(1),
    default: '5s',
    doc: 'How long the load balancer has for its first line.',
  }),
  param({
    name: 'smtpd_timeout',
    type: duration(1),
    default: '${stress?{10}:{300}}s',
    doc: 'How long a client may be silent.',
  }),
  param({
    name: 'smtpd_starttls_timeout',
    type: duration(1),
    default: '${stress?{10}:{300}}s',
    doc: 'How long a TLS handshake may take.',
  }),
  param({
    name: 'smtpd_per_request_deadline',
    type: yesNo(),
    default: '${smtpd_per_record_deadline?{$smtpd_per_record_deadline}:{${stress?{yes}:{no}}}}',
    doc: 'Let smtpd_timeout be the time for a whole command or message part, not for each read.',
  }),
  param({
    name: 'smtpd_min_data_rate',
    type: int({ min: 1 }),
    default: '500',
    doc: 'Bytes a second that a client must send with smtpd_per_request_deadline.',
  }),
  param({
    name: 'smtpd_delay_open_until_valid_rcpt',
    type: yesNo(),
    default: 'yes',
    doc: 'Give a message its queue id at the first good recipient, not at MAIL FROM.',
  }),
  param({
    name: 'smtpd_service_name',
    type: text(),
    default: 'smtpd',
    doc: "The name of Postfix's service behind postscreen; known, unused.",
  }),
  param({
    name: 'smtpd_proxy_filter',
    type: text(),
    default: '',
    doc: `
      A content filter that Postfix passes mail through before it answers. Postern's next hop does that:
      postern_next_hop.`,
  }),
  param({
    name: 'smtpd_proxy_ehlo',
    type: text(),
    default: '$myhostname',
    doc: 'What the filter of smtpd_proxy_filter is told at EHLO.',
  }),
  param({
    name: 'smtpd_proxy_options',
    type: list(),
    default: '',
    doc: 'Options for smtpd_proxy_filter.',
  }),
  param({
    name: 'smtpd_proxy_timeout',
    type: duration(1),
    default: '100s',
    doc: 'How long smtpd_proxy_filter may take.',
  }),
  param({
    name: 'receive_override_options',
    type: list(),
    default: '',
    doc: 'Steps that Postfix leaves out when it receives mail, such as no_header_body_checks and no_address_mappings.',
  }),
  param({
    name: 'enable_long_queue_ids',
    type: yesNo(),
    default: 'no',
    doc: 'Queue ids that are not used twice.',
  }),
  param({
    name: 'address_verify_poll_count',
    type: int({ min: 1 }),
    default: '${stress?{1}:{3}}',
    doc: 'How often the result of an address probe is waited for.',
  }),
  param({
    name: 'address_verify_poll_delay',
    type: duration(1),
    default: '3s',
    doc: 'How long one wait for an address probe is.',
  }),
  param({
    name: 'fast_flush_domains',
    type: matchList(),
    default: '$relay_domains',
    doc: 'The domains for which ETRN is answered with 250. There is no queue that it could flush.',
  }),
] as const
