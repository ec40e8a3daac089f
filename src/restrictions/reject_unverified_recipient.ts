import { rejectUnverified } from '../engine/address_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Refuses recipient addresses to which a probe cannot be delivered. Postfix: ADDRESS_VERIFICATION_README. */
export const reject_unverified_recipient = restriction({
  name: 'reject_unverified_recipient',
  needs: 'moment',
  ownTimeout: true,
  params: [
    'unverified_recipient_reject_code',
    'unverified_recipient_defer_code',
    'unverified_recipient_reject_reason',
    'unverified_recipient_tempfail_action',
  ],
  doc: `Reject the request when mail to the RCPT TO address is known to bounce, or defer it while that is not known:
    the address is probed, and the answer kept.`,
  check({ facts, ask, config }) {
    const address = facts.recipient
    if (address === null || address === '') return DUNNO
    return rejectUnverified(
      ask,
      { name: address, class: 'Recipient address' },
      {
        rejectCode: config.unverified_recipient_reject_code,
        deferCode: config.unverified_recipient_defer_code,
        reason: config.unverified_recipient_reject_reason,
        tempfailAction: config.unverified_recipient_tempfail_action,
      },
    )
  },
})
