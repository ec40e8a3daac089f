import { restriction } from '../engine/restriction.ts'
import { checkLogin, LOGIN_PARAMS, rejectForeignSender, rejectOwnedSender } from '../engine/sender_login.ts'

/** Refuses senders that do not belong to who is signed in, or to nobody signed in. */
export const reject_sender_login_mismatch = restriction({
  name: 'reject_sender_login_mismatch',
  needs: 'sender',
  params: LOGIN_PARAMS,
  doc: `Apply reject_authenticated_sender_login_mismatch to clients that are signed in, and reject_unauthenticated_sender_login_mismatch to the others.`,
  // Postfix: a restriction class of these two.
  check: c =>
    checkLogin(
      c,
      ['reject_authenticated_sender_login_mismatch', 'reject_unauthenticated_sender_login_mismatch'],
      sender =>
        c.facts.sasl === null
          ? rejectOwnedSender(c, sender)
          : rejectForeignSender(c, sender, 'unknown sender is foreign'),
    ),
})
