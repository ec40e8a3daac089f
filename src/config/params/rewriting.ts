import { postfixParams } from '../param.ts'
import { tableList, text, yesNo } from '../types.ts'

const param = postfixParams('rewriting')

export const rewritingParams = [
  param({
    name: 'append_at_myorigin',
    type: yesNo(),
    default: 'yes',
    doc: 'Complete "user" to user@$myorigin.',
  }),
  param({
    name: 'append_dot_mydomain',
    type: yesNo(),
    default: '${{$compatibility_level} <level {1} ? {yes} : {no}}',
    doc: 'Complete user@host to user@host.$mydomain.',
  }),
  param({
    name: 'allow_percent_hack',
    type: yesNo(),
    default: 'yes',
    doc: 'Read user%domain as user@domain.',
  }),
  param({
    name: 'swap_bangpath',
    type: yesNo(),
    default: 'yes',
    doc: 'Read site!user as user@site.',
  }),
  param({
    name: 'resolve_dequoted_address',
    type: yesNo(),
    default: 'yes',
    doc: 'Look for @ % ! in a quoted local part too: the safe reading.',
  }),
  param({
    name: 'resolve_null_domain',
    type: yesNo(),
    default: 'no',
    doc: 'Take user@ as a local address, not as one to refuse.',
  }),
  param({
    name: 'resolve_numeric_domain',
    type: yesNo(),
    default: 'no',
    doc: 'Take user@1.2.3.4 as user@[1.2.3.4], not as one to refuse.',
  }),
  param({
    name: 'allow_min_user',
    type: yesNo(),
    default: 'no',
    doc: 'Let addresses begin with "-", which careless programs take for an option.',
  }),
  param({
    name: 'remote_header_rewrite_domain',
    type: text(),
    default: '',
    doc: 'Completes addresses in headers of foreign clients. Nothing: leave them alone.',
  }),
  param({
    name: 'owner_request_special',
    type: yesNo(),
    default: 'yes',
    doc: 'Do not split owner-list and list-request at a "-" delimiter.',
  }),
  param({
    name: 'local_login_sender_maps',
    type: tableList(),
    default: 'static:*',
    doc: 'Sender addresses of local submission; known, unused.',
  }),
  param({
    name: 'enable_idna2003_compatibility',
    type: yesNo(),
    default: 'no',
    doc: 'Convert international names by the older IDNA rules; known, unused.',
  }),
] as const
