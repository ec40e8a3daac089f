import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type BodyHash, makeBodyHasher } from './body_hash.ts'
import { type Canonicalization, canonicalFields, cutValue, HeaderBlock, readField, valueText } from './header_block.ts'

// RFC 6376 3.4.5
const FIELDS = ['A: X', 'B : Y\t\r\n\tZ  ']
const BODY = ' C \r\nD \t E\r\n\r\n\r\n'

test('RFC 6376 3.4.5: example 1 to 3, header', () => {
  const fields = FIELDS.map(text => readField(Buffer.from(text)))
  assert.equal(canonicalFields(fields, null, 'relaxed').toString(), 'a:X\r\nb:Y Z\r\n')
  assert.equal(canonicalFields(fields, null, 'simple').toString(), 'A: X\r\nB : Y\t\r\n\tZ  \r\n')
})

/** The canonical body is as it should be when its hash and length are. */
function assertBody(form: Canonicalization, pieces: readonly string[], expected: string): void {
  const hasher = makeBodyHasher(form)
  for (const piece of pieces) hasher.update(Buffer.from(piece, 'latin1'))
  const { sha256, length } = hasher.end()
  const wanted = Buffer.from(expected, 'latin1')
  const about = `${form} ${JSON.stringify(pieces).slice(0, 200)}`
  assert.equal(length, wanted.length, about)
  assert.equal(sha256.toString('hex'), createHash('sha256').update(wanted).digest('hex'), about)
}

const LONG = 'x'.repeat(40_000)

for (const [name, body, relaxed, simple] of [
  ['RFC 6376 3.4.5', BODY, ' C\r\nD E\r\n', ' C \r\nD \t E\r\n'],
  ['RFC 6376 3.4.3, 3.4.4: no body', '', '', '\r\n'],
  ['RFC 6376 3.4.3, 3.4.4: one empty line', '\r\n', '', '\r\n'],
  ['empty lines only', '\r\n\r\n\r\n', '', '\r\n'],
  ['white space only', ' \t ', '', ' \t \r\n'],
  ['lines of white space only', ' \r\n\t\r\n', '', ' \r\n\t\r\n'],
  ['no CRLF at the end', 'a', 'a\r\n', 'a\r\n'],
  ['white space at the end', 'a \t', 'a\r\n', 'a \t\r\n'],
  ['empty lines within', 'a\r\n\r\n\r\n\r\n\r\n\r\nb\r\n', 'a\r\n\r\n\r\n\r\n\r\n\r\nb\r\n', null],
  ['a line of white space within', 'a\r\n \r\nb\r\n', 'a\r\n\r\nb\r\n', 'a\r\n \r\nb\r\n'],
  ['CR alone', 'a\rb\r\r\nc\r', 'a\rb\r\r\nc\r\r\n', 'a\rb\r\r\nc\r\r\n'],
  ['LF alone', 'a\nb\n', 'a\nb\n\r\n', 'a\nb\n\r\n'],
  ['space before CR alone', 'a \rb', 'a \rb\r\n', 'a \rb\r\n'],
  ['other control characters are text', '\x00\x0b\x0c \x0b\r\n', '\x00\x0b\x0c \x0b\r\n', '\x00\x0b\x0c \x0b\r\n'],
  ['octets over 127', '\xa0\xff \xa0\r\n', '\xa0\xff \xa0\r\n', null],
  ['a long line', `${LONG} \t ${LONG}\r\n`, `${LONG} ${LONG}\r\n`, null],
  ['many empty lines before text', `${'\r\n'.repeat(30_000)}x\r\n`, `${'\r\n'.repeat(30_000)}x\r\n`, null],
  ['many empty lines at the end', `x${'\r\n'.repeat(30_000)}`, 'x\r\n', 'x\r\n'],
] as const)
  test(`body: ${name}`, () => {
    for (const pieces of [
      [body],
      ['', body, ''],
      ...(body.length < 100 ? [[...body], ...cuts(body)] : [thirds(body)]),
    ]) {
      assertBody('relaxed', pieces, relaxed)
      assertBody('simple', pieces, simple ?? body)
    }
  })

function cuts(body: string): readonly (readonly string[])[] {
  return [...body].map((_, at) => [body.slice(0, at), body.slice(at)])
}

function thirds(body: string): readonly string[] {
  const third = Math.floor(body.length / 3)
  return [body.slice(0, third), body.slice(third, 2 * third), body.slice(2 * third)]
}

for (const [field, relaxed] of [
  ['Subject: a', 'subject:a'],
  ['SUBJECT \t: \t a \t b \t', 'subject:a b'],
  ['Subject:', 'subject:'],
  ['Subject:\r\n ', 'subject:'],
  ['Subject:\r\n\ta\r\n b', 'subject:a b'],
  ['Subject:a:b', 'subject:a:b'],
  ['no colon', 'no colon:'],
  ['', ':'],
  ['X: a\rb\nc', 'x:a\rb\nc'],
] as const)
  test(`relaxed field ${JSON.stringify(field)}`, () => {
    assert.equal(canonicalFields([], readField(Buffer.from(field)), 'relaxed').toString(), relaxed)
    assert.equal(canonicalFields([], readField(Buffer.from(field)), 'simple').toString(), field)
  })

test('RFC 6376 5.4.2: of several fields the lowest first, then those above it, then nothing', () => {
  const header = new HeaderBlock(1000)
  for (const text of ['A: 1', 'B: 2', 'A: 3', 'a : 4', 'DKIM-Signature: own']) header.add(Buffer.from(text))
  const own = header.named('dkim-signature')[0] ?? null
  const values = (...names: string[]): readonly string[] => header.select(names, own).map(valueText)
  assert.deepEqual(values('a', 'b', 'a', 'a', 'a', 'b', 'c'), [' 4', ' 2', ' 3', ' 1'])
  assert.deepEqual(values('dkim-signature', 'b'), [' 2'])
})

test('the field that is verified is never signed by itself, others of its name are', () => {
  const header = new HeaderBlock(1000)
  for (const text of ['D: 1', 'D: 2', 'D: 3']) header.add(Buffer.from(text))
  const [first, second, third] = header.named('d')
  assert.deepEqual(header.select(['d', 'd', 'd'], second ?? null), [third, first])
  assert.deepEqual(header.select(['d', 'd', 'd'], first ?? null), [third, second])
})

test('a header beyond the limit is not kept', () => {
  const header = new HeaderBlock(20)
  header.add(Buffer.from('A: 12345'))
  assert.equal(header.isTooLarge, false)
  header.add(Buffer.from('A: 1234567'))
  assert.equal(header.isTooLarge, true)
  header.add(Buffer.from('B:'))
  assert.equal(header.fields.length, 1)
})

test('RFC 6376 3.7: the value of b= is taken out with the white space around it', () => {
  const field = readField(Buffer.from('X: b = ab\r\n c ;d=e'))
  assert.equal(cutValue(field, 4, 12).raw.toString(), 'X: b =;d=e')
})

for (const form of ['simple', 'relaxed'] as const)
  test(`RFC 6376 3.4.3, 3.4.4: ${form}, more empty lines than are held back count only with text behind them`, () => {
    const hash = (...chunks: readonly string[]): unknown => {
      const hasher = makeBodyHasher(form)
      for (const chunk of chunks) hasher.update(Buffer.from(chunk))
      return hasher.end()
    }
    const lines = '\r\n'.repeat(20_000)
    assert.deepEqual(hash('a', lines, lines), hash('a\r\n'))
    assert.deepEqual(hash(lines, lines), hash('\r\n'))
    const whole = `a${lines}${lines}b\r\n`
    const { sha256, length } = makeBodyHasherOf(form, whole)
    assert.equal(length, whole.length)
    assert.deepEqual(sha256, createHash('sha256').update(whole).digest())
    assert.deepEqual(hash('a', lines, lines, 'b', lines, '\r\n'), { sha256, length })
    assert.deepEqual(hash('a', lines, lines, '\r', 'b\r\n'), hash(`a${lines}${lines}\rb`))
  })

function makeBodyHasherOf(form: 'simple' | 'relaxed', body: string): BodyHash {
  const hasher = makeBodyHasher(form)
  hasher.update(Buffer.from(body))
  return hasher.end()
}
