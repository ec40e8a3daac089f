import { postfixParams } from '../param.ts'
import { duration, filledText, int, tableList, text, yesNo } from '../types.ts'

const param = postfixParams('verify')

export const verifyParams = [
  param({
    name: 'address_verify_map',
    type: text(),
    default: 'btree:$data_directory/verify_cache',
    doc: 'Where Postfix keeps results of probes. Postern keeps them in its own store.',
  }),
  param({
    name: 'address_verify_sender',
    type: text(),
    default: '$double_bounce_sender',
    doc: 'The sender of address probes; nothing or <>: the null sender.',
  }),
  param({
    name: 'address_verify_sender_ttl',
    type: duration(),
    default: '0s',
    doc: 'How often the sender of probes changes; 0: never.',
  }),
  param({
    name: 'address_verify_negative_cache',
    type: yesNo(),
    default: 'yes',
    doc: 'Keep the results of probes that failed.',
  }),
  param({
    name: 'address_verify_positive_expire_time',
    type: duration(1),
    default: '31d',
    doc: 'How long a good result counts.',
  }),
  param({
    name: 'address_verify_positive_refresh_time',
    type: duration(1),
    default: '7d',
    doc: 'After this time a good result is probed again.',
  }),
  param({
    name: 'address_verify_negative_expire_time',
    type: duration(1),
    default: '3d',
    doc: 'How long a bad result counts.',
  }),
  param({
    name: 'address_verify_negative_refresh_time',
    type: duration(1),
    default: '3h',
    doc: 'After this time a bad result is probed again.',
  }),
  param({
    name: 'address_verify_cache_cleanup_interval',
    type: duration(),
    default: '12h',
    doc: 'How often old results are thrown away.',
  }),
  param({
    name: 'address_verify_pending_request_limit',
    type: int(),
    default: '5000',
    doc: 'The most probes on their way at a time.',
  }),
  param({
    name: 'address_verify_local_transport',
    type: filledText(),
    default: '$local_transport',
    doc: 'local_transport for probes.',
  }),
  param({
    name: 'address_verify_relay_transport',
    type: filledText(),
    default: '$relay_transport',
    doc: 'relay_transport for probes.',
  }),
  param({
    name: 'address_verify_virtual_transport',
    type: filledText(),
    default: '$virtual_transport',
    doc: 'virtual_transport for probes.',
  }),
  param({
    name: 'address_verify_default_transport',
    type: filledText(),
    default: '$default_transport',
    doc: 'default_transport for probes.',
  }),
  param({
    name: 'address_verify_relayhost',
    type: text(),
    default: '$relayhost',
    doc: 'relayhost for probes.',
  }),
  param({
    name: 'address_verify_transport_maps',
    type: tableList(),
    default: '$transport_maps',
    doc: 'transport_maps for probes.',
  }),
] as const
