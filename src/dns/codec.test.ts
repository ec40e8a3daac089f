import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DnsFormatError, decodeMessage, encodeQuery, matchResponse } from './codec.ts'
import { encodeName } from './name.ts'

const MX_EXAMPLE = encodeName('mx.example') ?? new Uint8Array()

/** Header (response, RD, RA) with counts, then parts as latin1 text. */
function message(counts: readonly [number, number, number, number], ...parts: string[]): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16BE(0x1234, 0)
  header.writeUInt16BE(0x8180, 2)
  for (const [i, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * i)
  return Buffer.concat([header, ...parts.map(part => Buffer.from(part, 'latin1'))])
}

const QUESTION = '\x02mx\x07example\0\0\x01\0\x01'
/** Type, class IN, TTL 300, length. */
function fixed(type: number, length: number): string {
  return `\0${String.fromCharCode(type)}\0\x01\0\0\x01\x2c${String.fromCharCode(length >> 8, length & 0xff)}`
}

describe('queries', () => {
  test('one question, recursion desired, EDNS payload 1232', () => {
    const hex = Buffer.from(encodeQuery(MX_EXAMPLE, 'AAAA', true)).toString('hex')
    assert.equal(
      hex,
      '0000 0100 0001 0000 0000 0001 026d78076578616d706c6500 001c 0001 00 0029 04d0 00000000 0000'.replaceAll(' ', ''),
    )
  })

  test('without EDNS nothing follows the question', () => {
    const hex = Buffer.from(encodeQuery(MX_EXAMPLE, 'A', false)).toString('hex')
    assert.equal(hex, '0000 0100 0001 0000 0000 0000 026d78076578616d706c6500 0001 0001'.replaceAll(' ', ''))
  })
})

describe('records', () => {
  // name, answer record behind the question (owner is a pointer to it), what is read
  const cases: [string, string, object][] = [
    ['A', `${fixed(1, 4)}\xc0\0\x02\x01`, { type: 'A', address: '192.0.2.1' }],
    ['AAAA', `${fixed(28, 16)}\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01`, { type: 'AAAA', address: '2001:db8::1' }],
    ['MX', `${fixed(15, 4)}\0\x0a\xc0\x0c`, { type: 'MX', preference: 10, exchange: 'mx.example' }],
    ['null MX', `${fixed(15, 3)}\0\0\0`, { type: 'MX', preference: 0, exchange: '' }],
    ['NS', `${fixed(2, 6)}\x03NS1\xc0\x0f`, { type: 'NS', name: 'NS1.example' }],
    ['PTR', `${fixed(12, 6)}\x03a.b\xc0\x0f`, { type: 'PTR', name: 'a\\.b.example' }],
    ['CNAME', `${fixed(5, 2)}\xc0\x0f`, { type: 'CNAME', name: 'example' }],
    ['TXT of two strings', `${fixed(16, 8)}\x03abc\x03\xe4\0z`, { type: 'TXT', strings: ['abc', '\xe4\0z'] }],
    ['TXT with an empty string', `${fixed(16, 1)}\0`, { type: 'TXT', strings: [''] }],
    [
      'SOA',
      `${fixed(6, 24)}\xc0\x0c\xc0\x0c${'\0'.repeat(16)}\0\0\0\x3c`,
      { type: 'SOA', primary: 'mx.example', minimum: 60 },
    ],
  ]
  for (const [name, data, want] of cases) {
    test(name, () => {
      const read = decodeMessage(message([1, 1, 0, 0], QUESTION, '\xc0\x0c', data))
      assert.deepEqual(read.answers, [{ owner: 'mx.example', record: { ...want, ttl: 300 } }])
    })
  }

  test('owners are lowered, names inside records keep their spelling', () => {
    const read = decodeMessage(message([0, 1, 0, 0], '\x02MX\x07Example\0', fixed(12, 8), '\x06GoOd-1\0'))
    assert.equal(read.answers[0]?.owner, 'mx.example')
    assert.deepEqual(read.answers[0]?.record, { type: 'PTR', name: 'GoOd-1', ttl: 300 })
  })

  test('types and classes that nobody asks for are passed over', () => {
    const other = `\xc0\x0c${fixed(99, 3)}abc`
    const chaos = '\xc0\x0c\0\x01\0\x03\0\0\0\0\0\x04\x7f\0\0\x02'
    const read = decodeMessage(message([1, 3, 0, 0], QUESTION, other, chaos, `\xc0\x0c${fixed(1, 4)}\x7f\0\0\x03`))
    assert.deepEqual(
      read.answers.map(answer => answer.record),
      [{ type: 'A', address: '127.0.0.3', ttl: 300 }],
    )
  })

  test('a TTL with the top bit is zero (RFC 2181 8)', () => {
    const read = decodeMessage(message([1, 1, 0, 0], QUESTION, '\xc0\x0c\0\x01\0\x01\x80\0\0\x01\0\x04\x7f\0\0\x02'))
    assert.equal(read.answers[0]?.record.ttl, 0)
  })

  test('the OPT record gives the upper bits of the rcode', () => {
    assert.equal(decodeMessage(message([1, 0, 0, 1], QUESTION, '\0\0\x29\x04\xd0\x01\0\0\0\0\0')).rcode, 16)
  })
})

describe('messages that are not', () => {
  const answer = (data: string): Buffer => message([1, 1, 0, 0], QUESTION, data)
  const cases: [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['header cut short', Buffer.alloc(11)],
    ['counts that cannot fit', message([1, 0, 0, 36_865], QUESTION)],
    ['question cut short', message([1, 0, 0, 0], '\x02mx\x07exa')],
    ['pointer to itself', answer(`\xc0\x1c${fixed(1, 4)}\0\0\0\0`)],
    ['pointer forward', answer(`\xc0\x30${fixed(1, 4)}\0\0\0\0${'\0'.repeat(40)}`)],
    ['pointer into the header', answer(`\xc0\x02${fixed(1, 4)}\0\0\0\0`)],
    ['pointer at the very end', message([1, 2, 0, 0], QUESTION, `\0${fixed(99, 10)}${'x'.repeat(10)}\xc0`)],
    ['a hundred and thirty pointers in a row', message([1, 2, 0, 0], QUESTION, pointerChain(130))],
    ['label type 01', answer(`\x41a${fixed(1, 4)}\0\0\0\0`)],
    ['A of five octets', answer(`\xc0\x0c${fixed(1, 5)}\0\0\0\0\0`)],
    ['A of three octets', answer(`\xc0\x0c${fixed(1, 3)}\0\0\0`)],
    ['record over the end', answer(`\xc0\x0c${fixed(1, 400)}\0\0\0\0`)],
    ['TXT string over its record', answer(`\xc0\x0c${fixed(16, 2)}\x05a${'\0'.repeat(9)}`)],
    ['MX without a host', answer(`\xc0\x0c${fixed(15, 2)}\0\x0a`)],
    ['name over 255 octets', answer(`${`\x3f${'a'.repeat(63)}`.repeat(4)}\0${fixed(1, 4)}\0\0\0\0`)],
  ]
  for (const [name, packet] of cases) {
    test(name, () => assert.throws(() => decodeMessage(packet), DnsFormatError))
  }

  test('pointers in a row are followed as long as a name can have labels', () => {
    const read = decodeMessage(message([1, 2, 0, 0], QUESTION, pointerChain(100)))
    assert.deepEqual(read.answers[0], { owner: 'mx.example', record: { type: 'A', address: '0.0.0.0', ttl: 300 } })
  })

  test('two names that point at each other', () => {
    // The owner of the second record points into the first record's data, which points at the second record's owner.
    const first = `\xc0\x0c${fixed(99, 2)}\xc0\x2a`
    const packet = message([1, 2, 0, 0], QUESTION, first, `\xc0\x28${fixed(1, 4)}\0\0\0\0`)
    assert.throws(() => decodeMessage(packet), DnsFormatError)
  })
})

describe('which datagram answers a query', () => {
  const query = encodeQuery(MX_EXAMPLE, 'A', true)
  const cases: [string, (packet: Buffer) => Buffer, string][] = [
    ['the same question', p => p, 'answer'],
    ['another name', p => change(p, 13, 'n'.charCodeAt(0)), 'other'],
    ['another type', p => change(p, 25, 28), 'other'],
    ['a query, no response', p => change(p, 2, 0x01), 'other'],
    ['another opcode', p => change(p, 2, 0x29 | 0x80), 'other'],
    ['truncated', p => change(p, 2, 0x83), 'truncated'],
    ['capitals that were not asked for', p => change(p, 13, 'M'.charCodeAt(0)), 'respelt'],
    ['two questions', p => change(p, 5, 2), 'other'],
    ['FORMERR without a question', p => change(change(p.subarray(0, 12), 5, 0), 3, 1), 'bare error'],
    ['success without a question', p => change(p.subarray(0, 12), 5, 0), 'other'],
    ['cut inside the question', p => p.subarray(0, 20), 'other'],
    ['nothing', () => Buffer.alloc(0), 'other'],
  ]
  for (const [name, make, want] of cases) {
    test(`${name}: ${want}`, () => {
      const packet = make(message([1, 0, 0, 0], QUESTION))
      assert.equal(matchResponse(packet, query, MX_EXAMPLE.length), want)
    })
  }
})

function change(packet: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(packet)
  copy[at] = value
  return copy
}

/** A record of unknown type that holds pointers, each to the one before, and a record whose owner is the last. */
function pointerChain(length: number): string {
  const first = 12 + QUESTION.length + 12
  const pointers = Array.from({ length }, (_, i) => pointer(i === 0 ? 12 : first + 2 * (i - 1))).join('')
  return `\xc0\x0c${fixed(99, 2 * length)}${pointers}${pointer(first + 2 * (length - 1))}${fixed(1, 4)}\0\0\0\0`
}

function pointer(target: number): string {
  return String.fromCharCode(0xc0 | (target >> 8), target & 0xff)
}
