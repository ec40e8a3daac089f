import { restriction } from '../engine/restriction.ts'
import { checkLogin, LOGIN_PARAMS, rejectOwnedSender } from '../engine/sender_login.ts'

/** Refuses senders that belong to somebody when nobody is signed in. */
export const reject_unauthenticated_sender_login_mismatch = restriction({
  name: 'reject_unauthenticated_sender_login_mismatch',
  needs: 'sender',
  params: LOGIN_PARAMS,
  doc: `Reject the request when the client is not signed in and smtpd_sender_login_maps names an owner of the MAIL FROM address.`,
  check: c => checkLogin(c, ['reject_unauthenticated_sender_login_mismatch'], sender => rejectOwnedSender(c, sender)),
})
