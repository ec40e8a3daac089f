import { ACCESS_PARAMS, accessQuery, checkServers, forbidPermit } from '../engine/access_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Judges the sender domain by its MX hosts and their addresses. */
export const check_sender_mx_access = restriction({
  name: 'check_sender_mx_access',
  needs: 'sender',
  argument: 'table',
  params: ACCESS_PARAMS,
  doc: `Search the access(5) table for the MX hosts and their addresses of the sender domain, and do what the entry says. The entry may refuse but not permit.`,
  async check(c) {
    const name = c.facts.sender
    if (name === null || name === '') return DUNNO
    const verdict = await checkServers(accessQuery(c, { name, class: 'Sender address' }), name, 'MX')
    return forbidPermit(verdict, c, { restriction: 'check_sender_mx_access', target: name })
  },
})
