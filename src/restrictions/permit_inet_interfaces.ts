import { restriction } from '../engine/restriction.ts'
import { DUNNO, PERMIT } from '../model/verdict.ts'

/** Lets this host itself in. */
export const permit_inet_interfaces = restriction({
  name: 'permit_inet_interfaces',
  needs: 'client',
  local: true,
  params: ['inet_interfaces', 'own_addresses'],
  doc: 'Permit the request when the client address is one that this host listens on ($inet_interfaces).',
  // Postfix: proxy_interfaces do not count here.
  check: ({ facts, config }) => (config.own_addresses.includes(facts.client.address) ? PERMIT : DUNNO),
})
