import { askAddressList, permitListed } from '../engine/dns_list.ts'
import { restriction } from '../engine/restriction.ts'

/** Lets clients past the block lists below that a DNS allow list has. */
export const permit_dnswl_client = restriction({
  name: 'permit_dnswl_client',
  needs: 'moment',
  argument: 'domain',
  params: ['allow_untrusted_routing'],
  doc: `Permit the request when the reversed client address is listed under the given domain. Never relays for
    strangers: does nothing for a recipient that reject_unauth_destination would refuse.`,
  ahead: { needs: 'client', ask: ({ ask, argument, facts }) => askAddressList(ask, argument, facts.client.address) },
  check(c) {
    const { address } = c.facts.client
    return permitListed(c, () => askAddressList(c.ask, c.argument, address), { what: address, class: 'Client host' })
  },
})
