import type { DnsType, Resolver } from '../../../dns/resolver.ts'
import type { Clock } from '../../../util/clock.ts'
import { type IpAddress, parseIp, reverseName, sameIp } from '../../../util/ip.ts'
import type { Spf } from '../spf.ts'
import type { SpfPolicySettings } from './settings.ts'

export interface BypassDeps {
  readonly settings: SpfPolicySettings
  readonly resolver: Resolver
  readonly clock: Clock
  /** Bounded by Whitelist_Lookup_Time. */
  readonly spf: Spf
}

/** RFC 7208 4.6.4 */
const PTR_LIMIT = 10

/** Why a client is not checked at all, in policyd-spf's words and order; null: it is. */
export async function findBypass(address: string, helo: string, deps: BypassDeps): Promise<string | null> {
  const { settings } = deps
  const ip = parseIp(address)
  if (ip === null) return null
  if (settings.skipAddresses.has(ip)) return 'SPF check N/A for local connections'
  if (settings.whitelist.has(ip)) return 'SPF skipped for whitelisted relay'
  if (settings.domainWhitelist.length > 0 && (await passesForDomain(address, deps)))
    return 'SPF skipped for whitelisted relay domain'
  if (settings.heloWhitelist.includes(helo) && (await isHost(helo, ip, deps)))
    return 'SPF skipped for whitelisted HELO domain'
  if (settings.domainWhitelistPtr.length > 0 && (await isNamedIn(settings.domainWhitelistPtr, ip, deps)))
    return 'SPF skipped for PTR whitelisted relay domain'
  return null
}

async function passesForDomain(address: string, { settings, spf }: BypassDeps): Promise<boolean> {
  const asked = settings.domainWhitelist.map(domain =>
    spf.check({ identity: 'mailfrom', address, helo: domain, sender: domain }),
  )
  return (await Promise.all(asked)).some(answer => answer.result === 'pass')
}

function isHost(name: string, ip: IpAddress, deps: BypassDeps): Promise<boolean> {
  return inTime(deps, hasAddress(name, ip, deps.resolver))
}

/** policyd-spf takes the client's unconfirmed name, which anyone may forge; its manual promises the rules of the ptr mechanism. */
function isNamedIn(domains: readonly string[], ip: IpAddress, deps: BypassDeps): Promise<boolean> {
  return inTime(deps, hasNameIn(domains, ip, deps.resolver))
}

async function hasNameIn(domains: readonly string[], ip: IpAddress, resolver: Resolver): Promise<boolean> {
  const answer = await resolver.query(reverseName(ip), 'PTR')
  if (answer.status !== 'found') return false
  for (const record of answer.records.slice(0, PTR_LIMIT)) {
    if (record.type !== 'PTR') continue
    const name = record.name.toLowerCase()
    const isIn = domains.some(
      domain => name === domain || name.endsWith(domain.startsWith('.') ? domain : `.${domain}`),
    )
    if (isIn && (await hasAddress(name, ip, resolver))) return true
  }
  return false
}

async function hasAddress(name: string, ip: IpAddress, resolver: Resolver): Promise<boolean> {
  const type: DnsType = ip.family === 4 ? 'A' : 'AAAA'
  const answer = await resolver.query(name, type)
  if (answer.status !== 'found') return false
  return answer.records.some(record => {
    const found = record.type === type && 'address' in record ? parseIp(record.address) : null
    return found !== null && sameIp(found, ip)
  })
}

/** Whitelist_Lookup_Time: afterwards it does not match. */
async function inTime({ clock, settings }: BypassDeps, asked: Promise<boolean>): Promise<boolean> {
  const over = Promise.withResolvers<boolean>()
  const timer = clock.after(settings.whitelistLookupTime * 1000, () => over.resolve(false))
  try {
    return await Promise.race([asked, over.promise])
  } finally {
    timer.cancel()
  }
}
