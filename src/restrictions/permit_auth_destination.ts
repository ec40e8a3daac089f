import { isAuthorizedDestination } from '../engine/dns_list.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO, lookupFailure, PERMIT } from '../model/verdict.ts'

/** Lets mail pass that is for us or for whom we relay. */
export const permit_auth_destination = restriction({
  name: 'permit_auth_destination',
  needs: 'recipient',
  local: true,
  params: ['allow_untrusted_routing'],
  doc: 'Permit the request when the recipient is one that reject_unauth_destination would not refuse.',
  async check({ facts, ask, config }) {
    if (facts.recipient === null) return DUNNO
    const resolved = await ask.resolveAddress(facts.recipient)
    if (resolved.status !== 'found') return lookupFailure(facts.recipient)
    return isAuthorizedDestination(resolved.value, config.allow_untrusted_routing) ? PERMIT : DUNNO
  },
})
