import { parseIp } from '../../util/ip.ts'
import type { Refusal } from './clients.ts'
import { domainOf } from './gateway.ts'
import type { Check, Fix } from './insights.ts'

/** A host or domain name that can stand in a table: nothing that a client said gets further into a line that is to be copied. */
const NAME = /^(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i
const ADDRESS = /^[\w.+=-]{1,64}$/

/** Checks that look at the client, or at what it says of itself: an entry for the client ends them. */
const CLIENT_CHECKS: ReadonlySet<Check> = new Set([
  'client_name',
  'client_access',
  'helo',
  'helo_access',
  'policy',
  'other',
])
const SENDER_CHECKS: ReadonlySet<Check> = new Set(['sender_domain', 'sender', 'sender_access'])

/** The line that lets this client, or this sender, in. Null: there is none. */
export function fixFor(refusal: Refusal): Fix | null {
  const { check } = refusal.cause
  if (check === 'dns_list' || CLIENT_CHECKS.has(check)) {
    if (isPostscreen(refusal)) return addressFix(refusal, 'postscreen_access_list', ' permit')
    return check === 'helo' || check === 'helo_access' ? heloFix(refusal) : clientFix(refusal)
  }
  if (SENDER_CHECKS.has(check)) return senderFix(refusal)
  switch (check) {
    case 'greylist': {
      const client = clientOf(refusal)
      return client === null ? null : { list: 'whitelist_clients', line: client }
    }
    case 'postscreen':
      return addressFix(refusal, 'postscreen_access_list', ' permit')
    case 'spf':
      return addressFix(refusal, 'spf_whitelist', '')
    case 'dmarc':
      return addressFix(refusal, 'dmarc_ignore_hosts', '')
    default:
      return null
  }
}

/** postscreen knows addresses only, and its lists come before everything else. */
function isPostscreen({ text }: Refusal): boolean {
  return text.includes('Service unavailable; client [') || text.includes('Service currently unavailable')
}

function clientFix(refusal: Refusal): Fix | null {
  const client = clientOf(refusal)
  return client === null ? null : { list: 'check_client_access', line: `${client} OK` }
}

/**
 * The name in HELO, if it is one that only this sender would say: "localhost", or "co.uk", which stands for all its subdomains, would
 * open the door to everybody.
 */
function heloFix(refusal: Refusal): Fix | null {
  const { helo } = refusal
  if (helo === null || !isOwnName(helo)) return clientFix(refusal)
  return { list: 'check_helo_access', line: `${helo.toLowerCase()} OK` }
}

function senderFix(refusal: Refusal): Fix | null {
  const { sender } = refusal
  if (sender === null) return clientFix(refusal)
  const domain = domainOf(sender)
  const local = sender.slice(0, -domain.length - 1)
  if (!NAME.test(domain) || !ADDRESS.test(local)) return clientFix(refusal)
  return { list: 'check_sender_access', line: `${local.toLowerCase()}@${domain} OK` }
}

function addressFix({ address }: Refusal, list: Fix['list'], behind: string): Fix | null {
  return parseIp(address) === null ? null : { list, line: `${address}${behind}` }
}

/** Its verified name, or its address. */
function clientOf({ client, address }: Refusal): string | null {
  if (client !== null && isOwnName(client)) return client.toLowerCase()
  return parseIp(address) === null ? null : address
}

/** Three labels, or two that do not end in a country: "co.uk" is none, "prod-2.localdomain" is one. */
function isOwnName(name: string): boolean {
  if (!NAME.test(name)) return false
  const labels = name.split('.')
  return labels.length > 2 || (labels[1] ?? '').length > 2
}
