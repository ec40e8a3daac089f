import { rejectUnverified } from '../engine/address_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Refuses sender addresses to which a probe cannot be delivered. Postfix: ADDRESS_VERIFICATION_README. */
export const reject_unverified_sender = restriction({
  name: 'reject_unverified_sender',
  needs: 'moment',
  ownTimeout: true,
  params: [
    'unverified_sender_reject_code',
    'unverified_sender_defer_code',
    'unverified_sender_reject_reason',
    'unverified_sender_tempfail_action',
  ],
  doc: `Reject the request when mail to the MAIL FROM address is known to bounce, or defer it while that is not known:
    the address is probed, and the answer kept.`,
  check({ facts, ask, config }) {
    const address = facts.sender
    if (address === null || address === '') return DUNNO
    return rejectUnverified(
      ask,
      { name: address, class: 'Sender address' },
      {
        rejectCode: config.unverified_sender_reject_code,
        deferCode: config.unverified_sender_defer_code,
        reason: config.unverified_sender_reject_reason,
        tempfailAction: config.unverified_sender_tempfail_action,
      },
    )
  },
})
