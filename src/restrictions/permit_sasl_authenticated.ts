import { restriction } from '../engine/restriction.ts'
import { DUNNO, PERMIT } from '../model/verdict.ts'

/** Lets signed-in users in. RFC 4954. */
export const permit_sasl_authenticated = restriction({
  name: 'permit_sasl_authenticated',
  needs: 'client',
  local: true,
  params: ['smtpd_sasl_auth_enable'],
  doc: 'Permit the request when the client has signed in with AUTH.',
  // XCLIENT may say LOGIN=user where AUTH is not offered; Postfix does not count it.
  check: ({ facts, config }) => (facts.sasl !== null && config.smtpd_sasl_auth_enable ? PERMIT : DUNNO),
})
