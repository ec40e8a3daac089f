import { rejectUnknownDomain, UNKNOWN_DOMAIN_PARAMS } from '../engine/address_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Refuses sender domains that mail cannot be sent to. */
export const reject_unknown_sender_domain = restriction({
  name: 'reject_unknown_sender_domain',
  aliases: ['reject_unknown_address'],
  needs: 'sender',
  params: UNKNOWN_DOMAIN_PARAMS,
  doc: `Reject the request when the MAIL FROM domain is not ours and has neither MX nor A nor AAAA record, or says by a
    null MX (RFC 7505) that it takes no mail, with unknown_address_reject_code (default: 450); when the lookup failed
    for a temporary reason, unknown_address_tempfail_action counts.`,
  check(c) {
    const address = c.facts.sender
    if (address === null || address === '') return DUNNO
    return rejectUnknownDomain(c, { name: address, class: 'Sender address' })
  },
})
