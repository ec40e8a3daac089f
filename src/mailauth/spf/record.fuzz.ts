import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import { systemClock } from '../../util/clock.ts'
import { isSpfRecord, parseRecord } from './record.ts'
import { makeSpf } from './spf.ts'

const RUNS = 3000
const RESULTS = ['none', 'neutral', 'pass', 'fail', 'softfail', 'temperror', 'permerror']

/** Bytes as the DNS gives them, latin1. */
const anyBytes = fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.from(bytes).toString('latin1'))
/** Pieces of real records, in any order. */
const piece = fc.constantFrom(
  ...[
    'a',
    'mx',
    'ptr',
    'all',
    'ip4',
    'ip6',
    'exists',
    'include',
    'redirect',
    'exp',
    'x',
    ':',
    '=',
    '/',
    '//',
    ' ',
    '-',
    '~',
    '?',
    '+',
  ],
  ...[
    '%',
    '%{',
    '}',
    '%{i}',
    '%{ir}',
    '%{d2r-}',
    '%{S}',
    '%{p}',
    '%{c}',
    '%{l1}',
    '%%',
    '%_',
    '0',
    '24',
    '33',
    '128',
    '192.0.2.1',
  ],
  ...['2001:db8::', 'example.com', '.', 'a.example', 'b.example', '\t', '\xff', '\0'],
)
const likelyRecord = fc.array(piece, { maxLength: 40 }).map(pieces => pieces.join(''))
const record = fc.oneof(anyBytes, likelyRecord)

test('any text is a record or a problem with the term that broke it', () => {
  fc.assert(
    fc.property(record, text => {
      const parsed = parseRecord(`v=spf1 ${text}`)
      if ('problem' in parsed) assert.match(parsed.term, /^[\x20-\x7e…]{1,101}$/)
      else assert.equal(parsed.text, `v=spf1 ${text}`)
    }),
    { numRuns: RUNS },
  )
})

test('only what begins with the version and a blank is an SPF record', () => {
  fc.assert(
    fc.property(record, text => {
      assert.equal(isSpfRecord(text), /^v=spf1(?: |$)/i.test(text) && !/^v=spf1\n/i.test(text))
    }),
    { numRuns: RUNS },
  )
})

test('any records of any domains give a result, with a bounded number of questions', async () => {
  const sender = fc.oneof(fc.constantFrom('x@a.example', '', '@a.example', 'x@b.example'), fc.string({ maxLength: 40 }))
  await fc.assert(
    fc.asyncProperty(record, record, sender, async (first, second, from) => {
      const resolver = makeFakeResolver({
        TXT: { 'a.example': [`v=spf1 ${first}`], 'b.example': [`v=spf1 ${second}`, first] },
        A: { 'a.example': ['192.0.2.1'] },
        MX: { 'a.example': ['10 b.example', '20 a.example'] },
      })
      const spf = makeSpf({ resolver, clock: systemClock, receiver: 'r.example', timeLimit: 20, voidLimit: 2 })
      const answer = await spf.check({ identity: 'mailfrom', address: '192.0.2.9', helo: 'a.example', sender: from })
      assert.ok(RESULTS.includes(answer.result))
      // 1 record, 10 terms with 10 hosts each, one PTR with 10, one explanation.
      assert.ok(resolver.asked.length <= 123, `${resolver.asked.length} questions`)
    }),
    { numRuns: 1000 },
  )
})
