import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fingerprinter } from './fingerprint.ts'

/** HalfSipHash-1-3 as its paper writes it down, slowly: rounds and words one by one. */
function slowly(low: number, high: number, message: Uint8Array): readonly [number, number] {
  const v = new Int32Array([low, high ^ 0xee, 0x6c796765 ^ low, 0x74656462 ^ high])
  const [v0, v1, v2, v3] = [0, 1, 2, 3]
  const add = (to: number, from: number): void => {
    v[to] = (v[to] ?? 0) + (v[from] ?? 0)
  }
  const turn = (of: number, bits: number): void => {
    v[of] = ((v[of] ?? 0) << bits) | ((v[of] ?? 0) >>> (32 - bits))
  }
  const mix = (to: number, from: number): void => {
    v[to] = (v[to] ?? 0) ^ (v[from] ?? 0)
  }
  const put = (to: number, word: number): void => {
    v[to] = (v[to] ?? 0) ^ word
  }
  const half = (to: number, from: number, bits: number): void => {
    add(to, from)
    turn(from, bits)
    mix(from, to)
  }
  const round = (): void => {
    half(v0, v1, 5)
    turn(v0, 16)
    half(v2, v3, 8)
    half(v0, v3, 7)
    half(v2, v1, 13)
    turn(v2, 16)
  }
  const padded = Buffer.alloc(4 * Math.floor(message.length / 4) + 4)
  padded.set(message)
  padded[padded.length - 1] = message.length
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.readInt32LE(at)
    put(v3, word)
    round()
    put(v0, word)
  }
  put(v2, 0xee)
  for (let i = 0; i < 3; i++) round()
  const a = (v[v1] ?? 0) ^ (v[v3] ?? 0)
  put(v1, 0xdd)
  for (let i = 0; i < 3; i++) round()
  return [a, (v[v1] ?? 0) ^ (v[v3] ?? 0)]
}

test('a fingerprint is HalfSipHash-1-3 with 64 bits, at every length and place', () => {
  const fingerprinter = new Fingerprinter({ low: 0x03020100, high: 0x87060504 | 0 })
  for (let length = 0; length < 300; length++) {
    const bytes = new Uint8Array(length + 10).map((_, i) => i * 31 + length)
    fingerprinter.read(bytes, 3, 3 + length)
    const expected = slowly(0x03020100, 0x87060504 | 0, bytes.subarray(3, 3 + length))
    assert.deepEqual([fingerprinter.a, fingerprinter.b], expected)
  }
})

test('another seed gives other fingerprints', () => {
  const bytes = Buffer.from('192.0.2.0/sender@example.org/user@example.net')
  const seen = new Set<string>()
  for (let seed = 0; seed < 100; seed++) {
    const fingerprinter = new Fingerprinter({ low: seed, high: 0 })
    fingerprinter.read(bytes, 0, bytes.length)
    seen.add(`${fingerprinter.a} ${fingerprinter.b}`)
  }
  assert.equal(seen.size, 100)
})
