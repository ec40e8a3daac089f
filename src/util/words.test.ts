import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readBraces, SPACE, splitPlacedWords, splitWords, trimBlanks } from './words.ts'

describe('splitWords', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    [' ,\t\r\n', []],
    ['a', ['a']],
    ['a,b c\td\ne', ['a', 'b', 'c', 'd', 'e']],
    [', a ,, b,', ['a', 'b']],
    ['{ a, b } c', ['{ a, b }', 'c']],
    ['inline:{ {x = y} z=w }, hash:t', ['inline:{ {x = y} z=w }', 'hash:t']],
    ['{a}{b c}d e', ['{a}{b c}d', 'e']],
    ['a { b', ['a', '{ b']],
    ['a } b', ['a', '}', 'b']],
  ]
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => assert.deepEqual(splitWords(text), expected))
  }

  test('without braces, and by blanks only', () => {
    assert.deepEqual(splitWords('{a, b}', { braces: false }), ['{a', 'b}'])
    assert.deepEqual(splitWords('a,b c', { separators: SPACE }), ['a,b', 'c'])
  })

  test('tells where each word begins', () => {
    assert.deepEqual(splitPlacedWords(' a, {b c}'), [
      { text: 'a', offset: 1 },
      { text: '{b c}', offset: 4 },
    ])
  })
})

test('readBraces() takes the braces off or says what is wrong', () => {
  assert.deepEqual(readBraces('{ a = {b} }'), { inside: 'a = {b}' })
  assert.deepEqual(readBraces('a'), { problem: `no '{' at start of text in "a"` })
  assert.deepEqual(readBraces('{ a'), { problem: `missing '}' in "{ a"` })
  assert.deepEqual(readBraces('{ a } b'), { problem: `syntax error after '}' in "{ a } b"` })
})

test('trimBlanks() takes C blanks only', () => {
  assert.equal(trimBlanks(' \t\v\f a b\r\n'), 'a b')
  assert.equal(trimBlanks('\u00a0a\u00a0'), '\u00a0a\u00a0')
})
