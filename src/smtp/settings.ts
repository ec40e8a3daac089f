import type { Config } from '../config/config.ts'

/** The parameters that the SMTP face reads. */
export type SmtpConfig = Pick<
  Config,
  | 'myhostname'
  | 'mail_name'
  | 'mail_version'
  | 'inet_protocols'
  | 'soft_bounce'
  | 'smtputf8_enable'
  | 'strict_smtputf8'
  | 'smtpd_banner'
  | 'smtpd_delay_reject'
  | 'smtpd_helo_required'
  | 'disable_vrfy_command'
  | 'strict_rfc821_envelopes'
  | 'smtpd_discard_ehlo_keywords'
  | 'smtpd_forbid_unauth_pipelining'
  | 'smtpd_forbid_bare_newline'
  | 'smtpd_forbid_bare_newline_reject_code'
  | 'smtpd_client_port_logging'
  | 'smtpd_hide_client_session'
  | 'smtpd_timeout'
  | 'smtpd_starttls_timeout'
  | 'smtpd_per_request_deadline'
  | 'smtpd_min_data_rate'
  | 'smtpd_delay_open_until_valid_rcpt'
  | 'smtpd_soft_error_limit'
  | 'smtpd_hard_error_limit'
  | 'smtpd_junk_command_limit'
  | 'smtpd_error_sleep_time'
  | 'smtpd_recipient_limit'
  | 'smtpd_recipient_overshoot_limit'
  | 'line_length_limit'
  | 'message_size_limit'
  | 'hopcount_limit'
  | 'header_size_limit'
  | 'smtpd_client_connection_count_limit'
  | 'smtpd_client_connection_rate_limit'
  | 'smtpd_client_message_rate_limit'
  | 'smtpd_client_recipient_rate_limit'
  | 'smtpd_client_new_tls_session_rate_limit'
  | 'smtpd_client_auth_rate_limit'
  | 'smtpd_client_ipv4_prefix_length'
  | 'smtpd_client_ipv6_prefix_length'
  | 'smtpd_sasl_auth_enable'
  | 'smtpd_sasl_type'
  | 'smtpd_sasl_service'
  | 'smtpd_sasl_security_options'
  | 'smtpd_sasl_tls_security_options'
  | 'smtpd_sasl_authenticated_header'
  | 'smtpd_sasl_response_limit'
  | 'broken_sasl_auth_clients'
  | 'smtpd_tls_security_level'
  | 'smtpd_use_tls'
  | 'smtpd_enforce_tls'
  | 'smtpd_tls_auth_only'
  | 'smtpd_tls_wrappermode'
  | 'smtpd_tls_ask_ccert'
  | 'smtpd_tls_req_ccert'
  | 'smtpd_tls_received_header'
  | 'smtpd_tls_loglevel'
  | 'smtpd_reject_footer'
  | 'smtpd_expansion_filter'
  | 'body_checks_size_limit'
  | 'mime_nesting_limit'
  | 'strict_7bit_headers'
  | 'strict_8bitmime'
  | 'strict_8bitmime_body'
  | 'strict_mime_encoding_domain'
  | 'mime_boundary_length_limit'
  | 'disable_mime_input_processing'
  | 'message_reject_characters'
  | 'message_strip_characters'
  | 'message_drop_headers'
  | 'cleanup_replace_stray_cr_lf'
  | 'header_checks'
  | 'mime_header_checks'
  | 'nested_header_checks'
  | 'body_checks'
  | 'enable_long_queue_ids'
  | 'postern_message_staging_size'
  | 'postern_message_judge_timeout'
  | 'smtpd_end_of_data_restrictions'
>

/** The same, and what is needed before a session begins. */
export type ServerConfig = SmtpConfig & Pick<Config, 'smtpd_upstream_proxy_protocol' | 'smtpd_upstream_proxy_timeout'>

/** Postfix: smtpd_tls_security_level wins over the older pair. */
export function tlsPolicy(
  config: Pick<Config, 'smtpd_tls_security_level' | 'smtpd_use_tls' | 'smtpd_enforce_tls' | 'smtpd_tls_wrappermode'>,
): {
  readonly offered: boolean
  readonly required: boolean
} {
  const level = config.smtpd_tls_security_level
  if (config.smtpd_tls_wrappermode) return { offered: true, required: true }
  if (level === '')
    return { offered: config.smtpd_use_tls || config.smtpd_enforce_tls, required: config.smtpd_enforce_tls }
  return { offered: level !== 'none', required: level === 'encrypt' }
}
