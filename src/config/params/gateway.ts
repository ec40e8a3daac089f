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
      So much of a message waits in memory before the next hop sees any of it. Messages up to this size are judged as a
      whole first; of a bigger one the rest streams, and a HOLD, REDIRECT, BCC or FILTER that shows up only then defers it
      with 451.`,
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
