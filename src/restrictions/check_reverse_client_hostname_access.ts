import { ACCESS_PARAMS, accessQuery, checkNameAndAddress, forbidPermit } from '../engine/access_check.ts'
import { restriction } from '../engine/restriction.ts'

/** Judges the client by its unverified name and its address. */
export const check_reverse_client_hostname_access = restriction({
  name: 'check_reverse_client_hostname_access',
  needs: 'client',
  argument: 'table',
  params: ACCESS_PARAMS,
  doc: `Search the access(5) table for the unverified reverse client hostname, its parent domains, the client address and its networks. The entry may refuse but not permit: anyone can choose such a name.`,
  async check(c) {
    const { reverseName } = await c.ask.clientName()
    const query = accessQuery(c, { name: reverseName, class: 'Unverified Client host' })
    const verdict = await checkNameAndAddress(query, reverseName, c.facts.client.address)
    return forbidPermit(verdict, c, { restriction: 'check_reverse_client_hostname_access', target: reverseName })
  },
})
