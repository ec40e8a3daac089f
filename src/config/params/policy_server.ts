import { ownParams } from '../param.ts'
import { duration, octalMode, policyEndpoints } from '../types.ts'

const param = ownParams('postern')

/** The policy server: what check_policy_service of a Postfix asks. */
export const policyServerParams = [
  param({
    name: 'postern_policy_listen',
    type: policyEndpoints(),
    default: 'inet:127.0.0.1:10023',
    doc: `
      Where check_policy_service of a Postfix connects. Each endpoint may name the restrictions that it runs, as
      smtpd_recipient_restrictions would: inet:127.0.0.1:10023 { check_greylist }, unix:private/policyd-spf { check_spf },
      inet:[::1]:10024 { reject_rbl_client zen.spamhaus.org, check_spf, check_greylist }; check_greylist when it names none.
      All questions of a list are asked at once. A relative path is below queue_directory, as in Postfix; directories are not
      made, except in postern_state_directory. A permit ends the endpoint's own list and is answered DUNNO: nothing relays
      because of a policy server. A check_policy_service of our own lists that names one of the endpoints is answered without
      a connection. An address that cannot be had ends the start, but the default one is left, with a warning, to a
      Postgrey that has it. Nothing: no policy server.`,
  }),
  param({
    name: 'postern_policy_socket_mode',
    type: octalMode(),
    default: '0666',
    doc: 'Permissions of the Unix sockets in postern_policy_listen. Postgrey: --socketmode.',
  }),
  param({
    name: 'postern_policy_idle_limit',
    type: duration(1),
    default: '3600s',
    doc: `
      A policy connection that asks nothing for so long is closed. Postfix closes its own after
      smtpd_policy_service_max_idle.`,
  }),
] as const
