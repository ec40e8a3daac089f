import { ACCESS_PARAMS, accessQuery, checkServers, forbidPermit } from '../engine/access_check.ts'
import { UNKNOWN } from '../engine/client_name.ts'
import { restriction } from '../engine/restriction.ts'
import { namaddr } from '../model/judge.ts'
import { DUNNO } from '../model/verdict.ts'

/** Judges the client hostname by its name servers and their addresses. */
export const check_client_ns_access = restriction({
  name: 'check_client_ns_access',
  needs: 'client',
  argument: 'table',
  params: ACCESS_PARAMS,
  doc: `Search the access(5) table for the name servers and their addresses of the client hostname, and do what the entry says. The entry may refuse but not permit.`,
  async check(c) {
    const client = await c.ask.clientName()
    if (client.name === UNKNOWN) return DUNNO
    const query = accessQuery(c, { name: namaddr(client, c.facts.client.address), class: 'Client host' })
    const verdict = await checkServers(query, client.name, 'NS')
    return forbidPermit(verdict, c, { restriction: 'check_client_ns_access', target: client.name })
  },
})
