import { restriction } from '../engine/restriction.ts'
import { isValidUtf8Hostname, withoutTrailingDot } from '../mail/hostname.ts'
import { toAscii } from '../mail/idna.ts'
import { DUNNO, reject } from '../model/verdict.ts'

/** Refuses sender addresses without a full domain. RFC 5321 2.3.5. */
export const reject_non_fqdn_sender = restriction({
  name: 'reject_non_fqdn_sender',
  needs: 'sender',
  local: true,
  params: ['non_fqdn_reject_code'],
  doc: 'Reject the request when the MAIL FROM domain is not fully qualified, with non_fqdn_reject_code (default: 504).',
  check({ facts, config }) {
    const address = facts.sender
    if (address === null || address === '') return DUNNO
    const at = address.lastIndexOf('@')
    const domain = at < 0 ? '' : address.slice(at + 1)
    if (domain.startsWith('[') && domain.endsWith(']')) return DUNNO
    const bare = withoutTrailingDot(domain)
    if (bare.includes('.') && isValidUtf8Hostname(bare, facts.smtputf8, toAscii)) return DUNNO
    return reject(
      config.non_fqdn_reject_code,
      '5.2',
      `<${address}>: Sender address rejected: need fully-qualified address`,
    )
  },
})
