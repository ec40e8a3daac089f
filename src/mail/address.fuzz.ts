import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { extractAddress, quoteAddress } from './address.ts'
import { internalForm, parseTokens } from './tok822.ts'

/** Random text squeezed into the alphabet of RFC 822 addresses. */
const addressText = fc.string({
  unit: fc.constantFrom(
    'a',
    'b',
    '.',
    '@',
    '<',
    '>',
    '(',
    ')',
    '"',
    '\\',
    '[',
    ']',
    ',',
    ';',
    ':',
    '%',
    '!',
    ' ',
    '\t',
    'ü',
  ),
  maxLength: 60,
})
const anyText = fc.oneof(addressText, fc.string({ unit: 'binary', maxLength: 60 }))

test('extractAddress() takes any text, and strict is never laxer than loose', () => {
  fc.assert(
    fc.property(anyText, fc.boolean(), (text, emptyAllowed) => {
      const loose = extractAddress(text, { emptyAllowed, strict: false })
      const strict = extractAddress(text, { emptyAllowed, strict: true })
      assert.equal(strict.address, loose.address)
      if (loose.illegal) assert.ok(strict.illegal)
      if (!strict.illegal && strict.address !== '') assert.ok(text.startsWith('<'))
    }),
    { numRuns: 20_000 },
  )
})

test('no token is lost: every word of the text is in some token', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { maxLength: 8 }),
      fc.array(fc.constantFrom(' ', ',', '<', '>', ':', ';', '@', '(x)'), { maxLength: 8 }),
      (words, glue) => {
        const text = words.map((word, index) => word + (glue[index] ?? ' ')).join('')
        const flat = internalForm(parseTokens(text))
        for (const word of words) assert.ok(flat.includes(word), `${JSON.stringify(text)} -> ${JSON.stringify(flat)}`)
      },
    ),
    { numRuns: 5000 },
  )
})

test('a quoted address is read back as what it was', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '.', '"', '\\', ' ', '@', '<', '(', ','), minLength: 1, maxLength: 20 }),
      local => {
        // Postfix: a strict server takes no address that begins with "@", quoted or not.
        fc.pre(!local.startsWith('@'))
        const internal = `${local}@d.example`
        const { address, illegal } = extractAddress(`<${quoteAddress(internal)}>`, {
          emptyAllowed: false,
          strict: true,
        })
        assert.equal(illegal, false)
        assert.equal(address, internal)
      },
    ),
    { numRuns: 5000 },
  )
})
