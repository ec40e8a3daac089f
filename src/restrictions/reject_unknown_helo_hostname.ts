import { rejectInvalidHostaddr } from '../engine/helo_check.ts'
import { lookupFirst } from '../engine/host_lookup.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO, deferIfPermit, reject } from '../model/verdict.ts'

/** Refuses HELO names that the DNS does not know. */
export const reject_unknown_helo_hostname = restriction({
  name: 'reject_unknown_helo_hostname',
  aliases: ['reject_unknown_hostname'],
  needs: 'helo',
  params: ['unknown_hostname_reject_code', 'unknown_helo_hostname_tempfail_action', 'invalid_hostname_reject_code'],
  doc: `Reject the request when the HELO or EHLO name has no A, AAAA or MX record, with unknown_hostname_reject_code
    (default: 450); when the lookup failed for a temporary reason, unknown_helo_hostname_tempfail_action counts.`,
  async check({ facts, ask, config }) {
    const name = facts.helo?.name
    if (name === undefined) return DUNNO
    if (name.startsWith('[')) return rejectInvalidHostaddr(name, config.invalid_hostname_reject_code)
    // RFC 5321 4.1.4 says not to refuse on a HELO mismatch; this restriction is the user's choice to.
    const { status } = await lookupFirst(ask, name, ['A', 'AAAA', 'MX'])
    // Postfix: a name that takes no mail (RFC 7505) may still send some.
    if (status === 'ok' || status === 'nullmx') return DUNNO
    const text = (why: string) => `<${name}>: Helo command rejected: ${why}`
    if (status !== 'retry') {
      const why = status === 'invalid' ? 'Malformed DNS server reply' : 'Host not found'
      return reject(config.unknown_hostname_reject_code, '7.1', text(why))
    }
    const defers = config.unknown_helo_hostname_tempfail_action === 'defer'
    return (defers ? reject : deferIfPermit)(450, '7.1', text('Host not found'))
  },
})
