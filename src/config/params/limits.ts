import { postfixParams } from '../param.ts'
import { duration, int, matchList, size } from '../types.ts'

const param = postfixParams('limits')

export const limitsParams = [
  param({
    name: 'smtpd_soft_error_limit',
    type: int({ min: 1 }),
    default: '10',
    doc: 'From so many errors on, answers are delayed by smtpd_error_sleep_time.',
  }),
  param({
    name: 'smtpd_hard_error_limit',
    type: int({ min: 1 }),
    default: '${stress?{1}:{20}}',
    doc: 'After so many errors the session ends with 421.',
  }),
  param({
    name: 'smtpd_junk_command_limit',
    type: int({ min: 1 }),
    default: '${stress?{1}:{100}}',
    doc: 'NOOP, VRFY, ETRN, RSET beyond this number count as errors.',
  }),
  param({
    name: 'smtpd_error_sleep_time',
    type: duration(),
    default: '1s',
    doc: 'The delay of answers between soft and hard error limit.',
  }),
  param({
    name: 'smtpd_history_flush_threshold',
    type: int({ min: 1 }),
    default: '100',
    doc: 'The longest list of commands kept for postmaster mail; known, unused.',
  }),
  param({
    name: 'smtpd_recipient_limit',
    type: int({ min: 1 }),
    default: '1000',
    doc: 'The most recipients of one message; 452 beyond. RFC 5321 wants 100 at least.',
  }),
  param({
    name: 'smtpd_recipient_overshoot_limit',
    type: int({ min: 1 }),
    default: '1000',
    doc: 'Recipients refused for smtpd_recipient_limit that are no errors.',
  }),
  param({
    name: 'line_length_limit',
    type: size({ min: 512 }),
    default: '2048',
    doc: 'The longest line that is kept whole.',
  }),
  param({
    name: 'message_size_limit',
    type: size(),
    default: '10240000',
    doc: 'The largest message; 0: no limit. Offered as SIZE.',
  }),
  param({
    name: 'hopcount_limit',
    type: int({ min: 1 }),
    default: '50',
    doc: 'The most Received lines before a message is held to be looping.',
  }),
  param({
    name: 'header_size_limit',
    type: size({ min: 1 }),
    default: '102400',
    doc: 'The most of one header that is kept.',
  }),
  param({
    name: 'header_address_token_limit',
    type: int({ min: 1 }),
    default: '10240',
    doc: 'The most address parts of one header; known, unused.',
  }),
  param({
    name: 'queue_minfree',
    type: size(),
    default: '0',
    doc: 'Free space that Postfix wants for its queue; known, unused.',
  }),
  param({
    name: 'smtpd_client_connection_count_limit',
    type: int(),
    default: '50',
    doc: 'Sessions at the same time from one client; 0: no limit.',
  }),
  param({
    name: 'smtpd_client_connection_rate_limit',
    type: int(),
    default: '0',
    doc: 'Sessions in anvil_rate_time_unit from one client; 0: no limit.',
  }),
  param({
    name: 'smtpd_client_message_rate_limit',
    type: int(),
    default: '0',
    doc: 'MAIL commands in anvil_rate_time_unit from one client; 0: no limit.',
  }),
  param({
    name: 'smtpd_client_recipient_rate_limit',
    type: int(),
    default: '0',
    doc: 'RCPT commands in anvil_rate_time_unit from one client; 0: no limit.',
  }),
  param({
    name: 'smtpd_client_new_tls_session_rate_limit',
    type: int(),
    default: '0',
    doc: 'New TLS sessions in anvil_rate_time_unit from one client; 0: no limit.',
  }),
  param({
    name: 'smtpd_client_auth_rate_limit',
    type: int(),
    default: '0',
    doc: 'AUTH commands in anvil_rate_time_unit from one client; 0: no limit.',
  }),
  param({
    name: 'smtpd_client_event_limit_exceptions',
    type: matchList(),
    default: '${smtpd_client_connection_limit_exceptions:$mynetworks}',
    doc: 'Clients that the limits above do not bind.',
  }),
  param({
    name: 'smtpd_client_ipv4_prefix_length',
    type: int({ max: 32 }),
    default: '32',
    since: '3.8',
    doc: 'How much of an IPv4 address makes a client for the limits above.',
  }),
  param({
    name: 'smtpd_client_ipv6_prefix_length',
    type: int({ max: 128 }),
    default: '84',
    since: '3.8',
    doc: 'How much of an IPv6 address makes a client for the limits above.',
  }),
  param({
    name: 'anvil_rate_time_unit',
    type: duration(1),
    default: '60s',
    doc: 'The time unit of the rate limits above.',
  }),
  param({
    name: 'anvil_status_update_time',
    type: duration(1),
    default: '600s',
    doc: 'How often the highest rates are logged.',
  }),
  param({
    name: 'default_process_limit',
    type: int({ min: 1 }),
    default: '100',
    doc: "How many smtpd processes Postfix runs; Postern's processes serve many clients each.",
  }),
  param({
    name: 'in_flow_delay',
    type: duration(),
    default: '1s',
    doc: "Postfix's brake while its queue fills; known, unused.",
  }),
  param({
    name: 'virtual_alias_expansion_limit',
    type: int({ min: 1 }),
    default: '1000',
    doc: 'The most addresses that an alias may come to.',
  }),
  param({
    name: 'virtual_alias_recursion_limit',
    type: int({ min: 1 }),
    default: '1000',
    doc: 'The deepest nesting of aliases.',
  }),
  param({
    name: 'virtual_alias_address_length_limit',
    type: size({ min: 1 }),
    default: '1000',
    doc: 'The longest address that an alias may come to.',
  }),
  param({
    name: 'ipc_timeout',
    type: duration(1),
    default: '3600s',
    doc: 'How long one Postfix process waits for another; bounds socketmap: and tcp: answers in Postfix.',
  }),
] as const
