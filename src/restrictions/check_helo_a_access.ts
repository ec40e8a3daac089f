import { ACCESS_PARAMS, accessQuery, checkServers, forbidPermit } from '../engine/access_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Judges the HELO name by its addresses. */
export const check_helo_a_access = restriction({
  name: 'check_helo_a_access',
  needs: 'helo',
  argument: 'table',
  params: ACCESS_PARAMS,
  doc: `Search the access(5) table for the addresses of the HELO name, and do what the entry says. The entry may refuse but not permit.`,
  async check(c) {
    const name = c.facts.helo?.name ?? null
    if (name === null) return DUNNO
    const verdict = await checkServers(accessQuery(c, { name, class: 'Helo command' }), name, 'A')
    return forbidPermit(verdict, c, { restriction: 'check_helo_a_access', target: name })
  },
})
