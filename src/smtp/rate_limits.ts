import type { RateKind } from '../model/rates.ts'
import { maskIp } from '../util/cidr.ts'
import { formatIp, parseIp } from '../util/ip.ts'
import type { Dialogue } from './dialogue.ts'

/** Whether this client is counted at all: XCLIENT hosts and smtpd_client_event_limit_exceptions are not. */
export async function isCounted(d: Dialogue): Promise<boolean> {
  if (d.doors.rates === null || d.xclientAllowed) return false
  const excepted = await d.lists.hasClient('smtpd_client_event_limit_exceptions', d.listClient)
  // Postfix: a list that fails excepts nobody.
  return excepted.status !== 'found'
}

/** Counts one event; its rate when that is over the limit, else null. A limit of 0 is none, and nothing is counted for it. */
export async function overLimit(d: Dialogue, what: RateKind, limit: number): Promise<number | null> {
  if (limit <= 0 || d.doors.rates === null || !(await isCounted(d))) return null
  const rate = await d.doors.rates.count(rateKey(d), what)
  return rate > limit ? rate : null
}

/** The same for TLS sessions before the handshake: looks, does not count. */
export async function isOverLimit(d: Dialogue, what: RateKind, limit: number): Promise<boolean> {
  if (limit <= 0 || d.doors.rates === null || !(await isCounted(d))) return false
  return (await d.doors.rates.current(rateKey(d), what)) > limit
}

/** Clients of one network count as one. An address that XCLIENT left unknown counts for itself. */
export function rateKey(d: Dialogue): string {
  const ip = parseIp(d.client.address)
  if (ip === null) return d.client.address
  const { smtpd_client_ipv4_prefix_length, smtpd_client_ipv6_prefix_length } = d.config
  return formatIp(maskIp(ip, ip.family === 4 ? smtpd_client_ipv4_prefix_length : smtpd_client_ipv6_prefix_length))
}
