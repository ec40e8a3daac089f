import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { answerText, TableBench } from '../../test/support/table_context.ts'
import { openTable } from './open.ts'

const bench = new TableBench()
after(() => bench.remove())

async function ask(spec: string, keys: readonly string[]): Promise<string[]> {
  bench.problems.length = 0
  const table = openTable(spec, bench.context())
  const answers: string[] = []
  for (const key of keys) answers.push(answerText(await table.lookup(key)))
  table.close()
  return answers
}

describe('cidr', () => {
  test('first match, negation, if and endif', async () => {
    bench.file(
      'nets',
      '10.0.0.1 one\n10.0.0.0/24 net\nif 10.1.0.0/16\n10.1.2.3 inside\nIF !10.1.9.0/24\n10.1.0.0/16 not nine\nendif\nendif\n' +
        '!10.0.0.0/8 outside\n2001:db8::/32 six\n10.0.0.0/8 rest\n',
    )
    assert.deepEqual(
      await ask('cidr:nets', [
        '10.0.0.1',
        '10.0.0.2',
        '10.1.2.3',
        '10.1.8.1',
        '10.1.9.1',
        '192.0.2.1',
        '2001:db8::1',
        'x',
        '10.0.0.1/32',
      ]),
      ['one', 'net', 'inside', 'not nine', 'rest', 'outside', 'six', 'absent', 'absent'],
    )
    assert.deepEqual(bench.texts, [])
  })

  test('bad rules are told in Postfix words and skipped', async () => {
    bench.file(
      'nets',
      '10.0.0.1/8 a\n10.0.0.0/8\nendif\nif\nif 10.0.0.0/8\nendif x\n10.0.0.0/33 b\nexample.com c\n! d\n',
    )
    assert.deepEqual(await ask('cidr:nets', ['10.0.0.1']), ['absent'])
    const at = (line: number, text: string) => `cidr map nets, line ${line}: ${text}`
    assert.deepEqual(bench.texts, [
      at(
        1,
        'non-null host address bits in "10.0.0.1/8", perhaps you should use "10.0.0.0/8" instead: skipping this rule',
      ),
      at(2, 'no lookup result: skipping this rule'),
      at(3, 'ENDIF without IF: skipping this rule'),
      at(4, 'no address pattern: skipping this rule'),
      at(6, 'garbage after ENDIF: skipping this rule'),
      at(7, 'bad mask length in "10.0.0.0/33": skipping this rule'),
      at(8, 'bad address pattern: "example.com": skipping this rule'),
      at(9, 'bad address pattern: "d": skipping this rule'),
      at(5, 'IF has no matching ENDIF'),
    ])
  })

  test('inline', async () => {
    assert.deepEqual(await ask('cidr:{ {10.0.0.0/8 a b}, {if ::/0} {::1 six} {endif} }', ['10.1.1.1', '::1', '::2']), [
      'a b',
      'six',
      'absent',
    ])
    assert.match(
      (await ask('cidr:{10.0.0.0/8 a}', ['10.0.0.1']))[0] ?? '',
      /^failed: unavailable: cidr map: no '\{' at start of text/,
    )
  })
})

describe('patterns', () => {
  test('groups, negation, nesting', async () => {
    bench.file(
      'rules',
      '/^(a+)(b+)?@/ $1 ${1}-$(2) $$1\n!/@/ no at\nif /x/\n/^x(.)/ x$1\nif !/y/\n/^/ no y\nendif\nendif\n/z$/ $$\n',
    )
    assert.deepEqual(await ask('pcre:rules', ['aab@', 'AA@', 'plain', 'xq@', '@x', '@xy', '@z']), [
      'aa aa-b $1',
      'AA AA- $1',
      'no at',
      'xq',
      'no y',
      'absent',
      '$',
    ])
  })

  test('regexp: options and second pattern', async () => {
    bench.file('rules', '/^a/!/b/ a without b\n/^C/i case\n/\\(d\\)e/x basic $1\n|^f/|  other delimiter\n')
    assert.deepEqual(await ask('regexp:rules', ['ac', 'ab', 'c', 'C', 'xDe', 'f/']), [
      'a without b',
      'absent',
      'absent',
      'case',
      'basic D',
      'other delimiter',
    ])
  })

  test('bad rules are told in Postfix words and skipped', async () => {
    bench.file(
      'rules',
      '/a\n/b/\n/c/q x\n!/d/ $1\n/e/ $1\n/f/ $x\n/g/ ${1\n/(h/ x\nendif\nword\nif /i/ x\nendif y\nif /k/\n/l/ end\n',
    )
    const at = (line: number, text: string) => `pcre map rules, line ${line}: ${text}`
    assert.deepEqual(await ask('pcre:rules', ['kl', 'l', 'b']), ['end', 'absent', ''])
    assert.deepEqual(bench.texts, [
      at(1, 'no closing regexp delimiter "/": ignoring this rule'),
      at(2, 'no replacement text: using empty string'),
      at(3, 'unknown regexp option "q": skipping this rule'),
      at(4, '$number found in negative match replacement text: skipping this rule'),
      at(5, 'out of range replacement index "1": skipping this rule'),
      at(6, 'non-numeric replacement index "x"'),
      at(6, 'bad replacement syntax: skipping this rule'),
      at(7, 'truncated macro reference: "${1"'),
      at(7, 'bad replacement syntax: skipping this rule'),
      at(8, 'error in regex at offset 2: missing closing parenthesis'),
      at(9, 'ignoring ENDIF without matching IF'),
      at(10, 'ignoring unrecognized request'),
      at(11, 'ignoring extra text after IF statement: "x"'),
      at(11, 'do not prepend whitespace to statements between IF and ENDIF'),
      at(12, 'ignoring extra text after ENDIF'),
      at(13, 'IF has no matching ENDIF'),
    ])
  })

  test('what cannot be translated is told with a remedy', async () => {
    assert.deepEqual(await ask('pcre:{{/(?R)/ x} {/^a/ y}}', ['a']), ['y'])
    assert.match(bench.problems[0]?.text ?? '', /line 1: error in regex at offset 2: recursion is not supported/)
    assert.match(bench.problems[0]?.remedy ?? '', /write the group out/)
  })

  test('a pattern that takes too long fails the lookup and is told once', async () => {
    bench.file('rules', '/^(?=(a|aa)+$)/ x\n')
    const key = `${'a'.repeat(200)}!`
    const answer = 'failed: temporary: pcre map rules, line 1: backtracking limit exceeded'
    assert.deepEqual(await ask('pcre:rules', [key, key, 'aa']), [answer, answer, 'x'])
    assert.equal(bench.problems.length, 1)
    assert.equal(bench.problems[0]?.line, 1)
  })

  test('a result cut inside a character is no text', async () => {
    assert.deepEqual(await ask('pcre:{{/^(.)/ $$$1}}', ['é', 'e']), [
      'failed: configuration: key "é": non-UTF-8 value "$\ufffd"',
      '$e',
    ])
  })
})

test('a pipemap, a unionmap and a randmap ask their parts', async () => {
  assert.deepEqual(await ask('unionmap:{inline:{a=1},static:2,inline:{a=3}}', ['a', 'b']), ['1,2,3', '2'])
  assert.deepEqual(await ask('unionmap:{inline:{a=1},fail:x}', ['a']), ['failed: temporary: fail:x always fails'])
  assert.deepEqual(await ask('pipemap:{inline:{a=b},inline:{b=c}}', ['a', 'b']), ['c', 'absent'])
  const drawn = new Set(
    await ask(
      'randmap:{one,two}',
      Array.from({ length: 40 }, () => 'k'),
    ),
  )
  assert.deepEqual([...drawn].sort(), ['one', 'two'])
})

test('types that are not offered say what to do instead', async () => {
  assert.deepEqual(await ask('mysql:/etc/postfix/x.cf', ['a']), [
    'failed: unavailable: unsupported dictionary type: mysql',
  ])
  assert.match(bench.problems[0]?.remedy ?? '', /socketmap/)
  assert.deepEqual(await ask('noname', ['a']), [
    'failed: unavailable: open dictionary: expecting "type:name" form instead of "noname"',
  ])
})

describe('inline', () => {
  const cases: [string, string][] = [
    ['inline:{a=b}', 'b'],
    ['inline:{ a=x, {a = two words} }', 'two words'],
    ['inline:{{"a b" = c}, A=d}', 'd'],
    ['inline:{"a b"=c}', `failed: unavailable: unbalanced '"': "inline:{"a b"=c}"; need "inline:{name=value...}"`],
    [
      'inline:{a = b}',
      `failed: unavailable: missing '=' after attribute name: "inline:{a = b}"; need "inline:{name=value...}"`,
    ],
    ['inline:{}', 'failed: unavailable: bad syntax: "inline:{}"; need "inline:{name=value...}"'],
    ['inline:{ }', 'failed: unavailable: empty table: "inline:{ }"; need "inline:{name=value...}"'],
    ['inline:{a=b} x', 'failed: unavailable: bad syntax: "inline:{a=b} x"; need "inline:{name=value...}"'],
  ]
  for (const [spec, expected] of cases) {
    test(spec, async () => assert.deepEqual(await ask(spec, ['a']), [expected]))
  }
})
