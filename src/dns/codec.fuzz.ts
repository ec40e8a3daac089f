import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DnsFormatError, decodeMessage, encodeQuery, matchResponse } from './codec.ts'
import { encodeName, formatName } from './name.ts'

const NAME = encodeName('a.list.example') ?? new Uint8Array(1)
const QUERY = encodeQuery(NAME, 'A', true)

/** A sound answer with all record types, for mutation to start from. */
const SOUND = Buffer.from(
  '1234818000010007000000010161046c697374076578616d706c650000010001' +
    'c00c000100010000012c00047f000002' +
    'c00c000500010000012c0002c00e' +
    'c00c000f00010000012c0006000a026d78c00e'.slice(0, 40) +
    'c00c001000010000012c00080361626303646566' +
    'c00c001c00010000012c001020010db8000000000000000000000001' +
    'c00c000c00010000012c0002c00c' +
    'c00c000600010000012c0018c00cc00c00000001000000020000000300000004000000050000290' +
    '4d0000000000000',
  'hex',
)

function readsOrRefuses(packet: Uint8Array): void {
  const began = performance.now()
  try {
    const message = decodeMessage(packet)
    // Nothing comes out that did not go in: every record takes eleven octets at least.
    assert.ok((message.answers.length + message.authority.length) * 11 <= packet.length)
    for (const { owner } of message.answers) assert.ok(owner.length <= 255 * 4)
  } catch (error) {
    if (!(error instanceof DnsFormatError)) throw error
  }
  matchResponse(packet, QUERY, NAME.length)
  // Half a second is thousands of times what it takes: only a loop gets there, not a busy machine.
  assert.ok(performance.now() - began < 500)
}

test('random octets are read or refused, never more', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), readsOrRefuses), { numRuns: 5000 })
})

test('random octets behind a header that promises records', () => {
  const counts = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(counts, fc.uint8Array({ maxLength: 600 }), (numbers, rest) => {
      const header = Buffer.from([0x12, 0x34, 0x81, 0x80, ...numbers.flatMap(n => [0, n])])
      readsOrRefuses(Buffer.concat([header, rest]))
    }),
    { numRuns: 5000 },
  )
})

test('a sound answer with some octets changed, added or cut off', () => {
  const edit = fc.tuple(fc.nat(SOUND.length - 1), fc.nat(255))
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 6 }), fc.nat(SOUND.length), (edits, cut) => {
      const packet = Buffer.from(SOUND)
      for (const [at, value] of edits) packet[at] = value
      readsOrRefuses(packet)
      readsOrRefuses(packet.subarray(0, cut))
      readsOrRefuses(Buffer.concat([packet, packet.subarray(cut)]))
    }),
    { numRuns: 5000 },
  )
})

test('64 KiB of records whose names all point far back cost little', () => {
  const long = Buffer.concat([Buffer.from(Array.from({ length: 120 }, () => [1, 0x61]).flat()), Buffer.from([0])])
  const record = Buffer.from([0xc0, 0x0c, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 0x0c])
  const count = Math.floor((65_000 - long.length) / record.length)
  const header = Buffer.from([0, 0, 0x81, 0x80, 0, 1, count >> 8, count & 0xff, 0, 0, 0, 0])
  const packet = Buffer.concat([
    header,
    long,
    Buffer.from([0, 5, 0, 1]),
    ...Array.from({ length: count }, () => record),
  ])
  readsOrRefuses(packet)
  assert.equal(decodeMessage(packet).answers.length, count)
})

test('any label of any octets comes back from its text form', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 })
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 3 }), labels => {
      const wire = Buffer.concat([...labels.flatMap(bytes => [Buffer.from([bytes.length]), bytes]), Buffer.from([0])])
      const text = formatName(wire)
      assert.deepEqual(Buffer.from(encodeName(text) ?? []), wire)
      // The decoder says the same as formatName.
      const packet = Buffer.concat([
        Buffer.from([0, 0, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5, 0, 1, 0, 0, 0, 1]),
        lengthOf(wire),
        wire,
      ])
      const [answer] = decodeMessage(packet).answers
      assert.equal(answer?.record.type === 'CNAME' ? answer.record.name : null, text)
    }),
    { numRuns: 1000 },
  )
})

function lengthOf(bytes: Uint8Array): Buffer {
  return Buffer.from([bytes.length >> 8, bytes.length & 0xff])
}
