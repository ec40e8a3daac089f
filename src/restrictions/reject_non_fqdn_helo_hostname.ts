import { rejectInvalidHostaddr } from '../engine/helo_check.ts'
import { restriction } from '../engine/restriction.ts'
import { isValidUtf8Hostname, withoutTrailingDot } from '../mail/hostname.ts'
import { toAscii } from '../mail/idna.ts'
import { DUNNO, reject } from '../model/verdict.ts'

/** Refuses HELO names without a domain. RFC 5321 2.3.5. */
export const reject_non_fqdn_helo_hostname = restriction({
  name: 'reject_non_fqdn_helo_hostname',
  aliases: ['reject_non_fqdn_hostname'],
  needs: 'helo',
  local: true,
  params: ['non_fqdn_reject_code', 'invalid_hostname_reject_code'],
  doc: 'Reject the request when the HELO or EHLO name is not fully qualified, with non_fqdn_reject_code (default: 504).',
  check({ facts, config }) {
    const name = facts.helo?.name
    if (name === undefined) return DUNNO
    if (name.startsWith('[')) return rejectInvalidHostaddr(name, config.invalid_hostname_reject_code)
    const bare = withoutTrailingDot(name)
    if (isValidUtf8Hostname(bare, facts.smtputf8, toAscii) && bare.includes('.')) return DUNNO
    return reject(config.non_fqdn_reject_code, '5.2', `<${name}>: Helo command rejected: need fully-qualified hostname`)
  },
})
