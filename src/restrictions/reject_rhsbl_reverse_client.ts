import { UNKNOWN } from '../engine/client_name.ts'
import { askDomainList, RBL_PARAMS, rejectListed, splitListArgument } from '../engine/dns_list.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Refuses by the unverified reverse client hostname, where a DNS list of domains has it. RFC 5782 3. */
export const reject_rhsbl_reverse_client = restriction({
  name: 'reject_rhsbl_reverse_client',
  needs: 'moment',
  argument: 'domain',
  params: RBL_PARAMS,
  doc: `Reject the request when the unverified reverse client hostname is listed under the given domain, with maps_rbl_reject_code
    (default: 554). Addresses are never asked of a domain list.`,
  ahead: {
    needs: 'client',
    async ask(c) {
      const what = await c.ask.reverseName()
      if (what === UNKNOWN || c.ask.nearBudget(splitListArgument(c.argument).zone)) return
      await askDomainList(c.ask, c.argument, what)
    },
  },
  async check(c) {
    const what = (await c.ask.clientName()).reverseName
    if (what === UNKNOWN) return DUNNO
    const answer = await askDomainList(c.ask, c.argument, what)
    return rejectListed(c, answer, {
      argument: c.argument,
      what,
      subject: { name: what, class: 'Unverified Client host' },
    })
  },
})
