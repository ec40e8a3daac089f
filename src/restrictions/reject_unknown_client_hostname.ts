import { restriction } from '../engine/restriction.ts'
import { DUNNO, reject } from '../model/verdict.ts'

/** Refuses a client whose address has no name that leads back to it. */
export const reject_unknown_client_hostname = restriction({
  name: 'reject_unknown_client_hostname',
  aliases: ['reject_unknown_client'],
  needs: 'client',
  params: ['unknown_client_reject_code'],
  doc: `Reject the request when the client address has no name, or the name has no address, or not this one, with
    unknown_client_reject_code (default: 450), and always with 450 when a lookup failed for a temporary reason.`,
  async check({ facts, ask, config }) {
    const { nameStatus } = await ask.clientName()
    if (nameStatus === 'ok') return DUNNO
    const code = nameStatus === 'temporary' ? 450 : config.unknown_client_reject_code
    // RFC 7372 3.3: x.7.25, reverse DNS validation failed.
    return reject(code, '7.25', `Client host rejected: cannot find your hostname, [${facts.client.address}]`)
  },
})
