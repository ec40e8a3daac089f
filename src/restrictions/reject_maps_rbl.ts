import { askAddressList, RBL_PARAMS, rejectListed } from '../engine/dns_list.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Deprecated: the lists of maps_rbl_domains. */
export const reject_maps_rbl = restriction({
  name: 'reject_maps_rbl',
  needs: 'moment',
  params: [...RBL_PARAMS, 'maps_rbl_domains'],
  doc: 'Deprecated. Reject the request when the client address is in a list of maps_rbl_domains. Use reject_rbl_client.',
  async check(c) {
    c.ask.warnOnce(
      'support for restriction "reject_maps_rbl" will be removed from Postfix; use "reject_rbl_client domain-name" instead',
    )
    const { address } = c.facts.client
    for (const argument of c.config.maps_rbl_domains) {
      const answer = await askAddressList(c.ask, argument, address)
      const verdict = await rejectListed(c, answer, {
        argument,
        what: address,
        subject: { name: address, class: 'Client host' },
      })
      if (verdict.kind !== 'dunno') return verdict
    }
    return DUNNO
  },
})
