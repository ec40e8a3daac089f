import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { TableBench } from '../../test/support/table_context.ts'
import { type MatchKind, MatchList } from './match_list.ts'
import { openTable } from './open.ts'

const bench = new TableBench()
after(() => bench.remove())

function list(text: string, kind: MatchKind, parentsMatch = false): MatchList {
  bench.problems.length = 0
  const context = bench.context()
  return new MatchList(text, {
    parameter: 'p',
    kind,
    parentsMatch,
    context,
    openTable: spec => openTable(spec, context),
  })
}

/** Rows of: list, what is looked for, whether it matches or why it fails. */
async function check(
  rows: readonly (readonly [string, string, boolean | RegExp])[],
  ask: (text: string, what: string) => Promise<{ status: string; reason?: string }>,
): Promise<void> {
  for (const [text, what, expected] of rows) {
    const answer = await ask(text, what)
    if (typeof expected === 'boolean') assert.equal(answer.status, expected ? 'found' : 'absent', `${what} in ${text}`)
    else assert.match(answer.reason ?? '', expected, `${what} in ${text}`)
  }
}

describe('names', () => {
  test('exact and dotted patterns', () =>
    check(
      [
        ['example.com, .example.net', 'Example.COM', true],
        ['example.com', 'sub.example.com', false],
        ['.example.net', 'a.b.example.net', true],
        ['.example.net', 'example.net', false],
        ['!bad.example.net .example.net', 'bad.example.net', false],
        ['!bad.example.net .example.net', 'good.example.net', true],
        ['!!example.com', 'example.com', true],
        ['', 'example.com', false],
      ],
      (text, what) => list(text, 'name').matchName(what),
    ))

  test('with parent_domain_matches_subdomains', () =>
    check(
      [
        ['example.com', 'sub.example.com', true],
        ['example.com', 'badexample.com', false],
        ['.example.com', 'sub.example.com', false],
      ],
      (text, what) => list(text, 'name', true).matchName(what),
    ))

  test('tables are asked for parents when they hold fixed keys', async () => {
    bench.file('map', 'example.com x\n.example.net y\n')
    bench.file('rules', '/^example\\.com$/ x\n')
    await check(
      [
        ['hash:map', 'sub.example.net', true],
        ['hash:map', 'sub.example.com', false],
        ['!hash:map static:all', 'example.com', false],
        ['pcre:rules', 'sub.example.com', false],
        ['hash:missing', 'example.com', /^unavailable: open .*missing/],
        ['example.com hash:missing', 'example.com', true],
      ],
      (text, what) => list(text, 'name').matchName(what),
    )
    await check([['hash:map', 'sub.example.com', true]], (text, what) => list(text, 'name', true).matchName(what))
  })

  test('files are read in place, nested and negated', async () => {
    const inner = `${bench.directory}/${bench.file('inner', '# comment\ninner.example\n')}`
    const outer = `${bench.directory}/${bench.file('outer', `one.example !two.example\n${inner}\n`)}`
    await check(
      [
        [outer, 'one.example', true],
        [`${outer} two.example`, 'two.example', false],
        [outer, 'inner.example', true],
        [`!${outer} static:x`, 'inner.example', false],
        [`!${outer}`, 'two.example', true],
        ['/no/such/file', 'x', /^unavailable: open file \/no\/such\/file: No such file or directory/],
      ],
      (text, what) => list(text, 'name').matchName(what),
    )
  })

  test('a file that names itself ends', async () => {
    const loop = `${bench.directory}/loop`
    bench.file('loop', `${loop} last.example\n`)
    await check([[loop, 'last.example', true]], (text, what) => list(text, 'name').matchName(what))
  })
})

test('strings match as a whole, tables by one key', () =>
  check(
    [
      ['One, two', 'one', true],
      ['.two', 'x.two', false],
      ['inline:{two=x}', 'TWO', true],
      ['inline:{two=x}', 'x.two', false],
    ],
    (text, what) => list(text, 'string').matchName(what),
  ))

describe('addresses', () => {
  test('networks and other spellings', () =>
    check(
      [
        ['127.0.0.0/8 [::1]/128', '127.1.2.3', true],
        ['127.0.0.0/8 [::1]/128', '::1', true],
        ['[::0:1]', '::1', true],
        ['[2001:db8::]/32', '2001:DB8::1', true],
        ['!192.0.2.1 192.0.2.0/24', '192.0.2.1', false],
        ['!192.0.2.1 192.0.2.0/24', '192.0.2.2', true],
        ['192.0.2.1', '192.0.2.1', true],
        ['192.0.2.0/24', 'unknown', false],
        ['static:x', 'unknown', false],
        ['cidr:{{192.0.2.0/24 x}}', '192.0.2.9', true],
        // Unbracketed IPv6 is a table of type "2001".
        ['2001:db8::/32', '2001:db8::1', /unsupported dictionary type: 2001/],
        ['example.com', '192.0.2.1', false],
      ],
      (text, what) => list(text, 'address').matchAddress(what),
    ))

  test('a wrong network fails the addresses of its family and is told at once', async () => {
    const wrong = list('192.0.2.1/24', 'address')
    assert.deepEqual(bench.texts, [
      'p: non-null host address bits in "192.0.2.1/24", perhaps you should use "192.0.2.0/24" instead',
    ])
    assert.equal((await wrong.matchAddress('10.0.0.1')).status, 'failed')
    assert.equal((await wrong.matchAddress('::1')).status, 'absent')
  })

  test('hosts match by name or address, pattern by pattern', async () => {
    const hosts = list('!bad.example 10.0.0.0/8 .example', 'host')
    assert.equal((await hosts.matchHost('bad.example', '10.0.0.1')).status, 'absent')
    assert.equal((await hosts.matchHost('unknown', '10.0.0.1')).status, 'found')
    assert.equal((await hosts.matchHost('good.example', '192.0.2.1')).status, 'found')
  })
})

test('comments at the end of a line and lone "!" are told', () => {
  list('a # b c', 'name')
  assert.deepEqual(bench.texts, ['p: comment at end of line is not supported: # b c'])
  list('!', 'name')
  assert.deepEqual(bench.texts, ["p: no pattern after '!'"])
})

describe('what the log is to say of a failure, in the words of Postfix', () => {
  // list                            told
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['x.example, fail:one, fail:two', ['p: fail:one: table lookup problem']],
    ['!fail:one', ['p: fail:one: table lookup problem']],
    [
      '/no/such/file',
      [
        'non-existent:/no/such/file is unavailable. open file /no/such/file: No such file or directory',
        'p: non-existent:/no/such/file: table lookup problem',
      ],
    ],
    [
      'nonsense:x',
      ['nonsense:x is unavailable. unsupported dictionary type: nonsense', 'p: nonsense:x: table lookup problem'],
    ],
    [
      '192.0.2.1/24',
      ['p: non-null host address bits in "192.0.2.1/24", perhaps you should use "192.0.2.0/24" instead'],
    ],
  ]
  for (const [text, told] of cases) {
    test(text, async () => {
      const answer = await list(text, 'host').matchHost('h.example', '192.0.2.9')
      assert.deepEqual(answer.status === 'failed' ? answer.told : answer, told)
    })
  }
})
