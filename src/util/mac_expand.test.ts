import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { filterText, MacError, macExpand, macNames, macPieces, parseCompatLevel } from './mac_expand.ts'

const values: Readonly<Record<string, string>> = {
  a: 'one',
  b: 'two',
  empty: '',
  one: '1',
  name_1: 'under_score',
  level: '3.6',
  ten: '10',
  nested: '$a and ${b}',
}
const lookup = (name: string) => (Object.hasOwn(values, name) ? values[name] : undefined)

describe('macExpand', () => {
  // Postfix: mac_expand(3); the cases below were compared with "postconf -x" of Postfix 3.7.
  const cases: readonly (readonly [string, string])[] = [
    ['', ''],
    ['plain text', 'plain text'],
    ['$a', 'one'],
    ['${a}', 'one'],
    ['$(a)', 'one'],
    ['x$a-y', 'xone-y'],
    ['$name_1.', 'under_score.'],
    ['$$a', '$a'],
    ['a$$', 'a$'],
    ['$unknown', ''],
    ['${unknown}x', 'x'],
    ['${ a }', 'one'],
    ['${a?yes}', 'yes'],
    ['${empty?yes}', ''],
    ['${unknown?yes}', ''],
    ['${a:no}', ''],
    ['${empty:no}', 'no'],
    ['${unknown:no}', 'no'],
    ['${a?got $b}', 'got two'],
    ['${a?{x}:{y}}', 'x'],
    ['${empty?{x}:{y}}', 'y'],
    ['${unknown ? {x} : {y}}', 'y'],
    ['${unknown?{x}:plain y}', 'plain y'],
    ['${a??foo:{b}ar}', '?foo:{b}ar'],
    ['${empty?{x}}', ''],
    ['${a?{ {x} }}', ' {x} '],
    ['${a?{$(b)}:{$empty}}', 'two'],
    ['${{$a} == {one} ? {same} : {other}}', 'same'],
    ['${{$a}=={two}?{same}:{other}}', 'other'],
    ['${{$a} != {two}}', 'true'],
    ['${{$a} == {two}}', ''],
    ['${{9} < {10} ? {number} : {text}}', 'number'],
    ['${{9x} < {10x} ? {number} : {text}}', 'text'],
    ['${{010} == {10} ? {number} : {text}}', 'number'],
    ['${{b} > {a}?{yes}}', 'yes'],
    ['${{a} >= {a}?{yes}}', 'yes'],
    ['${{a} <= {b}?{yes}}', 'yes'],
    ['${{$level} <level {3.6} ? {old} : {new}}', 'new'],
    ['${{$level} <level {3.10} ? {old} : {new}}', 'old'],
    ['${{$level} >=level {3} ? {yes} : {no}}', 'yes'],
    ['${{2} ==level {2.0.0} ? {yes} : {no}}', 'yes'],
    ['${{$unknown} == {} ? {nothing} : {some}}', 'nothing'],
    ['${{} != {x} ? {${a}} : {}}', 'one'],
  ]
  for (const [text, expected] of cases) {
    test(`${JSON.stringify(text)} gives ${JSON.stringify(expected)}`, () =>
      assert.equal(macExpand(text, lookup), expected))
  }

  const faults: readonly (readonly [string, RegExp])[] = [
    ['$', /^empty macro name: "\$"/],
    ['$-x', /^empty macro name/],
    ['${}', /^empty macro name/],
    ['${a', /^truncated macro reference: "\$\{a"/],
    ['$(a}', /^truncated macro reference/],
    ['${a?{x}', /^truncated macro reference/],
    ['${a b}', /^attribute name syntax error at: "\.\.\.a>>> b"/],
    ['${a-b}', /^attribute name syntax error/],
    ['${a?{x}y}', /^":" expected at: "\.\.\.x}>>>y"/],
    ['${a?{x}:{y}z}', /^unexpected input at: "\.\.\.y}>>>z"/],
    ['${{$a} = {b}}', /^"==" or "!="/],
    ['${{$a} == b}', /^"{expression}" expected at/],
    ['${{$a} == {b} x}', /^"\?" or ":" expected at/],
    ['${{1} <foo {2}}', /^bad operator suffix at: "\.\.\.<>>>foo"/],
    ['${{x} <level {2}}', /^malformed compatibility level syntax: "x"/],
    ['${{99999999999999999999} == {1}}', /^bad conversion/],
  ]
  for (const [text, expected] of faults) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(
        () => macExpand(text, lookup),
        (error: unknown) => error instanceof MacError && expected.test(error.message),
      )
    })
  }

  test('expands values again only when asked to', () => {
    assert.equal(macExpand('<$nested>', lookup), '<$a and ${b}>')
    assert.equal(macExpand('<$nested>', lookup, { recurse: true }), '<one and two>')
  })

  test('ends on a name that refers to itself', () => {
    const loop = (name: string) => (name === 'x' ? 'a $y' : '$x')
    assert.throws(() => macExpand('$x', loop, { recurse: true }), /unreasonable macro call nesting/)
  })

  test('ends on names that double', () => {
    const twice = (name: string) => (name === 'n99' ? '' : `$n${Number(name.slice(1)) + 1}`.repeat(2))
    assert.throws(() => macExpand('$n0', twice, { recurse: true }), /too many macro calls/)
    const long = (name: string) => (name === 'n30' ? 'xxxxxxxx' : `$n${Number(name.slice(1)) + 1}`.repeat(2))
    assert.throws(() => macExpand('$n10', long, { recurse: true }), /longer than|too many/)
  })

  test('takes foreign characters out of values, never out of the text', () => {
    const evil = () => 'a\r\nb\u00fc'
    assert.equal(macExpand('[\u00fc $x]', evil, { allow: 'ab' }), '[\u00fc a__b__]')
  })

  test('tells names that stand for nothing, and not those that are only tested', () => {
    const names: string[] = []
    macExpand('$unknown ${gone} ${tested?x} $a', lookup, { onUndefined: name => names.push(name) })
    assert.deepEqual(names, ['unknown', 'gone'])
  })
})

test('macPieces() tells where each part was written', () => {
  assert.deepEqual(macPieces('1 $$ ${a?{+$nested}}', lookup, { recurse: true }), [
    { text: '1 $', from: null, offset: 0 },
    { text: ' ', from: null, offset: 4 },
    { text: '+', from: null, offset: 10 },
    { text: 'one', from: 'a', offset: 0 },
    { text: ' and ', from: 'nested', offset: 2 },
    { text: 'two', from: 'b', offset: 0 },
  ])
})

test('a MacError tells where the fault is, in which value', () => {
  const error = (() => {
    try {
      macExpand('ab $x', () => 'cd ${y?{1}2}', { recurse: true })
    } catch (error) {
      return error
    }
    return null
  })()
  assert.ok(error instanceof MacError)
  assert.deepEqual([error.from, error.offset], ['x', 10])
})

test('macNames() finds names without looking them up', () => {
  assert.deepEqual(macNames('$a ${b?{$c}} $$d $(e) ${{$f} == {x} ? {${ g }} : {}} $'), ['a', 'b', 'c', 'e', 'f', 'g'])
})

test('filterText() counts bytes', () => assert.equal(filterText('a\u20acb', 'ab'), 'a___b'))

test('parseCompatLevel() orders releases', () => {
  const order = ['0', '1', '2', '2.11', '3', '3.6', '3.6.1', '3.10']
  const levels = order.map(parseCompatLevel)
  assert.deepEqual(
    levels,
    levels.toSorted((a, b) => (a ?? 0) - (b ?? 0)),
  )
  for (const bad of ['', 'x', '3.', '3.6.', '3.6.1.2', '-1', '3.1024', '3.6x'])
    assert.equal(parseCompatLevel(bad), null, bad)
})
