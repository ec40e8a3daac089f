import { isAuthorizedDestination } from '../engine/dns_list.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO, lookupFailure, reject } from '../model/verdict.ts'

/** Never an open relay: defers mail that is neither for us nor for whom we relay. */
export const defer_unauth_destination = restriction({
  name: 'defer_unauth_destination',
  needs: 'recipient',
  local: true,
  params: ['relay_domains_reject_code', 'allow_untrusted_routing'],
  doc: `Defer the request unless the recipient is in mydestination, inet_interfaces, proxy_interfaces,
    virtual_alias_domains, virtual_mailbox_domains or relay_domains, and carries no sender-specified routing. The
    reply code is relay_domains_reject_code (default: 554) less 100.`,
  async check({ facts, ask, config }) {
    if (facts.recipient === null) return DUNNO
    const resolved = await ask.resolveAddress(facts.recipient)
    if (resolved.status !== 'found') return lookupFailure(facts.recipient)
    if (isAuthorizedDestination(resolved.value, config.allow_untrusted_routing)) return DUNNO
    return reject(config.relay_domains_reject_code - 100, '7.1', `<${facts.recipient}>: Relay access denied`)
  },
})
