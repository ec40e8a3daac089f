import { ownParams } from '../param.ts'
import { duration, endpoints, octalMode } from '../types.ts'

const param = ownParams('postern')

/** The milter: what smtpd_milters of a Postfix asks. */
export const milterServerParams = [
  param({
    name: 'postern_milter_listen',
    type: endpoints(),
    default: 'inet:127.0.0.1:8893',
    doc: `
      Where smtpd_milters of a Postfix connects, or a sendmail: the milter checks SPF, DKIM, ARC and DMARC of each message,
      as OpenDKIM and OpenDMARC do. A relative path is below queue_directory, as in Postfix; directories are not made, except
      in postern_state_directory. An address that cannot be had ends the start, but the default one is left, with a
      warning, to an OpenDMARC that has it. Nothing: no milter.`,
  }),
  param({
    name: 'postern_milter_socket_mode',
    type: octalMode(),
    default: '0666',
    doc: 'Permissions of the Unix sockets in postern_milter_listen.',
  }),
  param({
    name: 'postern_milter_idle_limit',
    type: duration(1),
    default: '7210s',
    doc: `
      A milter connection on which nothing is said for so long is closed. It lives as long as a session of the MTA's client,
      which may upload a message for long before the milter sees any of it. libmilter: smfi_settimeout, with the same default.`,
  }),
] as const
