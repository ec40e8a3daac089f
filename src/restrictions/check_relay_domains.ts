import { isAuthorizedDestination } from '../engine/dns_list.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO, lookupFailure, PERMIT, reject } from '../model/verdict.ts'

/** Deprecated: permits what is for us or comes from whom we relay for, refuses the rest. */
export const check_relay_domains = restriction({
  name: 'check_relay_domains',
  needs: 'recipient',
  params: ['relay_domains', 'relay_domains_reject_code', 'allow_untrusted_routing'],
  final: true,
  doc: 'Deprecated. Permit by client name or recipient in relay_domains, reject the rest. Use reject_unauth_destination.',
  async check({ facts, ask, config }) {
    ask.warnOnce(
      'support for restriction "check_relay_domains" will be removed from Postfix; use "reject_unauth_destination" instead',
    )
    const { recipient } = facts
    if (recipient === null) return DUNNO
    const listed = await ask.domainListed('relay_domains', (await ask.clientName()).name)
    if (listed.status === 'found') return PERMIT
    const resolved = await ask.resolveAddress(recipient)
    if (resolved.status !== 'found') return lookupFailure(recipient)
    if (isAuthorizedDestination(resolved.value, config.allow_untrusted_routing)) return PERMIT
    const text = `<${recipient}>: Recipient address rejected: Relay access denied`
    return reject(config.relay_domains_reject_code, '7.1', text)
  },
})
