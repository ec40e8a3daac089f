import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIpMatch } from './ip_match.ts'

const octet = fc.integer({ min: 0, max: 255 })
/** An octet alone, or ranges in brackets. */
const range = fc.tuple(octet, octet).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)])
const field = fc.oneof(
  octet.map(value => ({ text: String(value), ranges: [[value, value]] })),
  fc.array(range, { minLength: 1, maxLength: 4 }).map(ranges => ({
    text: `[${ranges.map(([low, high]) => (low === high ? String(low) : `${low}..${high}`)).join(';')}]`,
    ranges,
  })),
)
const fields = fc.tuple(field, field, field, field)

test('agrees with a matcher that tries each range', () => {
  fc.assert(
    fc.property(fields, fc.tuple(octet, octet, octet, octet), fc.boolean(), (parts, address, outer) => {
      const body = parts.map(part => part.text).join('.')
      const matches = parseIpMatch(outer ? `[${body}]` : body)
      assert.ok(typeof matches === 'function')
      const expected = parts.every((part, at) =>
        part.ranges.some(([low = 0, high = 0]) => low <= (address[at] ?? -1) && (address[at] ?? -1) <= high),
      )
      assert.equal(matches(address.join('.')), expected)
    }),
    { numRuns: 2000 },
  )
})

test('finds the addresses that it was made of', () => {
  fc.assert(
    fc.property(fields, parts => {
      const matches = parseIpMatch(parts.map(part => part.text).join('.'))
      assert.ok(typeof matches === 'function')
      for (const end of [0, 1] as const) {
        assert.equal(matches(parts.map(part => part.ranges[0]?.[end] ?? 0).join('.')), true)
      }
    }),
  )
})

test('never throws, whatever it reads', () => {
  const alphabet = fc.constantFrom(...'0123456789.[];. ')
  const garbage = fc.oneof(
    fc.string(),
    fc.array(alphabet, { maxLength: 30 }).map(chars => chars.join('')),
  )
  fc.assert(
    fc.property(garbage, garbage, (pattern, address) => {
      const matches = parseIpMatch(pattern)
      if (typeof matches === 'function') assert.equal(typeof matches(address), 'boolean')
      else assert.equal(typeof matches.problem, 'string')
    }),
    { numRuns: 3000 },
  )
})
