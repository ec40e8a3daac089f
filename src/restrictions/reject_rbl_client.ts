import { askAddressList, RBL_PARAMS, rejectListed, splitListArgument } from '../engine/dns_list.ts'
import { restriction } from '../engine/restriction.ts'

/** Refuses clients whose address a DNS list has. RFC 5782. */
export const reject_rbl_client = restriction({
  name: 'reject_rbl_client',
  aliases: ['reject_rbl'],
  needs: 'moment',
  argument: 'domain',
  params: RBL_PARAMS,
  doc: `Reject the request when the reversed client address is listed under the given domain, with
    maps_rbl_reject_code (default: 554). "domain=127.0.0.[2..11]" counts only such answers. The text is
    default_rbl_reply or that of rbl_reply_maps.`,
  ahead: {
    needs: 'client',
    ask: ({ ask, argument, facts }) =>
      ask.nearBudget(splitListArgument(argument).zone)
        ? undefined
        : askAddressList(ask, argument, facts.client.address),
  },
  async check(c) {
    const { address } = c.facts.client
    const answer = await askAddressList(c.ask, c.argument, address)
    return rejectListed(c, answer, {
      argument: c.argument,
      what: address,
      subject: { name: address, class: 'Client host' },
    })
  },
})
