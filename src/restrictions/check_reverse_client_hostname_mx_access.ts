import { ACCESS_PARAMS, accessQuery, checkServers, forbidPermit } from '../engine/access_check.ts'
import { UNKNOWN } from '../engine/client_name.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Judges the unverified reverse client hostname by its MX hosts and their addresses. */
export const check_reverse_client_hostname_mx_access = restriction({
  name: 'check_reverse_client_hostname_mx_access',
  needs: 'client',
  argument: 'table',
  params: ACCESS_PARAMS,
  doc: `Search the access(5) table for the MX hosts and their addresses of the unverified reverse client hostname, and do what the entry says. The entry may refuse but not permit.`,
  async check(c) {
    const { reverseName } = await c.ask.clientName()
    if (reverseName === UNKNOWN) return DUNNO
    const query = accessQuery(c, { name: reverseName, class: 'Unverified Client host' })
    const verdict = await checkServers(query, reverseName, 'MX')
    return forbidPermit(verdict, c, { restriction: 'check_reverse_client_hostname_mx_access', target: reverseName })
  },
})
