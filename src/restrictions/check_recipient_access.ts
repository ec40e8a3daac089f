import { ACCESS_PARAMS, accessQuery, checkMailAddress } from '../engine/access_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Judges the envelope recipient. */
export const check_recipient_access = restriction({
  name: 'check_recipient_access',
  needs: 'recipient',
  argument: 'table',
  params: ACCESS_PARAMS,
  doc: `Search the access(5) table for the RCPT TO address, its domain, parent domains, or localpart@, and do what the entry says.`,
  check(c) {
    const { recipient } = c.facts
    if (recipient === null) return DUNNO
    return checkMailAddress(accessQuery(c, { name: recipient, class: 'Recipient address' }), recipient)
  },
})
