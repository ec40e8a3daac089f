import { restriction } from '../engine/restriction.ts'
import { checkLogin, LOGIN_PARAMS, rejectForeignSender, rejectOwnedSender } from '../engine/sender_login.ts'

/** The same, for senders that have an owner. */
export const reject_known_sender_login_mismatch = restriction({
  name: 'reject_known_sender_login_mismatch',
  needs: 'sender',
  params: LOGIN_PARAMS,
  doc: `Apply reject_sender_login_mismatch only to MAIL FROM addresses that are in smtpd_sender_login_maps.`,
  check: c =>
    checkLogin(c, ['reject_known_sender_login_mismatch'], sender =>
      c.facts.sasl === null ? rejectOwnedSender(c, sender) : rejectForeignSender(c, sender, 'unknown sender is free'),
    ),
})
