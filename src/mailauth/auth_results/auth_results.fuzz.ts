import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AuthResults } from './auth_results.ts'
import { claimsOurName } from './forged.ts'
import { formatAuthResults } from './format.ts'
import { parseAuthResults } from './parse.ts'

function record<T>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true })
}

const keyword = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}[a-z0-9]$/)
const ascii = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
  maxLength: 40,
})
const address = fc
  .tuple(fc.constantFrom('', 'a', 'a.b', "o'h+x=1/2?"), fc.constantFrom('b.example', 'x_y.b-c'))
  .map(([l, d]) => `${l}@${d}`)
const results: fc.Arbitrary<AuthResults> = record({
  authservId: ascii.filter(text => text !== ''),
  results: fc.array(
    record({
      method: keyword,
      result: keyword,
      comment: fc.option(fc.string({ unit: 'binary', maxLength: 30 })),
      reason: fc.option(ascii),
      properties: fc.array(
        record({ ptype: keyword.filter(word => word !== 'reason'), name: keyword, value: fc.oneof(address, ascii) }),
        { maxLength: 5 },
      ),
    }),
    { maxLength: 4 },
  ),
})
const grammar = fc
  .array(
    fc.constantFrom(
      'mx.example.org',
      'spf',
      '=',
      'pass',
      ';',
      ' ',
      '\r\n\t',
      '(',
      ')',
      '"',
      '\\',
      '.',
      '@',
      '/',
      'header.d',
      'none',
      '1',
      '\0',
      '\xe9',
    ),
    { maxLength: 40 },
  )
  .map(parts => parts.join(''))

test('what is written is read again, and no line is without its indent', () => {
  fc.assert(
    fc.property(results, data => {
      const text = formatAuthResults(data)
      assert.doesNotMatch(text.replaceAll('\r\n\t', ''), /[^\x20-\x7e]/)
      const expected = { ...data, results: data.results.map(result => ({ ...result, comment: null })) }
      assert.deepEqual(parseAuthResults(text), expected)
    }),
  )
})

test('any bytes are read, and what is read can be written', () => {
  fc.assert(
    fc.property(fc.oneof(grammar, fc.string({ unit: 'binary' })), text => {
      const parsed = parseAuthResults(text)
      if (parsed !== null) assert.notEqual(formatAuthResults(parsed), '')
    }),
  )
})

test('our own name is found again, however it is written', () => {
  fc.assert(
    fc.property(results, fc.constantFrom('', ' ', '(x)', '\r\n\t'), (data, blank) => {
      assert.ok(
        claimsOurName(`${blank}${formatAuthResults({ ...data, authservId: 'mx.example.org' })}`, 'MX.example.org'),
      )
    }),
  )
})
