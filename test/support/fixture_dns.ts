import fs from 'node:fs'
import { FixtureDns, type FixtureOptions } from '../../src/dns/fixture_server.ts'
import type { Zone } from '../../src/dns/fixture_zone.ts'

export { FixtureDns } from '../../src/dns/fixture_server.ts'
export type { Zone } from '../../src/dns/fixture_zone.ts'

export function loadZone(file: string): Zone {
  const zone: Zone = JSON.parse(fs.readFileSync(file, 'utf8'))
  return zone
}

/** A zone with these records on a free port of loopback. */
export async function startFixtureDns(
  records: Zone['records'],
  options: FixtureOptions & {
    readonly ttl?: number
    readonly minimum?: number
    readonly host?: string
    readonly port?: number
  } = {},
): Promise<{ readonly dns: FixtureDns; readonly address: string; readonly port: number }> {
  const { ttl = 60, minimum = 60, host = '127.0.0.1' } = options
  const dns = new FixtureDns({ ttl, minimum, records }, options)
  return { dns, address: host, port: await dns.listen(host, options.port ?? 0) }
}
