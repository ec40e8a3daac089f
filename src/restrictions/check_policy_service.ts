import { accessVerdict } from '../engine/access.ts'
import { restriction } from '../engine/restriction.ts'

/** Asks a policy server. Postfix: SMTPD_POLICY_README. */
export const check_policy_service = restriction({
  name: 'check_policy_service',
  needs: 'moment',
  ownTimeout: true,
  argument: 'server',
  params: ['access_map_reject_code', 'access_map_defer_code'],
  doc: `Ask the policy server at inet:host:port or unix:path what to do. The answer is an access(5) action. When the
    server does not answer, smtpd_policy_service_default_action counts. An endpoint of postern_policy_listen is answered
    without a connection.`,
  async check({ ask, argument, subject, config }) {
    const answer = await ask.policy(argument, await ask.clientName())
    const action = answer.status === 'action' ? answer.action : answer.defaultAction
    return accessVerdict(action, { table: serverName(argument), key: 'policy query', subject }, { ask, config })
  },
})

/** The endpoint without the options of the `{ inet:host:port, timeout=… }` form. */
function serverName(argument: string): string {
  return argument.startsWith('{') ? (/[^{}\s,]+/.exec(argument)?.[0] ?? argument) : argument
}
