import { restriction } from '../engine/restriction.ts'
import { checkLogin, LOGIN_PARAMS, rejectForeignSender } from '../engine/sender_login.ts'

/** Refuses senders that do not belong to the signed-in user. */
export const reject_authenticated_sender_login_mismatch = restriction({
  name: 'reject_authenticated_sender_login_mismatch',
  needs: 'sender',
  params: LOGIN_PARAMS,
  doc: `Reject the request when the client is signed in and smtpd_sender_login_maps does not name it as an owner of the MAIL FROM address.`,
  check: c =>
    checkLogin(c, ['reject_authenticated_sender_login_mismatch'], sender =>
      rejectForeignSender(c, sender, 'unknown sender is foreign'),
    ),
})
