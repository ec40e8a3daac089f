import { restriction } from '../engine/restriction.ts'
import { DUNNO, reject } from '../model/verdict.ts'

/** Refuses a client whose address has no PTR record. The name need not map back. */
export const reject_unknown_reverse_client_hostname = restriction({
  name: 'reject_unknown_reverse_client_hostname',
  needs: 'client',
  params: ['unknown_client_reject_code'],
  doc: `Reject the request when the client address has no address-to-name mapping, with unknown_client_reject_code
    (default: 450), and always with 450 when the lookup failed for a temporary reason.`,
  async check({ facts, ask, config }) {
    const { reverseNameStatus } = await ask.clientName()
    if (reverseNameStatus === 'ok') return DUNNO
    // A resolver that is down says nothing about the client: never 5xx for it.
    const code = reverseNameStatus === 'temporary' ? 450 : config.unknown_client_reject_code
    // Postfix says x.7.1 here and x.7.25 (RFC 7372) only for the forward-confirmed check.
    return reject(code, '7.1', `Client host rejected: cannot find your reverse hostname, [${facts.client.address}]`)
  },
})
