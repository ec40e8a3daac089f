import { rejectInvalidHostaddr } from '../engine/helo_check.ts'
import { restriction } from '../engine/restriction.ts'
import { isValidHostaddr, isValidHostname, withoutTrailingDot } from '../mail/hostname.ts'
import { DUNNO, reject } from '../model/verdict.ts'

/** Refuses HELO names that are no names. */
export const reject_invalid_helo_hostname = restriction({
  name: 'reject_invalid_helo_hostname',
  aliases: ['reject_invalid_hostname'],
  needs: 'helo',
  local: true,
  params: ['invalid_hostname_reject_code'],
  doc: 'Reject the request when the HELO or EHLO name is malformed, with invalid_hostname_reject_code (default: 501).',
  check({ facts, config }) {
    const name = facts.helo?.name
    if (name === undefined) return DUNNO
    const code = config.invalid_hostname_reject_code
    if (name.startsWith('[')) return rejectInvalidHostaddr(name, code)
    const bare = withoutTrailingDot(name)
    // Postfix: an address without brackets is let through here for old clients' sake, though RFC 5321 4.1.3 wants them.
    if (isValidHostname(bare) || isValidHostaddr(bare)) return DUNNO
    return reject(code, '5.2', `<${name}>: Helo command rejected: Invalid name`)
  },
})
