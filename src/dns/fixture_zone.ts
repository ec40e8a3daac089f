import { parseIpExactly } from '../util/ip.ts'
import { RCODE, TYPE_CODE } from './codec.ts'
import { encodeName } from './name.ts'

/**
 * A made-up corner of the DNS as JSON: `{ "ttl": 60, "minimum": 60, "records": { "OWNER": { "TYPE": VALUE } } }`.
 *
 * - VALUE is a list of records, or a word: NXDOMAIN, NODATA, SERVFAIL, REFUSED, FORMERR, NOTIMP, TIMEOUT (no answer).
 * - A record is "address" (A, AAAA), [preference, "host"] (MX), "host" (PTR, NS, CNAME), "text" or ["string", …] (TXT).
 * - TYPE "*" stands for every type without a line of its own; "ttl" gives the owner's records a TTL of their own.
 * - An owner "*.x" answers for every name below x without a closer one (RFC 4592).
 * - Names that do not exist are NXDOMAIN, names that only have names below them NODATA; the SOA is made up.
 */
export interface Zone {
  /** Seconds, where the owner says nothing; default 60. */
  readonly ttl?: number
  /** TTL and minimum of the SOA that goes with negative answers, seconds; default 60. */
  readonly minimum?: number
  readonly records: Readonly<Record<string, ZoneNode>>
}
export type ZoneNode = Readonly<Record<string, ZoneValue>>
export type ZoneValue = string | number | readonly (string | readonly (string | number)[])[]

export type ZoneAnswer =
  | { readonly kind: 'silence' }
  | {
      readonly kind: 'answer'
      readonly rcode: number
      readonly answers: readonly Uint8Array[]
      readonly negative: boolean
    }

const DEFAULT_TTL = 60
const MAX_ALIASES = 12

/** A zone ready to be asked. */
export class FixtureZone {
  private readonly nodes = new Map<string, ZoneNode>()
  /** Every owner and every name above one. */
  private readonly existing = new Set<string>()
  private readonly ttl: number
  readonly minimum: number

  constructor(zone: Zone) {
    this.ttl = zone.ttl ?? DEFAULT_TTL
    this.minimum = zone.minimum ?? DEFAULT_TTL
    for (const [owner, node] of Object.entries(zone.records)) this.set(owner, node)
  }

  /** Puts a node in, instead of the one that was there; null takes it out. */
  set(owner: string, node: ZoneNode | null): void {
    const name = owner.toLowerCase().replace(/\.$/, '')
    if (node === null) {
      this.nodes.delete(name)
      this.existing.delete(name)
      return
    }
    this.nodes.set(name, node)
    for (let rest: string | null = name; rest !== null; rest = parent(rest)) this.existing.add(rest)
  }

  /** `name` lower case without trailing dot; `type` as in the zone file. */
  answer(name: string, type: string): ZoneAnswer {
    const answers: Uint8Array[] = []
    let owner = name
    for (let hop = 0; hop < MAX_ALIASES; hop++) {
      const node = this.find(owner)
      if (node === null) return { kind: 'answer', rcode: RCODE.NXDOMAIN, answers, negative: true }
      const ttl = typeof node['ttl'] === 'number' ? node['ttl'] : this.ttl
      const alias = node[type] === undefined && type !== 'CNAME' ? node['CNAME'] : undefined
      const target = Array.isArray(alias) ? String(alias[0]) : null
      if (target !== null) {
        answers.push(encodeRecord(owner, 'CNAME', { value: target, ttl }))
        owner = target.toLowerCase().replace(/\.$/, '')
        continue
      }
      const value = node[type] ?? (typeof alias === 'string' ? alias : undefined) ?? node['*'] ?? 'NODATA'
      if (value === 'TIMEOUT') return { kind: 'silence' }
      if (value === 'NODATA' || typeof value === 'number')
        return { kind: 'answer', rcode: RCODE.NOERROR, answers, negative: true }
      if (typeof value === 'string')
        return { kind: 'answer', rcode: rcodeOf(value), answers, negative: value === 'NXDOMAIN' }
      for (const one of value) answers.push(encodeRecord(owner, type, { value: one, ttl }))
      return { kind: 'answer', rcode: RCODE.NOERROR, answers, negative: false }
    }
    return { kind: 'answer', rcode: RCODE.SERVFAIL, answers: [], negative: false }
  }

  /** The SOA for the authority section of a negative answer: of the top-level domain, as the zones here have no cuts. */
  startOfAuthority(name: string): Uint8Array {
    const top = name.split('.').at(-1) ?? ''
    return encodeRecord(top, 'SOA', { value: String(this.minimum), ttl: this.minimum })
  }

  private find(name: string): ZoneNode | null {
    const node = this.nodes.get(name)
    if (node !== undefined) return node
    if (this.existing.has(name)) return {}
    // RFC 4592 3.3.1: only the wildcard right below the closest name that exists counts.
    for (let above = parent(name); above !== null; above = parent(above)) {
      const wild = this.nodes.get(above === '' ? '*' : `*.${above}`)
      if (wild !== undefined) return wild
      if (this.existing.has(above)) return null
    }
    return null
  }
}

function parent(name: string): string | null {
  if (name === '') return null
  const dot = name.indexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1)
}

function rcodeOf(word: string): number {
  const rcode = Object.entries(RCODE).find(([name]) => name === word)?.[1]
  if (rcode === undefined)
    throw new RangeError(`Cannot answer with "${word}": expected TIMEOUT, NODATA or a response code`)
  return rcode
}

function encodeRecord(
  owner: string,
  type: string,
  { value, ttl }: { value: string | readonly (string | number)[]; ttl: number },
): Uint8Array {
  const data = encodeData(type, value)
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(typeCode(type), 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(ttl, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([wireName(owner), fixed, data])
}

function typeCode(type: string): number {
  const code = new Map<string, number>(Object.entries(TYPE_CODE) satisfies [string, number][]).get(type)
  if (code === undefined) throw new RangeError(`Cannot make a record of type "${type}"`)
  return code
}

/** Also names that no resolver would ask for, as a server may give them: what does not fit is an error of the zone. */
function wireName(name: string): Uint8Array {
  const wire = encodeName(name === '' ? '.' : name)
  if (wire === null) throw new RangeError(`Cannot put "${name}" into a DNS message: it is no name`)
  return wire
}

function encodeData(type: string, value: string | readonly (string | number)[]): Uint8Array {
  const list = typeof value === 'string' ? [value] : value
  const first = String(list[0] ?? '')
  switch (type) {
    case 'A':
    case 'AAAA': {
      const words = parseIpExactly(first)?.words ?? []
      const bytes = Buffer.alloc(4 * words.length)
      for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, 4 * i)
      return bytes
    }
    case 'MX': {
      const preference = Buffer.alloc(2)
      preference.writeUInt16BE(Number(first))
      return Buffer.concat([preference, wireName(String(list[1] ?? ''))])
    }
    case 'TXT':
      return Buffer.concat(list.map(string => lengthAndText(String(string))))
    case 'SOA': {
      const numbers = Buffer.alloc(20)
      for (const [i, number] of [1, 3600, 600, 86_400, Number(first)].entries()) numbers.writeUInt32BE(number, 4 * i)
      return Buffer.concat([wireName('ns.fixture.test'), wireName('hostmaster.fixture.test'), numbers])
    }
    default:
      return wireName(first)
  }
}

function lengthAndText(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8').subarray(0, 255)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}
