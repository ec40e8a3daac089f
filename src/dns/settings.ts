import type { Config } from '../config/config.ts'
import type { DnsSettings } from './resolver_pool.ts'
import { parseResolvConf, parseServerAddress, type ServerAddress } from './server_address.ts'

const DEFAULT_TRY_SECONDS = 5
const DEFAULT_ATTEMPTS = 2

type DnsConfig = Pick<
  Config,
  | 'postern_dns_servers'
  | 'postern_dns_timeout'
  | 'postern_dns_try_timeout'
  | 'postern_dns_attempts'
  | 'postern_dns_mix_case'
  | 'postern_dns_cache_size'
  | 'postern_dns_min_ttl'
  | 'postern_dns_max_ttl'
  | 'postern_dns_max_negative_ttl'
  | 'postern_dns_max_stale'
>

/** What `makeResolver` needs, from the configuration and the text of /etc/resolv.conf (null: there is none). */
export function resolverSettings(config: DnsConfig, resolvConf: string | null): DnsSettings {
  const system = parseResolvConf(resolvConf ?? '')
  const own: readonly ServerAddress[] = config.postern_dns_servers.flatMap(text => parseServerAddress(text) ?? [])
  return {
    servers: own.length > 0 ? own : system.servers,
    rotate: own.length === 0 && system.rotate,
    tryMs: (config.postern_dns_try_timeout || (system.timeoutSeconds ?? DEFAULT_TRY_SECONDS)) * 1000,
    attempts: config.postern_dns_attempts || (system.attempts ?? DEFAULT_ATTEMPTS),
    deadlineMs: config.postern_dns_timeout * 1000,
    mixCase: config.postern_dns_mix_case,
    cacheBytes: config.postern_dns_cache_size,
    minTtl: config.postern_dns_min_ttl,
    maxTtl: config.postern_dns_max_ttl,
    maxNegativeTtl: config.postern_dns_max_negative_ttl,
    maxStale: config.postern_dns_max_stale,
  }
}
