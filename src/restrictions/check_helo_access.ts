import { ACCESS_PARAMS, accessQuery, checkDomain } from '../engine/access_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Judges the client by its HELO name. */
export const check_helo_access = restriction({
  name: 'check_helo_access',
  needs: 'helo',
  argument: 'table',
  params: ACCESS_PARAMS,
  doc: `Search the access(5) table for the HELO or EHLO name or its parent domains, and do what the entry says.`,
  check(c) {
    const name = c.facts.helo?.name
    if (name === undefined) return DUNNO
    return checkDomain(accessQuery(c, { name, class: 'Helo command' }), name)
  },
})
