import { ACCESS_PARAMS, accessQuery, checkDomain } from '../engine/access_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Judges ETRN by its domain. */
export const check_etrn_access = restriction({
  name: 'check_etrn_access',
  needs: 'moment',
  argument: 'table',
  params: ACCESS_PARAMS,
  doc: `Search the access(5) table for the ETRN domain or its parent domains, and do what the entry says.`,
  check(c) {
    const { etrnDomain } = c.facts
    if (etrnDomain === null) return DUNNO
    return checkDomain(accessQuery(c, { name: etrnDomain, class: 'Etrn command' }), etrnDomain)
  },
})
