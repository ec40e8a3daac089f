import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Pattern, PatternError, type PatternOptions } from './pattern.ts'

const SYNTAXES: readonly PatternOptions[] = [
  { syntax: 'pcre', flags: { ignoreCase: true, dotAll: true } },
  { syntax: 'pcre', flags: { multiline: true, extended: true } },
  { syntax: 'python' },
  { syntax: 'posix', extended: true, ignoreCase: true, newline: false },
  { syntax: 'posix', extended: false, ignoreCase: false, newline: true },
]

/** Text of the pattern languages' own alphabet, which gets deeper than random text. */
const patternText = fc
  .array(
    fc.constantFrom(
      ...'abAB01.-^$*+?()[]{}|\\/,:=!<>#& \n',
      '(?:',
      '(?=',
      '(?!',
      '(?<=',
      '(?>',
      '(?i)',
      '(?P<n>',
      '(?|',
      '[:alpha:]',
      '\\d',
      '\\1',
      '\\b',
      '\\Q',
      '\\E',
      '{1,2}',
      '[^',
    ),
    { maxLength: 24 },
  )
  .map(parts => parts.join(''))

function compile(source: string, options: PatternOptions): Pattern | null {
  try {
    return new Pattern(source, options)
  } catch (error) {
    assert.ok(error instanceof PatternError, `${source}: ${error}`)
    assert.ok(error.offset >= 0 && error.offset <= source.length + 1, `${source}: offset ${error.offset}`)
    return null
  }
}

test('any text is compiled and matched, or refused with PatternError', () => {
  const property = fc.property(
    fc.oneof(patternText, fc.string()),
    fc.string({ unit: fc.constantFrom('a', 'b', 'A', '0', '.', '-', ' ', '\n', 'é', '\0'), maxLength: 30 }),
    fc.constantFrom(...SYNTAXES),
    (source, subject, options) => {
      const pattern = compile(source, options)
      if (pattern === null) return
      const tested = pattern.test(subject)
      const found = pattern.exec(subject)
      assert.equal(found.kind, tested.kind)
      if (found.kind === 'match') assert.equal(found.groups.length, pattern.groupCount + 1)
    },
  )
  fc.assert(property, { interruptAfterTimeLimit: 1500, numRuns: 20_000 })
})

/** Patterns that Perl, Python and JavaScript read alike. */
const common = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      'c',
      '.',
      'a*',
      'b+',
      'c?',
      '[ab]',
      '[^a]',
      '(?:a|b)*',
      '(?:ab|a)',
      '(?:a|)b',
      '^',
      '$',
      '\\b',
      'a{2}',
      'b{1,2}?',
      '(?=a)',
      '(?!b)',
    ),
    {
      maxLength: 8,
    },
  )
  .map(parts => parts.join(''))
  .filter(source => !/[\^$b]\*|\\b\{|[*+?}][*+?{]/.test(source))

test('agrees with JavaScript where the languages are the same', () => {
  const property = fc.property(
    common,
    fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 }),
    (source, subject) => {
      const pattern = compile(source, { syntax: 'pcre', flags: { dotAll: true } })
      assert.ok(pattern !== null, source)
      const found = pattern.exec(subject)
      const wanted = new RegExp(source, 's').exec(subject)
      assert.equal(found.kind === 'match' ? found.groups[0] : null, wanted === null ? null : wanted[0], source)
    },
  )
  fc.assert(property, { interruptAfterTimeLimit: 1000, numRuns: 20_000 })
})
