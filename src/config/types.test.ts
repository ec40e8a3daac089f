import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { placedAs } from './place.ts'
import {
  characterSet,
  duration,
  endpoints,
  int,
  listOf,
  oneOf,
  type ParamType,
  replyCode,
  restrictionList,
  size,
  tableList,
  template,
  yesNo,
} from './types.ts'

function parse<T>(type: ParamType<T>, text: string, defaultText = '0s'): T | string {
  const parsed = type.parse(placedAs(text, 'x'), { defaultText })
  return parsed.ok ? parsed.value : `bad "${parsed.word}" at ${parsed.offset}`
}

describe('duration', () => {
  const cases: readonly (readonly [string, string, number | string])[] = [
    // text, default, seconds
    ['30s', '1s', 30],
    ['5m', '1s', 300],
    ['2h', '1s', 7200],
    ['1d', '1s', 86_400],
    ['1w', '1s', 604_800],
    ['5', '1s', 5],
    ['5', '2h', 18_000],
    ['5', '31d', 432_000],
    ['0', '0h', 0],
    ['2147483647', '1s', 2_147_483_647],
    ['', '1s', 'bad "" at 0'],
    ['soon', '1s', 'bad "soon" at 0'],
    ['-5s', '1s', 'bad "-5s" at 0'],
    ['5x', '1s', 'bad "5x" at 0'],
    ['5 s', '1s', 'bad "5 s" at 0'],
    ['1.5h', '1s', 'bad "1.5h" at 0'],
    ['2147483648', '1s', 'bad "2147483648" at 0'],
    ['9999w', '1s', 'bad "9999w" at 0'],
  ]
  for (const [text, standard, expected] of cases) {
    test(`"${text}", default ${standard}`, () => assert.equal(parse(duration(), text, standard), expected))
  }

  test('keeps the minimum', () => assert.equal(parse(duration(1), '0s'), 'bad "0s" at 0'))
})

test('int and size keep their bounds', () => {
  assert.equal(parse(int({ min: 1 }), '1'), 1)
  assert.equal(parse(int({ min: 1 }), '0'), 'bad "0" at 0')
  assert.equal(parse(int({ max: 32 }), '33'), 'bad "33" at 0')
  assert.equal(parse(int(), '2147483648'), 'bad "2147483648" at 0')
  assert.equal(parse(int(), '1k'), 'bad "1k" at 0')
  assert.equal(parse(int(), ''), 'bad "" at 0')
  assert.equal(parse(size(), '5000000000'), 5_000_000_000)
})

test('yesNo takes yes and no in any case and nothing else', () => {
  assert.equal(parse(yesNo(), 'YES'), true)
  assert.equal(parse(yesNo(), 'No'), false)
  for (const bad of ['', 'true', '1', 'ja', 'yes no']) assert.equal(parse(yesNo(), bad), `bad "${bad}" at 0`)
})

test('replyCode takes three digits within bounds', () => {
  assert.equal(parse(replyCode(), '450'), 450)
  assert.equal(parse(replyCode({ min: 200 }), '250'), 250)
  for (const bad of ['250', '600', '45', '4500', 'x', '']) assert.equal(parse(replyCode(), bad), `bad "${bad}" at 0`)
})

test('oneOf and listOf take their words only', () => {
  assert.equal(parse(oneOf('', 'may'), ''), '')
  assert.equal(parse(oneOf('', 'may'), 'MAY'), 'may')
  assert.equal(parse(oneOf('', 'may'), 'must'), 'bad "must" at 0')
  assert.deepEqual(parse(listOf('all', 'ipv4'), 'ipv4, ALL'), ['ipv4', 'all'])
  assert.equal(parse(listOf('all', 'ipv4'), 'all ipv5'), 'bad "ipv5" at 4')
})

test('tableList wants type:name, braces hold together', () => {
  const text =
    'hash:/a, inline:{ {x = y z} } pcre:{{/^a/ OK}{/b/ REJECT no}},static:{ all of it } proxy:unix:passwd.byname'
  const tables = [
    'hash:/a',
    'inline:{ {x = y z} }',
    'pcre:{{/^a/ OK}{/b/ REJECT no}}',
    'static:{ all of it }',
    'proxy:unix:passwd.byname',
  ]
  assert.deepEqual(parse(tableList(), text), tables)
  assert.equal(parse(tableList(), 'hash:/a /b'), 'bad "/b" at 8')
  assert.equal(parse(tableList(), 'hash:'), 'bad "hash:" at 0')
})

test('restrictionList keeps words with places', () => {
  assert.deepEqual(parse(restrictionList(), 'permit, check_x { a b }'), [
    { text: 'permit', file: 'x', line: 0, column: 0 },
    { text: 'check_x', file: 'x', line: 0, column: 0 },
    { text: '{ a b }', file: 'x', line: 0, column: 0 },
  ])
})

test('template and characterSet keep "$"', () => {
  assert.equal(parse(template(), '$x $$'), '$x $$')
  assert.equal(parse(characterSet(), '\\t\\40$a\\\\\\q\\n'), '\t $a\\q\n')
})

describe('endpoints', () => {
  const of = (text: string) => {
    const parsed = parse(endpoints(), text)
    return typeof parsed === 'string'
      ? parsed
      : parsed.map(({ words, ...rest }) => ({ ...rest, words: words?.map(word => word.text) ?? null }))
  }
  test('inet, inet with IPv6, unix', () => {
    assert.deepEqual(of('inet:127.0.0.1:25 inet:[::1]:25, unix:private/x'), [
      { kind: 'inet', address: '127.0.0.1', port: 25, text: 'inet:127.0.0.1:25', words: null },
      { kind: 'inet', address: '::1', port: 25, text: 'inet:[::1]:25', words: null },
      { kind: 'unix', path: 'private/x', text: 'unix:private/x', words: null },
    ])
  })
  test('with what they run', () => {
    assert.deepEqual(of('inet:127.0.0.1:1 { check_spf, check_x { a } } unix:b'), [
      {
        kind: 'inet',
        address: '127.0.0.1',
        port: 1,
        text: 'inet:127.0.0.1:1',
        words: ['check_spf', 'check_x', '{ a }'],
      },
      { kind: 'unix', path: 'b', text: 'unix:b', words: null },
    ])
  })
  for (const bad of ['127.0.0.1:25', 'inet:127.0.0.1', 'inet:127.0.0.1:99999', 'unix:', '{ a }', 'inet:::1:25', 'x']) {
    test(`not ${bad}`, () => assert.equal(of(bad), `bad "${bad}" at 0`))
  }
})
