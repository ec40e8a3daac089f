import { ownParams, postfixParams } from '../param.ts'
import { duration, int, list, oneOf, yesNo } from '../types.ts'

const param = postfixParams('delivery')
const own = ownParams('delivery')

export const hopParams = [
  param({
    name: 'smtp_starttls_timeout',
    type: duration(1),
    default: '300s',
    doc: "How long the next hop's answer to STARTTLS and the TLS handshake may take.",
  }),
  param({
    name: 'smtp_xforward_timeout',
    type: duration(1),
    default: '300s',
    doc: 'How long its answer to XFORWARD may take.',
  }),
  param({
    name: 'smtp_skip_5xx_greeting',
    type: yesNo(),
    default: 'yes',
    doc: 'Take a greeting that refuses for good as one that refuses for now.',
  }),
  param({
    name: 'smtp_discard_ehlo_keywords',
    type: list(),
    default: '',
    doc: "Words of the next hop's answer to EHLO that are overlooked: pipelining, size, dsn …",
  }),
  param({
    name: 'smtp_connection_cache_time_limit',
    type: duration(1),
    default: '2s',
    doc: 'How long an idle connection to the next hop is kept for the next message.',
  }),
  param({
    name: 'smtp_connection_reuse_time_limit',
    type: duration(1),
    default: '300s',
    doc: 'How old a connection to the next hop may become.',
  }),
  param({
    name: 'smtp_connection_reuse_count_limit',
    type: int(),
    default: '0',
    doc: 'How many messages one connection to the next hop may carry; 0: no limit.',
  }),
  param({
    name: 'smtp_mx_address_limit',
    type: int(),
    default: '5',
    doc: 'How many addresses of the next hop are tried for one message; 0: all.',
  }),
  param({
    name: 'smtp_address_verify_target',
    type: oneOf('rcpt', 'data'),
    default: 'rcpt',
    doc: 'The command whose answer decides an address probe.',
  }),
  own({
    name: 'postern_send_xforward',
    type: yesNo(),
    default: 'yes',
    doc: "Tell the next hop the client's name, address, port, HELO and protocol, if it offers XFORWARD.",
  }),
  own({
    name: 'postern_verify_port',
    type: int({ min: 1, max: 65_535 }),
    default: '25',
    doc: 'The port at which the mail hosts of sender domains are asked by reject_unverified_sender.',
  }),
] as const
