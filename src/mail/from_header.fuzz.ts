import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { authorDomains } from './from_header.ts'

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map(labels => labels.join('.'))
const blank = fc.constantFrom('', ' ', '\r\n ', '(c)', ' (a@comment.example (b)) ')
const name = fc.constantFrom(
  '',
  'A B',
  '"x@quoted.example, <y@quoted.example>"',
  '=?utf-8?q?z=40word.example?=',
  'A. (c) B',
)
const local = fc.constantFrom('a', 'a.b', '"a b"', '"@x.example"', "o'h=+%")
/** A mailbox with its domain, written in one of the ways of the grammar. */
const mailbox = fc
  .tuple(name, local, domain, fc.array(blank, { minLength: 4, maxLength: 4 }))
  .map(([phrase, user, host, gaps]) => {
    const [one = '', two = '', three = '', four = ''] = gaps
    const spec = `${one}${user}${two}@${three}${host}${four}`
    return { text: phrase === '' ? spec : `${phrase} <${spec}>`, host }
  })
const grammar = fc
  .array(
    fc.constantFrom(
      'a',
      'b.example',
      '@',
      '<',
      '>',
      ',',
      ';',
      ':',
      '"',
      '\\',
      '(',
      ')',
      '[',
      ']',
      '.',
      ' ',
      '\r\n ',
      '=?utf-8?b?YUBi?=',
      '\0',
      '\xe9',
      '\xc3\xa9',
    ),
    { maxLength: 40 },
  )
  .map(parts => parts.join(''))

test('whatever the bytes: domains that are names, or a problem', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(grammar, fc.string({ unit: 'binary' })), { maxLength: 3 }), fields => {
      const { domains, problem } = authorDomains(fields)
      for (const one of domains)
        assert.match(one, /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/)
      if (domains.length === 0) assert.notEqual(problem, null)
    }),
  )
})

test('lists and groups of mailboxes give their domains, whatever stands in names and comments', () => {
  fc.assert(
    fc.property(fc.array(mailbox, { minLength: 1, maxLength: 4 }), fc.boolean(), (mailboxes, grouped) => {
      const list = mailboxes.map(one => one.text).join(',')
      const seen = authorDomains([grouped ? `G: ${list};` : list])
      assert.deepEqual(seen, { domains: [...new Set(mailboxes.map(one => one.host))], problem: null })
    }),
  )
})

test('hostile length: work that grows with the length only, or this does not end', () => {
  for (const piece of [
    '(',
    '"',
    'a.',
    'a@',
    '<',
    ',',
    ':',
    '=?a?b?',
    '@a,',
    '\\',
    ' ',
    '=?utf-8?q?a?=@',
    '<@a:',
    '-',
    '=?',
    '\xc3\xa9',
  ])
    for (const before of ['', '@', 'a <b@'])
      assert.ok(authorDomains([`${before}${piece.repeat(100_000)}a`]).domains.length <= 100, piece)
})
