import { ownParams } from '../param.ts'
import { duration, matchList, size, text } from '../types.ts'

const param = ownParams('postern')

export const gatewayParams = [
  param({
    name: 'postern_proxy_hosts',
    type: matchList(),
    default: '',
    doc: `
      Load balancers that tell the client's address with the PROXY protocol, when smtpd_upstream_proxy_protocol is
      haproxy. Connections from anywhere else are refused then. Nothing: none may, and none gets in.`,
  }),
  param({
    name: 'postern_check_timeout',
    type: duration(1),
    default: '30s',
    doc: `
      How long one restriction may take over DNS and tables. One that takes longer is cut off: the client is told 451
      and the log names the restriction. Policy services, probes and sleep have limits of their own.`,
  }),
  param({
    name: 'postern_message_staging_size',
    type: size(),
    default: '262144',
    doc: `
      So much of a message waits in memory before the next hop sees any of it; of a bigger one the rest streams. Where
      its content or its end may still decide where it goes (header_checks and the like, smtpd_end_of_data_restrictions,
      check_dmarc), the whole message waits, and beyond this size it does so in a file without a name in
      $postern_state_directory/spool.`,
  }),
  param({
    name: 'postern_message_spool_limit',
    type: size(),
    default: '1073741824',
    doc: `
      So many bytes of all messages together may wait in files, divided evenly among the workers. A message for which
      there is no room is deferred with 452.`,
  }),
  param({
    name: 'postern_message_judge_timeout',
    type: duration(1),
    default: '30s',
    doc: `
      How long DKIM, DMARC and ARC may take over a message that has come whole. One that takes longer passes unjudged, and
      the log says so.`,
  }),
  param({
    name: 'postern_hold_hop',
    type: text(),
    default: 'maildir:$postern_state_directory/hold',
    doc: 'Where the HOLD action puts mail, written as postern_next_hop. Nothing: such mail is deferred with 451.',
  }),
  param({
    name: 'postern_stop_timeout',
    type: duration(),
    default: '30s',
    doc: `
      How long sessions may go on when the gateway is told to end. Those between two transactions are told 421 at once;
      those in a transaction when it is over, or when this time is.`,
  }),
] as const
