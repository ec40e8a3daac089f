import { readFileSync } from 'node:fs'
import type { ZoneNode, ZoneValue } from '../../src/dns/fixture_zone.ts'
import type { DnsAnswer, DnsRecord, DnsType, Resolver } from '../../src/dns/resolver.ts'

/** The openspf.org suite for RFC 7208 (test/data/rfc7208, with its licence), 203 cases in 16 zones. */
export interface SuiteCase {
  readonly name: string
  readonly helo: string
  readonly host: string
  readonly mailfrom: string
  /** Any of them is right. */
  readonly results: readonly string[]
  /** Null: the suite says nothing; "DEFAULT": the receiver's own. */
  readonly explanation: string | null
}

export interface Scenario {
  readonly description: string
  readonly cases: readonly SuiteCase[]
  readonly zone: SuiteZone
}

/** A value is "address", "name", ["0", "mx"], text or texts, by type; the word TIMEOUT means every other question fails. */
type SuiteZone = Readonly<Record<string, readonly ('TIMEOUT' | Readonly<Record<string, string | readonly string[]>>)[]>>

interface RawScenario {
  readonly description: string
  readonly tests: Readonly<
    Record<string, { helo: string; host: string; mailfrom: string; result: string | string[]; explanation?: string }>
  >
  readonly zonedata: SuiteZone
}

const FILE = new URL('../data/rfc7208/tests.json', import.meta.url)
const MAX_ALIASES = 10
const TTL = 60

export function loadSuite(): readonly Scenario[] {
  const raw: readonly RawScenario[] = JSON.parse(readFileSync(FILE, 'utf8'))
  return raw.map(({ description, tests, zonedata }) => ({
    description,
    zone: zonedata,
    cases: Object.entries(tests).map(([name, test]) => ({
      name,
      helo: test.helo,
      host: test.host,
      mailfrom: test.mailfrom,
      results: typeof test.result === 'string' ? [test.result] : test.result,
      explanation: test.explanation ?? null,
    })),
  }))
}

/** A zone's nodes as test/support/fixture_dns.ts serves them. `failure`: what TIMEOUT becomes. */
export function suiteRecords(zone: SuiteZone, failure: 'TIMEOUT' | 'SERVFAIL'): Record<string, ZoneNode> {
  const records: Record<string, ZoneNode> = {}
  for (const [name, entries] of Object.entries(zone)) {
    const node: Record<string, ZoneValue> = {}
    const add = (type: string, value: string | readonly string[]): void => {
      const known = node[type]
      const one = type === 'MX' ? [Number(value[0]), value[1] ?? ''] : value
      node[type] = Array.isArray(known) ? [...known, one] : [one]
    }
    const hasText = entries.some(entry => entry !== 'TIMEOUT' && entry['TXT'] !== undefined)
    for (const entry of entries) {
      if (entry === 'TIMEOUT') {
        node['*'] = failure
        continue
      }
      for (const [type, value] of Object.entries(entry)) {
        // The suite is older than RFC 7208: an SPF record stands for a TXT record where there is none.
        if (value === 'NONE') continue
        if (type === 'SPF') {
          if (!hasText) add('TXT', value)
        } else add(type, value)
      }
    }
    records[toText(name)] = node
  }
  return records
}

/** A resolver of one scenario, in memory. */
export function suiteResolver(zone: SuiteZone): Resolver {
  const records = suiteRecords(zone, 'SERVFAIL')
  const failed: DnsAnswer = { status: 'failed', reason: 'timeout' }
  const query = async (asked: string, type: DnsType): Promise<DnsAnswer> => {
    let name = toText(asked.replace(/\.$/, ''))
    for (let aliases = 0; aliases < MAX_ALIASES; aliases++) {
      const node = records[name]
      if (node === undefined) return { status: 'absent', reason: 'nxdomain', secondsLeft: TTL }
      const values = node[type]
      if (Array.isArray(values))
        return { status: 'found', records: values.map(value => toRecord(type, value)), stale: false, secondsLeft: TTL }
      const alias = node['CNAME']
      if (Array.isArray(alias)) {
        name = String(alias[0]).toLowerCase().replace(/\.$/, '')
        continue
      }
      return node['*'] === 'SERVFAIL' ? failed : { status: 'absent', reason: 'nodata', secondsLeft: TTL }
    }
    return failed
  }
  return { query }
}

/** RFC 4343 2.1: names with blanks are escaped. */
function toText(name: string): string {
  return name.toLowerCase().replaceAll(' ', '\\032')
}

function toRecord(type: DnsType, value: string | readonly (string | number)[]): DnsRecord {
  const text = typeof value === 'string' ? value : value.join('')
  if (type === 'TXT') return { type, strings: typeof value === 'string' ? [value] : value.map(String), ttl: TTL }
  if (type === 'A' || type === 'AAAA') return { type, address: text, ttl: TTL }
  if (type === 'MX')
    return { type, preference: Number(value[0]), exchange: String(value[1]).replace(/\.$/, ''), ttl: TTL }
  if (type === 'PTR' || type === 'NS' || type === 'CNAME') return { type, name: text.replace(/\.$/, ''), ttl: TTL }
  throw new TypeError(`The suite has no ${type} records`)
}
