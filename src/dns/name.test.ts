import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeName, formatName, isWithin, lowerName } from './name.ts'

describe('names between text and wire', () => {
  const label63 = 'a'.repeat(63)
  // text                                      wire as latin1, or null when it is no name
  const cases: [string, string | null][] = [
    ['mx.example', '\x02mx\x07example\0'],
    ['mx.example.', '\x02mx\x07example\0'],
    ['.', '\0'],
    ['', null],
    ['..', null],
    ['a..b', null],
    ['.a', null],
    ['a\\.b.c', '\x03a.b\x01c\0'],
    ['a\\\\b', '\x03a\\b\0'],
    ['a\\000b', '\x03a\0b\0'],
    ['a\\255', '\x02a\xff\0'],
    ['a\\256', null],
    ['a\\', null],
    ['a\\12', null],
    ['a\\@b', '\x03a@b\0'],
    ['ä', '\x02\xc3\xa4\0'],
    [label63, `\x3f${label63}\0`],
    [`${label63}a`, null],
    // 255 octets on the wire, and one more.
    [
      `${label63}.${label63}.${label63}.${'b'.repeat(61)}`,
      `\x3f${label63}\x3f${label63}\x3f${label63}\x3d${'b'.repeat(61)}\0`,
    ],
    [`${label63}.${label63}.${label63}.${'b'.repeat(62)}`, null],
    [
      `${label63}.${label63}.${label63}.${'b'.repeat(61)}.`,
      `\x3f${label63}\x3f${label63}\x3f${label63}\x3d${'b'.repeat(61)}\0`,
    ],
    ['x'.repeat(100_000), null],
  ]
  for (const [text, want] of cases) {
    test(`"${text.slice(0, 40)}" (${text.length}) is ${want === null ? 'no name' : 'a name'}`, () => {
      const wire = encodeName(text)
      assert.equal(wire === null ? null : Buffer.from(wire).toString('latin1'), want)
    })
  }

  test('a name that only looks like two labels stays one in text', () => {
    const wire = encodeName('evil\\.example.org')
    assert.ok(wire !== null)
    assert.equal(formatName(wire), 'evil\\.example.org')
    assert.equal(formatName(encodeName('A\\065\\066c\\032') ?? new Uint8Array()), 'AABc\\032')
  })

  test('case folds in ASCII only', () => {
    assert.equal(lowerName('MX.Example'), 'mx.example')
    // U+212A KELVIN SIGN lowers to an ASCII "k" in Unicode.
    assert.equal(lowerName('\u212a.Example'), '\u212a.example')
  })

  test('a zone holds itself and names below it, not names that only end like it', () => {
    assert.equal(isWithin('example.org', 'example.org'), true)
    assert.equal(isWithin('a.example.org', 'example.org'), true)
    assert.equal(isWithin('badexample.org', 'example.org'), false)
    assert.equal(isWithin('org', 'example.org'), false)
  })
})
