import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { authorDomains } from './from_header.ts'

const WRONG = 'From cannot be parsed'
const NONE = 'no domain in From'

describe('RFC 9989 5.3.1 the author domains of From', () => {
  const cases: readonly (readonly [from: string, domains: string, problem?: string])[] = [
    ['a@b.example', 'b.example'],
    ['<a@B.Example>', 'b.example'],
    ['A. B <a@b.example>', 'b.example'],
    ['"A, B" <a@b.example> (c@d.example)', 'b.example'],
    // A quoted address is a name, whatever it looks like (RFC 9989 11.4).
    ['"x@y.example" <a@b.example>', 'b.example'],
    ['=?utf-8?q?ceo=40bank.example?= <x@evil.example>', 'evil.example'],
    ['"<x@y.example>" <a@b.example>', 'b.example'],
    ['(x@y.example) a@b.example', 'b.example'],
    ['(nested (x@y.example) \\) still) a (c) @ (d) b (e) . (f) example (g)', 'b.example'],
    ['"a\\"@x.example,"@b.example', 'b.example'],
    ['"a b"@b.example', 'b.example'],
    ['a.b.c@b.example', 'b.example'],
    ['a.@b.example', 'b.example'],
    ['a@b.example.', 'b.example'],
    ['a@_x.b-c.example', '_x.b-c.example'],
    // folded
    ['A B\r\n <a@b.example>\r\n\t(c)', 'b.example'],
    // several, groups (RFC 6854), empty places
    ['a@b.example, C <c@d.example>', 'b.example d.example'],
    ['a@b.example, c@B.example', 'b.example'],
    [', ,a@b.example,,', 'b.example'],
    ['Staff: a@b.example, c@d.example;', 'b.example d.example'],
    ['Staff: a@b.example;, Others: c@d.example;', 'b.example d.example'],
    ['undisclosed:;', '', NONE],
    ['', '', NONE],
    ['Outer: Inner: a@b.example;;', 'b.example', WRONG],
    ['Staff: a@b.example', 'b.example', WRONG],
    // obsolete route
    ['<@x.example,@y.example:a@b.example>', 'b.example'],
    ['<@bank.example:ceo@evil.example>', 'evil.example'],
    // literals have no domain
    ['a@[192.0.2.1]', '', NONE],
    ['a@[192.0.2.1], c@d.example', 'd.example'],
    // EAI (RFC 6532): bytes are UTF-8, U-labels become A-labels
    [utf8('J\u00f6rg <j\u00f6rg@m\u00fcnchen.example>'), 'xn--mnchen-3ya.example'],
    [utf8('a@\u4f8b\u3002example'), 'xn--fsq.example'],
    [utf8('a@xn--mnchen-3ya.example, b@M\u00dcNCHEN.example'), 'xn--mnchen-3ya.example'],
    // a name in latin1 is no UTF-8, the address all the same
    ['J\xf6rg <j@b.example>', 'b.example', WRONG],
    // names without their quotes: the address is the one in brackets
    ['who@where.example <a@b.example>', 'b.example', WRONG],
    ['"open <a@b.example>', 'b.example', WRONG],
    ['J. [x] <a@b.example>', 'b.example', WRONG],
    // all that a program might show
    ['<a@b.example> <c@d.example>', 'b.example d.example', WRONG],
    ['a@b.example>, <c@d.example', 'b.example d.example', WRONG],
    ['a@b.example c@d.example', 'b.example d.example', WRONG],
    ['a@b@c.example', 'b c.example', WRONG],
    ['a@"b.example"', 'b.example', WRONG],
    ['a@b.example (open', 'b.example', WRONG],
    ['Bank <a@bank.example', 'bank.example', WRONG],
    ['a@b..example', '', WRONG],
    ['a@-b.example', '', WRONG],
    ['nobody', '', WRONG],
    ['a@', '', WRONG],
    ['@b.example', 'b.example', WRONG],
    ['a@b.exa\0mple', '', WRONG],
    [`a@${'x'.repeat(64)}.example`, '', WRONG],
    [`a@${'x.'.repeat(127)}example`, '', WRONG],
    // encoded words have no business in an address (RFC 2047 5); some programs decode them there
    [
      '=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5leGFtcGxl?==?utf-8?Q?=00?=@evil.example',
      'evil.example whitehouse.example',
      WRONG,
    ],
    ['=?utf-8?q?=3Cceo@bank.example=3E?=', 'bank.example', WRONG],
    ['=?utf-8?q?ceo=40bank=2E?= =?utf-8?q?example?=', 'bank.example', WRONG],
    ['"=?utf-8?q?ceo=40bank.example?=" <=?utf-8?q?x?=@evil.example>', 'evil.example bank.example', WRONG],
  ]
  for (const [from, domains, problem] of cases)
    test(JSON.stringify(from.slice(0, 80)), () =>
      assert.deepEqual(authorDomains([from]), {
        domains: domains === '' ? [] : domains.split(' '),
        problem: problem ?? null,
      }),
    )

  test('no field, and several', () => {
    assert.deepEqual(authorDomains([]), { domains: [], problem: 'no From field' })
    assert.deepEqual(authorDomains(['a@b.example', 'x@evil.example']), {
      domains: ['b.example', 'evil.example'],
      problem: 'more than one From field',
    })
  })
})

function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
