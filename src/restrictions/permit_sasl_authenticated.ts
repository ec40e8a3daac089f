import { restriction } from '../engine/restriction.ts'
import { DUNNO, PERMIT } from '../model/verdict.ts'

/** Lets signed-in users in. RFC 4954. */
export const permit_sasl_authenticated = restriction({
  name: 'permit_sasl_authenticated',
  needs: 'client',
  local: true,
  params: [],
  doc: 'Permit the request when the client has signed in with AUTH.',
  check: ({ facts }) => (facts.sasl === null ? DUNNO : PERMIT),
})
