import { ACCESS_PARAMS, accessQuery, checkServers, forbidPermit } from '../engine/access_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Judges the recipient domain by its name servers and their addresses. */
export const check_recipient_ns_access = restriction({
  name: 'check_recipient_ns_access',
  needs: 'recipient',
  argument: 'table',
  params: ACCESS_PARAMS,
  doc: `Search the access(5) table for the name servers and their addresses of the recipient domain, and do what the entry says. The entry may refuse but not permit.`,
  async check(c) {
    const name = c.facts.recipient
    if (name === null || name === '') return DUNNO
    const verdict = await checkServers(accessQuery(c, { name, class: 'Recipient address' }), name, 'NS')
    return forbidPermit(verdict, c, { restriction: 'check_recipient_ns_access', target: name })
  },
})
