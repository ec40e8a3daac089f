import type { DnsAnswer, DnsRecord, DnsType, Resolver } from '../../src/dns/resolver.ts'

/**
 * A resolver made of maps: `{ A: { 'mx.example': ['192.0.2.1'] }, MX: { 'example': ['10 mx.example'] }, TXT: { 'example':
 * ['v=spf1 -all', ['two ', 'strings']] }, fail: ['A dead.example'] }`. A name with records of another type only
 * is NODATA, any other is NXDOMAIN; `fail` lists "TYPE name" questions that fail, with "* name" for all types.
 */
export type FakeZone = {
  readonly [T in DnsType]?: Readonly<Record<string, readonly (string | readonly string[])[]>>
} & {
  readonly fail?: readonly string[]
}

export interface FakeResolver extends Resolver {
  /** "TYPE name" of each question, in order. */
  readonly asked: string[]
}

const TYPES: readonly DnsType[] = ['A', 'AAAA', 'MX', 'NS', 'PTR', 'TXT', 'SOA', 'CNAME']
const TTL = 60

export function makeFakeResolver(zone: FakeZone): FakeResolver {
  const tables = new Map(
    TYPES.map(type => [type, new Map(Object.entries(zone[type] ?? {}).map(([n, v]) => [bare(n), v]))]),
  )
  const fails = new Set((zone.fail ?? []).map(text => text.replace(/ .*/, name => ` ${bare(name.slice(1))}`)))
  const asked: string[] = []

  const answer = (name: string, type: DnsType): DnsAnswer => {
    if (fails.has(`${type} ${name}`) || fails.has(`* ${name}`))
      return { status: 'failed', reason: 'SERVFAIL from fake' }
    const values = tables.get(type)?.get(name)
    if (values !== undefined && values.length > 0)
      return { status: 'found', records: values.map(value => toRecord(type, value)), stale: false, secondsLeft: TTL }
    const exists = [...tables.values()].some(table =>
      [...table.keys()].some(key => key === name || key.endsWith(`.${name}`)),
    )
    return { status: 'absent', reason: exists ? 'nodata' : 'nxdomain', secondsLeft: TTL }
  }

  return {
    asked,
    query(name, type) {
      asked.push(`${type} ${bare(name)}`)
      return Promise.resolve(answer(bare(name), type))
    },
  }
}

function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

function toRecord(type: DnsType, value: string | readonly string[]): DnsRecord {
  const strings = typeof value === 'string' ? [value] : value
  const text = strings.join('')
  switch (type) {
    case 'A':
    case 'AAAA':
      return { type, address: text, ttl: TTL }
    case 'MX': {
      const [preference = '0', exchange = ''] = text.split(' ')
      return { type, preference: Number(preference), exchange: exchange.replace(/\.$/, ''), ttl: TTL }
    }
    case 'TXT':
      return { type, strings, ttl: TTL }
    case 'SOA':
      return { type, primary: text, minimum: TTL, ttl: TTL }
    default:
      return { type, name: text.replace(/\.$/, ''), ttl: TTL }
  }
}
