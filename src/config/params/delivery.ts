import { postfixParams } from '../param.ts'
import { duration, filledText, oneOf, text } from '../types.ts'

const param = postfixParams('delivery')

export const deliveryParams = [
  param({
    name: 'smtp_helo_name',
    type: filledText(),
    default: '$myhostname',
    doc: 'What the next hop is told at EHLO.',
  }),
  param({
    name: 'lmtp_lhlo_name',
    type: filledText(),
    default: '$myhostname',
    doc: 'What the next hop is told at LHLO.',
  }),
  param({
    name: 'smtp_connect_timeout',
    type: duration(),
    default: '30s',
    doc: 'How long connecting to the next hop may take.',
  }),
  param({
    name: 'smtp_helo_timeout',
    type: duration(1),
    default: '300s',
    doc: 'How long its greeting and its answer to EHLO may take.',
  }),
  param({
    name: 'smtp_mail_timeout',
    type: duration(1),
    default: '300s',
    doc: 'How long its answer to MAIL may take.',
  }),
  param({
    name: 'smtp_rcpt_timeout',
    type: duration(1),
    default: '300s',
    doc: 'How long its answer to RCPT may take.',
  }),
  param({
    name: 'smtp_data_init_timeout',
    type: duration(1),
    default: '120s',
    doc: 'How long its answer to DATA may take.',
  }),
  param({
    name: 'smtp_data_xfer_timeout',
    type: duration(1),
    default: '180s',
    doc: 'How long it may take to swallow a piece of the message.',
  }),
  param({
    name: 'smtp_data_done_timeout',
    type: duration(1),
    default: '600s',
    doc: 'How long its answer to the message may take.',
  }),
  param({
    name: 'smtp_rset_timeout',
    type: duration(1),
    default: '20s',
    doc: 'How long its answer to RSET may take.',
  }),
  param({
    name: 'smtp_quit_timeout',
    type: duration(1),
    default: '300s',
    doc: 'How long its answer to QUIT may take.',
  }),
  param({
    name: 'smtp_tls_security_level',
    type: oneOf('', 'none', 'may', 'encrypt', 'dane', 'dane-only', 'fingerprint', 'verify', 'secure'),
    default: '',
    doc: 'TLS to the next hop.',
  }),
  param({
    name: 'smtp_tls_CAfile',
    type: text(),
    default: '',
    doc: "The authorities that the next hop's certificate is checked against.",
  }),
  param({
    name: 'smtp_tls_CApath',
    type: text(),
    default: '',
    doc: 'The same as a directory.',
  }),
  param({
    name: 'smtp_bind_address',
    type: text(),
    default: '',
    doc: 'The IPv4 address that connections to the next hop come from.',
  }),
  param({
    name: 'smtp_bind_address6',
    type: text(),
    default: '',
    doc: 'The IPv6 address that connections to the next hop come from.',
  }),
] as const
