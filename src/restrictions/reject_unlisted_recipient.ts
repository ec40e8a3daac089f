import { rejectUnlisted, UNLISTED_PARAMS } from '../engine/address_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Refuses recipient addresses of our own domains that nobody has. */
export const reject_unlisted_recipient = restriction({
  name: 'reject_unlisted_recipient',
  aliases: ['check_recipient_maps'],
  needs: 'recipient',
  local: true,
  params: UNLISTED_PARAMS,
  doc: `Reject the request when the RCPT TO address is in a domain of ours and not in the list of valid addresses of its
    class (local_recipient_maps, virtual_alias_maps, virtual_mailbox_maps, relay_recipient_maps).`,
  check(c) {
    const address = c.facts.recipient
    if (address === null || address === '') return DUNNO
    return rejectUnlisted(c, { name: address, class: 'Recipient address' })
  },
})
