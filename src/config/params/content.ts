import { postfixParams } from '../param.ts'
import { int, list, oneOf, size, tableList, text, yesNo } from '../types.ts'

const param = postfixParams('content')

export const contentParams = [
  param({
    name: 'header_checks',
    type: tableList(),
    default: '',
    doc: 'Tables of patterns for message headers; their actions are those of header_checks(5).',
  }),
  param({
    name: 'mime_header_checks',
    type: tableList(),
    default: '$header_checks',
    doc: 'The same for MIME headers.',
  }),
  param({
    name: 'nested_header_checks',
    type: tableList(),
    default: '$header_checks',
    doc: 'The same for headers of attached messages.',
  }),
  param({
    name: 'body_checks',
    type: tableList(),
    default: '',
    doc: 'Tables of patterns for lines of the body.',
  }),
  param({
    name: 'body_checks_size_limit',
    type: size(),
    default: '51200',
    doc: 'How much of each body part is looked at.',
  }),
  param({
    name: 'mime_nesting_limit',
    type: int({ min: 1 }),
    default: '100',
    doc: 'How deep MIME parts may be nested.',
  }),
  param({
    name: 'mime_boundary_length_limit',
    type: size({ min: 1 }),
    default: '2048',
    doc: 'How much of a MIME boundary counts.',
  }),
  param({
    name: 'disable_mime_input_processing',
    type: yesNo(),
    default: 'no',
    doc: 'Take all behind the headers for body.',
  }),
  param({
    name: 'strict_7bit_headers',
    type: yesNo(),
    default: 'no',
    doc: 'Refuse 8-bit text in headers.',
  }),
  param({
    name: 'strict_8bitmime',
    type: yesNo(),
    default: 'no',
    doc: 'Switch on strict_7bit_headers and strict_8bitmime_body.',
  }),
  param({
    name: 'strict_8bitmime_body',
    type: yesNo(),
    default: 'no',
    doc: 'Refuse 8-bit bodies without 8-bit MIME headers.',
  }),
  param({
    name: 'strict_mime_encoding_domain',
    type: yesNo(),
    default: 'no',
    doc: 'Refuse Content-Transfer-Encoding that RFC 2046 does not allow.',
  }),
  param({
    name: 'message_reject_characters',
    type: text(),
    default: '',
    doc: 'Characters that refuse a message, with C escapes.',
  }),
  param({
    name: 'message_strip_characters',
    type: text(),
    default: '',
    doc: 'Characters that are taken out of messages.',
  }),
  param({
    name: 'message_drop_headers',
    type: list(),
    default: 'bcc, content-length, resent-bcc, return-path',
    doc: 'Headers that are taken out of messages.',
  }),
  param({
    name: 'always_add_missing_headers',
    type: yesNo(),
    default: 'no',
    doc: 'Add Date, From, Message-ID to mail of strangers too.',
  }),
  param({
    name: 'always_bcc',
    type: text(),
    default: '',
    doc: 'Address that gets a copy of everything.',
  }),
  param({
    name: 'sender_bcc_maps',
    type: tableList(),
    default: '',
    doc: 'Addresses that get copies, by sender.',
  }),
  param({
    name: 'recipient_bcc_maps',
    type: tableList(),
    default: '',
    doc: 'Addresses that get copies, by recipient.',
  }),
  param({
    name: 'undisclosed_recipients_header',
    type: text(),
    default: '',
    doc: 'Added to a message without any recipient header.',
  }),
  param({
    name: 'header_from_format',
    type: oneOf('standard', 'obsolete'),
    default: 'standard',
    doc: 'The form of a From header that is made.',
  }),
  param({
    name: 'cleanup_replace_stray_cr_lf',
    type: yesNo(),
    default: 'yes',
    doc: 'Replace a lone CR or LF in a message by a blank.',
  }),
  param({
    name: 'enable_original_recipient',
    type: yesNo(),
    default: 'yes',
    doc: 'Add X-Original-To.',
  }),
  param({
    name: 'content_filter',
    type: text(),
    default: '',
    doc: "The filter that Postfix hands queued mail to. Postern's next hop does that: postern_next_hop.",
  }),
] as const
