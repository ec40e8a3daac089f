import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MacError, macExpand, macPieces } from './mac_expand.ts'

/** Random text squeezed into the alphabet of the grammar. */
const macroText = fc.string({
  unit: fc.constantFrom('$', '{', '}', '(', ')', '?', ':', ' ', 'a', 'b', '=', '<', '!', '1', 'level', '${a', '}}'),
  maxLength: 40,
})

test('macExpand() gives a text or a MacError, whatever the text and the values', () => {
  fc.assert(
    fc.property(macroText, macroText, macroText, fc.boolean(), (text, a, b, recurse) => {
      const lookup = (name: string) => (name === 'a' ? a : name === 'b' ? b : undefined)
      try {
        const pieces = macPieces(text, lookup, { recurse })
        assert.equal(macExpand(text, lookup, { recurse }), pieces.map(piece => piece.text).join(''))
        for (const { text: part, from, offset } of pieces) {
          const source = from === null ? text : from === 'a' ? a : b
          // "true" of a comparison stands nowhere.
          if (part !== 'true') assert.ok(source.slice(offset, offset + part.length) === part || part.includes('$'))
        }
      } catch (error) {
        if (!(error instanceof MacError)) throw error
        const source = error.from === null ? text : error.from === 'a' ? a : b
        assert.ok(error.offset >= 0 && error.offset <= source.length)
      }
    }),
    { numRuns: 5000 },
  )
})

test('text without "$" is its own expansion', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      fc.pre(!text.includes('$'))
      assert.equal(
        macExpand(text, () => 'x'),
        text,
      )
    }),
  )
})
