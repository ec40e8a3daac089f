import { ACCESS_PARAMS, accessQuery, checkKey, checkMailAddress } from '../engine/access_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Judges the envelope sender. */
export const check_sender_access = restriction({
  name: 'check_sender_access',
  needs: 'sender',
  argument: 'table',
  params: [...ACCESS_PARAMS, 'smtpd_null_access_lookup_key'],
  doc: `Search the access(5) table for the MAIL FROM address, its domain, parent domains, or localpart@, and do what the entry says.`,
  check(c) {
    const { sender } = c.facts
    if (sender === null) return DUNNO
    const query = accessQuery(c, { name: sender, class: 'Sender address' })
    // Postfix: the null sender has a key of its own.
    return sender === '' ? checkKey(query, c.config.smtpd_null_access_lookup_key) : checkMailAddress(query, sender)
  },
})
