import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hideListKeys } from './list_key.ts'

// biome-ignore format: columns
const CASES: readonly (readonly [text: string, shown: string])[] = [
  ['abc123.zen.dq.spamhaus.net',                             'zen.dq.spamhaus.net'],
  ['ABC123.ZEN.DQ.Spamhaus.Net.',                            'ZEN.DQ.Spamhaus.Net.'],
  ['A 2.0.0.127.abc123.zen.dq.spamhaus.net: absent',         'A 2.0.0.127.zen.dq.spamhaus.net: absent'],
  ['a.example.abc123.dbl.dq.spamhaus.net x abc123.sbl.dq.spamhaus.net=127.0.0.2', 'a.example.dbl.dq.spamhaus.net x sbl.dq.spamhaus.net=127.0.0.2'],
  ['blocked using zen.dq.spamhaus.net; see',                 'blocked using zen.dq.spamhaus.net; see'],
  ['zen.spamhaus.org and dq.spamhaus.net',                   'zen.spamhaus.org and dq.spamhaus.net'],
]

for (const [text, shown] of CASES) {
  test(`T1.4 "${text}" is shown without a key`, () => {
    assert.equal(hideListKeys(text), shown)
  })
}

test('a long name costs no time', () => {
  const label = 'a'.repeat(100_000)
  assert.equal(hideListKeys(`${label} x.zen.dq.spamhaus.net`), `${label} zen.dq.spamhaus.net`)
})
