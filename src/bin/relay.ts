/** The way out for mail of our own: reports. */
import { existsSync, readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Resolver } from '../dns/resolver.ts'
import { ResolverPool } from '../dns/resolver_pool.ts'
import { resolverSettings } from '../dns/settings.ts'
import { makeNextHops } from '../hop/next_hop.ts'
import { hopSettings } from '../hop/settings.ts'
import type { EmitEvent } from '../model/event.ts'
import type { NextHop } from '../model/hop.ts'
import type { Clock } from '../util/clock.ts'

export interface Relay {
  readonly hop: NextHop
  readonly resolver: Resolver
  close(): Promise<void>
}

export interface RelayOptions {
  readonly config: Config
  readonly clock: Clock
  readonly emit: EmitEvent
}

/** The relay that `parameter` of main.cf names, else postern_next_hop; asks and connects to nothing yet. */
export function openRelay(
  parameter: 'postern_dmarc_report_relay' | 'postern_report_relay',
  { config, clock, emit }: RelayOptions,
): Relay | { readonly problem: string } {
  const settings = hopSettings(config)
  if ('problem' in settings) return settings
  const dns = resolverSettings(config, readOptional('/etc/resolv.conf'))
  if (dns.servers.length === 0) return { problem: 'there is no name server: set postern_dns_servers' }
  const resolver = new ResolverPool(clock).take(dns, () => undefined)
  const relay = config[parameter] || config.postern_next_hop
  const made = makeNextHops(relay, { settings: settings.settings, resolver, clock, emit })
  if ('problem' in made) {
    resolver.close()
    return { problem: `${parameter}: ${made.problem}` }
  }
  return {
    hop: made.hops.main,
    resolver,
    async close() {
      await made.hops.close()
      resolver.close()
    },
  }
}

function readOptional(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}
