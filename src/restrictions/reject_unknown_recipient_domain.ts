import { rejectUnknownDomain, UNKNOWN_DOMAIN_PARAMS } from '../engine/address_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Refuses recipient domains that mail cannot be sent to. */
export const reject_unknown_recipient_domain = restriction({
  name: 'reject_unknown_recipient_domain',
  needs: 'recipient',
  params: UNKNOWN_DOMAIN_PARAMS,
  doc: `Reject the request when the RCPT TO domain is not ours and has neither MX nor A nor AAAA record, or says by a
    null MX (RFC 7505) that it takes no mail, with unknown_address_reject_code (default: 450); when the lookup failed
    for a temporary reason, unknown_address_tempfail_action counts.`,
  check(c) {
    const address = c.facts.recipient
    if (address === null) return DUNNO
    return rejectUnknownDomain(c, { name: address, class: 'Recipient address' })
  },
})
