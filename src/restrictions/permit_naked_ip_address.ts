import { rejectInvalidHostaddr } from '../engine/helo_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO, PERMIT } from '../model/verdict.ts'

/** Deprecated long ago: lets clients in whose HELO is an address without brackets. */
export const permit_naked_ip_address = restriction({
  name: 'permit_naked_ip_address',
  needs: 'helo',
  params: ['invalid_hostname_reject_code'],
  doc: 'Deprecated. Permit the request when the HELO name is a bare address. Use permit_mynetworks or permit_sasl_authenticated.',
  check({ facts, ask, config }) {
    ask.warn(
      'restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead',
    )
    const name = facts.helo?.name
    if (name === undefined || !/^[0-9.:]*$/.test(name)) return DUNNO
    const invalid = rejectInvalidHostaddr(name, config.invalid_hostname_reject_code)
    return invalid.kind === 'dunno' ? PERMIT : invalid
  },
})
