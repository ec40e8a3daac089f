import { ACCESS_PARAMS, accessQuery, checkNameAndAddress } from '../engine/access_check.ts'
import { restriction } from '../engine/restriction.ts'
import { namaddr } from '../model/judge.ts'

/** Judges the client by its name and address. */
export const check_client_access = restriction({
  name: 'check_client_access',
  needs: 'client',
  argument: 'table',
  params: ACCESS_PARAMS,
  doc: `Search the access(5) table for the client hostname, its parent domains, the client address and the networks it is in, and do what the entry says.`,
  async check(c) {
    const { address } = c.facts.client
    const client = await c.ask.clientName()
    const query = accessQuery(c, { name: namaddr(client, address), class: 'Client host' })
    return checkNameAndAddress(query, client.name, address)
  },
})
