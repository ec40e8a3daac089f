import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AuthResult } from './auth_results.ts'
import { property } from './auth_results.ts'
import { claimsOurName } from './forged.ts'
import { formatAuthResults } from './format.ts'
import { parseAuthResults } from './parse.ts'

function brief(value: string): string {
  const parsed = parseAuthResults(value)
  if (parsed === null) return 'nothing'
  const results = parsed.results.map(({ method, result, reason, properties }) =>
    [
      `${method}=${result}`,
      ...(reason === null ? [] : [`reason=${reason}`]),
      ...properties.map(one => `${one.ptype}.${one.name}=${one.value}`),
    ].join(' '),
  )
  return [parsed.authservId, ...results].join(' | ')
}

describe('RFC 8601 2.2 reading Authentication-Results', () => {
  const cases: readonly (readonly [value: string, expected: string])[] = [
    // B.2 to B.7
    ['example.org 1; none', 'example.org'],
    ['example.com;\r\n spf=pass smtp.mailfrom=example.net', 'example.com | spf=pass smtp.mailfrom=example.net'],
    [
      'example.com;\r\n auth=pass (cleartext) smtp.auth=sender@example.net;\r\n spf=pass smtp.mailfrom=example.net',
      'example.com | auth=pass smtp.auth=sender@example.net | spf=pass smtp.mailfrom=example.net',
    ],
    [
      'example.com;\r\n dkim=fail reason="bad signature"\r\n header.i=@mail-router.example.net;\r\n dkim=fail header.i=@newyork.example.com',
      'example.com | dkim=fail reason=bad signature header.i=@mail-router.example.net | dkim=fail header.i=@newyork.example.com',
    ],
    // B.7: comments anywhere
    [
      "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it) 1362471462",
      'foo.example.net | dkim=fail policy.expired=1362471462',
    ],
    ['"mx example"; DMARC=Pass Header.From=Example.com', 'mx example | dmarc=pass header.from=Example.com'],
    [
      'mx; dkim=pass header.b="a/b;c" header.i="a b"@x.example',
      'mx | dkim=pass header.b=a/b;c header.i="a b"@x.example',
    ],
    ['mx; dkim=pass header.b=a/b+c= header.s=s', 'mx | dkim=pass header.b=a/b+c= header.s=s'],
    ['mx; nonsense; spf=pass', 'mx | spf=pass'],
    ['mx; =x; spf=; (spf=pass); "; spf=fail"; dkim=none', 'mx | dkim=none'],
    ['mx; spf=pass smtp.mailfrom=', 'mx | spf=pass'],
    ['mx; spf=pass (open smtp.mailfrom=x', 'mx | spf=pass'],
    ['', 'nothing'],
    ['; spf=pass', 'nothing'],
    ['(mx); spf=pass', 'nothing'],
    ['"open; spf=pass', 'nothing'],
  ]
  for (const [value, expected] of cases)
    test(JSON.stringify(value.slice(0, 70)), () => assert.equal(brief(value), expected))

  test('a property by its name', () => {
    const result = parseAuthResults('mx; dkim=pass header.d=a.example header.s=s')?.results[0]
    assert.ok(result !== undefined)
    assert.equal(property(result, 'header.d'), 'a.example')
    assert.equal(property(result, 'header.b'), null)
  })
})

describe('RFC 8601 writing Authentication-Results', () => {
  const dkim: AuthResult = {
    method: 'dkim',
    result: 'pass',
    comment: '2048-bit key',
    reason: null,
    properties: [
      { ptype: 'header', name: 'd', value: 'example.com' },
      { ptype: 'header', name: 'i', value: '@example.com' },
      { ptype: 'header', name: 'b', value: 'a/b+c=de' },
    ],
  }
  const none: AuthResult = { method: 'arc', result: 'none', comment: null, reason: null, properties: [] }

  test('one result a line, words that need it quoted', () => {
    assert.equal(
      formatAuthResults({ authservId: 'mx.example.org', results: [dkim, none] }),
      'mx.example.org;\r\n\tdkim=pass (2048-bit key) header.d=example.com header.i=@example.com\r\n\theader.b="a/b+c=de";\r\n\tarc=none',
    )
    assert.equal(formatAuthResults({ authservId: 'mx/1', results: [] }), '"mx/1";\r\n\tnone')
  })

  test('nothing that a stranger wrote ends a line, a comment or a quoted string', () => {
    const hostile = 'x)\r\nEvil: yes (";\\\u00e9\0'
    const text = formatAuthResults({
      authservId: 'mx',
      results: [
        { ...none, comment: hostile, reason: hostile, properties: [{ ptype: 'header', name: 'd', value: hostile }] },
      ],
    })
    assert.equal(
      text,
      'mx;\r\n\tarc=none (x\\)??Evil: yes \\(";\\\\??) reason="x)??Evil: yes (\\";\\\\??"\r\n\theader.d="x)??Evil: yes (\\";\\\\??"',
    )
  })
})

describe('RFC 8601 5 headers that claim to be ours', () => {
  const cases: readonly (readonly [value: string, ours: boolean])[] = [
    ['mx.example.org; spf=pass', true],
    ['MX.Example.ORG 1; none', true],
    ['(x) mx.example.org (y) 1; none', true],
    ['"mx.example.org"; none', true],
    ['mx.example.org', true],
    ['mx.example.org/4bXyz; none', true],
    ['"m\\x.example.org"; none', true],
    ['mx.example.org.; none', true],
    ['mx.example.org spf=pass', true],
    ['(mx.example.org) ; none', true],
    ['spf=pass mx.example.org; none', true],
    ['\r\n\tmx.example.org;\r\n none', true],
    ['mx.example.com; none', false],
    ['other.mx.example.org; none', false],
    ['other.example; arc=pass header.d=mx.example.org', false],
    ['', false],
  ]
  for (const [value, ours] of cases)
    test(JSON.stringify(value), () => assert.equal(claimsOurName(value, 'mx.example.org'), ours))

  test('in whatever wrapping, at whatever length', () => {
    for (const before of [`(${'a;'.repeat(50_000)})`, '('.repeat(50_000) + ')'.repeat(50_000), 'b '.repeat(50_000)]) {
      assert.equal(claimsOurName(`${before} mx.example.org; spf=pass`, 'mx.example.org'), true, before.slice(0, 5))
      assert.equal(claimsOurName(`${before} nmx.example.org; spf=pass`, 'mx.example.org'), false, before.slice(0, 5))
    }
    assert.equal(claimsOurName(' "m\\x.exam\r\nple.org"; spf=pass', 'mx.example.org'), true)
    assert.equal(claimsOurName('other.example; spf=pass', ''), false)
  })
})
