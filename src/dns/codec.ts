import { formatIp } from '../util/ip.ts'
import { BYTE_TEXT, lowerName, MAX_NAME_BYTES } from './name.ts'
import type { DnsRecord, DnsType } from './resolver.ts'

/** The message is not one that RFC 1035 4 allows. `offset` is the octet at which reading stopped. */
export class DnsFormatError extends SyntaxError {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(`Cannot read DNS message: ${message} at octet ${offset}`)
    this.name = 'DnsFormatError'
    this.offset = offset
  }
}

export const TYPE_CODE: Readonly<Record<DnsType, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
}
const TYPE_NAME = new Map(Object.entries(TYPE_CODE).map(([name, code]) => [code, name]))
const TYPE_OPT = 41
const CLASS_IN = 1

/** Response codes that decide what a client does next; others are treated like SERVFAIL. RFC 1035 4.1.1. */
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const
const RCODE_NAME = new Map<number, string>(Object.entries(RCODE).map(([name, code]) => [code, name]))

export function rcodeName(rcode: number): string {
  return RCODE_NAME.get(rcode) ?? `RCODE${rcode}`
}

export const HEADER_BYTES = 12
/** RFC 1035 4.1.4: root, type and class are the least a question takes. */
const MIN_QUESTION_BYTES = 5
/** Root, type, class, TTL, length. */
const MIN_RECORD_BYTES = 11
/** RFC 9715 3, DNS Flag Day 2020: fits every network unfragmented. */
export const EDNS_PAYLOAD_BYTES = 1232

export interface DnsMessage {
  readonly id: number
  readonly isResponse: boolean
  readonly authoritative: boolean
  readonly recursionAvailable: boolean
  /** With the upper bits of the OPT record, if there is one (RFC 6891 6.1.3). */
  readonly rcode: number
  readonly questions: readonly { readonly name: string; readonly type: number; readonly class: number }[]
  readonly answers: readonly OwnedRecord[]
  readonly authority: readonly OwnedRecord[]
}

/** A record with its owner name, lower case. */
export interface OwnedRecord {
  readonly owner: string
  readonly record: DnsRecord
}

/** A query for one question; the id is for the sender to fill in at octet 0. RFC 1035 4.1, RFC 6891 6.1. */
export function encodeQuery(name: Uint8Array, type: DnsType, edns: boolean): Uint8Array {
  const question = HEADER_BYTES + name.length
  const packet = new Uint8Array(question + 4 + (edns ? MIN_RECORD_BYTES : 0))
  packet[2] = 0x01 // recursion desired
  packet[5] = 1
  packet.set(name, HEADER_BYTES)
  packet[question + 1] = TYPE_CODE[type]
  packet[question + 3] = CLASS_IN
  if (edns) {
    packet[11] = 1
    packet[question + 6] = TYPE_OPT
    packet[question + 7] = EDNS_PAYLOAD_BYTES >> 8
    packet[question + 8] = EDNS_PAYLOAD_BYTES & 0xff
  }
  return packet
}

/** How a datagram relates to the query it may answer. */
export type Match =
  | 'answer'
  /** The question came back in another spelling: not the one that was sent, if spelling was to count. */
  | 'respelt'
  /** TC: the rest is to be asked for over TCP. RFC 2181 9. */
  | 'truncated'
  /** An error without the question, as servers send that could not read it. */
  | 'bare error'
  | 'other'

/** Looks at header and question only; the id has been compared already. `nameBytes`: length of the name in the query. */
export function matchResponse(packet: Uint8Array, query: Uint8Array, nameBytes: number): Match {
  const [flags = 0, rcode = 0] = [packet[2], (packet[3] ?? 0) & 0x0f]
  // A response, and to a standard query.
  if (packet.length < HEADER_BYTES || (flags & 0xf8) !== 0x80) return 'other'
  const questions = ((packet[4] ?? 0) << 8) | (packet[5] ?? 0)
  if (questions === 0) return rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP ? 'bare error' : 'other'
  const end = HEADER_BYTES + nameBytes + 4
  if (questions !== 1 || packet.length < end) return 'other'
  let respelt = false
  for (let at = HEADER_BYTES; at < end; at++) {
    const [got = 0, sent = 0] = [packet[at], query[at]]
    if (got === sent) continue
    if (at >= end - 4 || foldByte(got) !== foldByte(sent)) return 'other'
    respelt = true
  }
  if ((flags & 0x02) !== 0) return 'truncated'
  return respelt ? 'respelt' : 'answer'
}

/** ASCII lower case. Length octets are below 64, so that they are never taken for letters. */
export function foldByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}

/** Reads a whole message; throws DnsFormatError for anything that does not fit, and nothing else. */
export function decodeMessage(packet: Uint8Array): DnsMessage {
  return new Reader(packet).message()
}

interface ReadName {
  readonly text: string
  /** On the wire, the root's zero included. */
  readonly octets: number
}

/** One for each label that a name can have: no server needs more. */
const MAX_POINTERS = 127

/** Reads from left to right. Names reached by a pointer are remembered, so that many records cannot make one name costly. */
class Reader {
  private readonly packet: Buffer
  private at = 0
  private readonly names = new Map<number, ReadName>()

  constructor(packet: Uint8Array) {
    this.packet = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength)
  }

  message(): DnsMessage {
    if (this.packet.length < HEADER_BYTES) throw new DnsFormatError('it ends inside the header', this.packet.length)
    const id = this.uint16()
    const flags = this.uint16()
    const counts = [this.uint16(), this.uint16(), this.uint16(), this.uint16()] as const
    this.checkCounts(counts)
    const questions = Array.from({ length: counts[0] }, () => ({
      name: this.nameHere(true),
      type: this.uint16(),
      class: this.uint16(),
    }))
    const answers = this.records(counts[1])
    const authority = this.records(counts[2])
    const rcode = (flags & 0x0f) | (this.extendedRcode(counts[3]) << 4)
    const authoritative = (flags & 0x0400) !== 0
    const recursionAvailable = (flags & 0x0080) !== 0
    return { id, isResponse: flags >= 0x8000, authoritative, recursionAvailable, rcode, questions, answers, authority }
  }

  /** Counts are a claim of the sender; the length of the packet is not. */
  private checkCounts([questions, answers, authority, additional]: readonly [number, number, number, number]): void {
    const records = answers + authority + additional
    const least = HEADER_BYTES + questions * MIN_QUESTION_BYTES + records * MIN_RECORD_BYTES
    // A truncated message may hold fewer records than it says, but then nobody reads it: it is asked again over TCP.
    if (least > this.packet.length)
      throw new DnsFormatError(
        `${questions} questions and ${records} records do not fit into ${this.packet.length} octets`,
        4,
      )
  }

  private records(count: number): OwnedRecord[] {
    const records: OwnedRecord[] = []
    for (let i = 0; i < count; i++) {
      const owner = this.nameHere(true)
      const type = this.uint16()
      const inClass = this.uint16() === CLASS_IN
      const ttl = this.ttl()
      const end = this.recordEnd()
      const name = inClass ? TYPE_NAME.get(type) : undefined
      if (name === undefined) {
        this.at = end
        continue
      }
      const start = this.at
      records.push({ owner, record: this.record(name, ttl, end) })
      if (this.at !== end) throw new DnsFormatError(`${name} record does not fill its length`, start)
    }
    return records
  }

  private record(type: string, ttl: number, end: number): DnsRecord {
    switch (type) {
      case 'A':
        return { type, address: Array.from(this.take(4)).join('.'), ttl }
      case 'AAAA':
        return {
          type,
          address: formatIp({ family: 6, words: [this.uint32(), this.uint32(), this.uint32(), this.uint32()] }),
          ttl,
        }
      case 'MX':
        return { type, preference: this.uint16(), exchange: this.nameHere(false), ttl }
      case 'NS':
      case 'PTR':
      case 'CNAME':
        return { type, name: this.nameHere(false), ttl }
      case 'TXT':
        return { type, strings: this.strings(end), ttl }
      default:
        return this.startOfAuthority(ttl)
    }
  }

  private startOfAuthority(ttl: number): DnsRecord {
    const primary = this.nameHere(false)
    this.nameHere(false)
    this.take(16)
    return { type: 'SOA', primary, minimum: this.ttl(), ttl }
  }

  private strings(end: number): string[] {
    const strings: string[] = []
    while (this.at < end) {
      const length = this.packet[this.at] ?? 0
      if (this.at + 1 + length > end) throw new DnsFormatError('TXT string runs over its record', this.at)
      strings.push(this.packet.toString('latin1', this.at + 1, this.at + 1 + length))
      this.at += 1 + length
    }
    return strings
  }

  /** Of the additional section only the OPT record matters to a stub. */
  private extendedRcode(count: number): number {
    let upper = 0
    for (let i = 0; i < count; i++) {
      this.skipName()
      const type = this.uint16()
      this.take(2)
      const [extended = 0] = this.take(4)
      if (type === TYPE_OPT) upper = extended
      this.at = this.recordEnd()
    }
    return upper
  }

  private recordEnd(): number {
    const length = this.uint16()
    if (this.at + length > this.packet.length) throw new DnsFormatError('record runs over the end', this.at)
    return this.at + length
  }

  /** RFC 2181 8: 31 bits; a TTL with the top bit set counts as zero. */
  private ttl(): number {
    const value = this.uint32()
    return value >= 0x80000000 ? 0 : value
  }

  private uint16(): number {
    const { at, packet } = this
    if (at + 2 > packet.length) throw new DnsFormatError('it ends inside a number', at)
    this.at = at + 2
    return ((packet[at] ?? 0) << 8) | (packet[at + 1] ?? 0)
  }

  private uint32(): number {
    return this.uint16() * 0x10000 + this.uint16()
  }

  private take(count: number): Buffer {
    const start = this.at
    if (start + count > this.packet.length) throw new DnsFormatError('it ends inside a record', start)
    this.at = start + count
    return this.packet.subarray(start, start + count)
  }

  /** The name at the present place; owners are lowered, names inside records keep the spelling that logs will show. */
  private nameHere(lower: boolean): string {
    const start = this.at
    this.skipName()
    const { text: name } = this.nameAt(start)
    return lower ? lowerName(name) : name
  }

  private skipName(): void {
    for (;;) {
      const length = this.packet[this.at]
      if (length === undefined) throw new DnsFormatError('it ends inside a name', this.at)
      if (length >= 0xc0) {
        if (this.at + 2 > this.packet.length) throw new DnsFormatError('it ends inside a name', this.at)
        this.at += 2
        return
      }
      // RFC 6891 5: label types 01 and 10 are not in use.
      if (length >= 0x40) throw new DnsFormatError(`unknown label type ${length >> 6}`, this.at)
      this.at += 1 + length
      if (length === 0) return
    }
  }

  /** RFC 1035 4.1.4. A pointer must point before the name that it ends, so that a chain of pointers comes to an end. */
  private nameAt(start: number, hops = 0): ReadName {
    const known = this.names.get(start)
    if (known !== undefined) return known
    if (hops > MAX_POINTERS) throw new DnsFormatError('too many compression pointers in a row', start)
    const labels: string[] = []
    let octets = 1
    let at = start
    for (;;) {
      const length = this.packet[at]
      if (length === undefined) throw new DnsFormatError('it ends inside a name', at)
      if (length === 0) break
      if (length >= 0xc0) {
        const target = ((length & 0x3f) << 8) | (this.packet[at + 1] ?? 0)
        if (target >= start || target < HEADER_BYTES)
          throw new DnsFormatError('compression pointer does not point back', at)
        const rest = this.nameAt(target, hops + 1)
        if (rest.text !== '') labels.push(rest.text)
        octets += rest.octets - 1
        break
      }
      if (length >= 0x40) throw new DnsFormatError(`unknown label type ${length >> 6}`, at)
      if (at + 1 + length > this.packet.length) throw new DnsFormatError('it ends inside a name', at)
      octets += 1 + length
      labels.push(this.label(at + 1, at + 1 + length))
      at += 1 + length
      if (octets > MAX_NAME_BYTES) break
    }
    if (octets > MAX_NAME_BYTES) throw new DnsFormatError('name is longer than 255 octets', start)
    const name = { text: labels.join('.'), octets }
    this.names.set(start, name)
    return name
  }

  private label(start: number, end: number): string {
    for (let at = start; at < end; at++) {
      const byte = this.packet[at] ?? 0
      // "." and "\" are the only printable ones with an escape.
      if (byte <= 0x20 || byte >= 0x7f || byte === 0x2e || byte === 0x5c) return this.escapedLabel(start, end)
    }
    return this.packet.toString('latin1', start, end)
  }

  private escapedLabel(start: number, end: number): string {
    let text = ''
    for (let at = start; at < end; at++) text += BYTE_TEXT[this.packet[at] ?? 0] ?? ''
    return text
  }
}
