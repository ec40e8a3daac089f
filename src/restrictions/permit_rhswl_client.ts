import { UNKNOWN } from '../engine/client_name.ts'
import { askDomainList, permitListed } from '../engine/dns_list.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Lets clients past the block lists below whose name a DNS allow list has. */
export const permit_rhswl_client = restriction({
  name: 'permit_rhswl_client',
  needs: 'moment',
  argument: 'domain',
  params: ['allow_untrusted_routing'],
  doc: `Permit the request when the client hostname is listed under the given domain. Never relays for strangers.
    Not recommended: the name depends on DNS answers that others control.`,
  ahead: {
    needs: 'client',
    async ask({ ask, argument }) {
      const { name } = await ask.clientName()
      if (name !== UNKNOWN) await askDomainList(ask, argument, name)
    },
  },
  async check(c) {
    const { name } = await c.ask.clientName()
    if (name === UNKNOWN) return DUNNO
    return permitListed(c, () => askDomainList(c.ask, c.argument, name), { what: name, class: 'Client host' })
  },
})
