import { askDomainList, RBL_PARAMS, rejectListed, splitListArgument } from '../engine/dns_list.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Refuses by the sender domain, where a DNS list of domains has it. RFC 5782 3. */
export const reject_rhsbl_sender = restriction({
  name: 'reject_rhsbl_sender',
  needs: 'moment',
  argument: 'domain',
  params: RBL_PARAMS,
  doc: `Reject the request when the sender domain is listed under the given domain, with maps_rbl_reject_code
    (default: 554). Addresses are never asked of a domain list.`,
  ahead: {
    needs: 'sender',
    async ask(c) {
      const what = c.facts.sender
      if (what === null || what === '' || c.ask.nearBudget(splitListArgument(c.argument).zone)) return
      await askDomainList(c.ask, c.argument, what)
    },
  },
  async check(c) {
    const what = c.facts.sender
    if (what === null || what === '') return DUNNO
    const answer = await askDomainList(c.ask, c.argument, what)
    return rejectListed(c, answer, { argument: c.argument, what, subject: { name: what, class: 'Sender address' } })
  },
})
