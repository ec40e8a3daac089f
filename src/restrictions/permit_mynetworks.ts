import { listFault } from '../engine/access.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO, PERMIT } from '../model/verdict.ts'

/** Lets clients of our own networks in. */
export const permit_mynetworks = restriction({
  name: 'permit_mynetworks',
  needs: 'client',
  local: true,
  params: ['mynetworks'],
  doc: 'Permit the request when the client address matches a network or address in mynetworks.',
  async check({ facts, ask }) {
    // mynetworks holds addresses; the name, which its owner chooses, is not asked for.
    const listed = await ask.addressListed('mynetworks', '', facts.client.address)
    if (listed.status === 'failed') return listFault(listed.reason)
    return listed.status === 'found' ? PERMIT : DUNNO
  },
})
