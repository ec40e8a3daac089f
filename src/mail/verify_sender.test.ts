import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeVerifySender, matchVerifySender } from './verify_sender.ts'

const NOW = 1_700_000_000

// sender           ttl   made
const MADE: readonly (readonly [string, number, string])[] = [
  ['double-bounce', 0, 'double-bounce@x.example'],
  ['probe@y.example', 0, 'probe@y.example'],
  ['', 0, ''],
  ['<>', 3600, ''],
  // Period 472222 in base 31 without vowels.
  ['double-bounce', 3600, 'double-bounceHVCZ@x.example'],
]

for (const [sender, ttl, made] of MADE) {
  test(`"${sender}" with a life of ${ttl} s`, () => {
    const options = { sender, ttl, nowSeconds: NOW, origin: 'x.example' }
    assert.equal(makeVerifySender(options), made)
    assert.equal(matchVerifySender(made, options), made.replace('HVCZ', ''))
  })
}

// address                         ttl  ours
const MATCHED: readonly (readonly [string, number, boolean])[] = [
  ['Double-Bounce@X.example', 0, true],
  ['double-bounce@y.example', 0, false],
  ['double-bounced@x.example', 0, false],
  ['double-bounce', 0, false],
  ['double-bounce@x.example', 3600, false],
  ['double-bounceHVCY@x.example', 3600, true],
  ['double-bounceHVD0@x.example', 3600, true],
  ['double-bounceHVCX@x.example', 3600, false],
  ['double-bouncehvcz@x.example', 3600, false],
]

for (const [address, ttl, ours] of MATCHED) {
  test(`${address} with a life of ${ttl} s is ${ours ? '' : 'not '}ours`, () => {
    const matched = matchVerifySender(address, { sender: 'double-bounce', ttl, nowSeconds: NOW, origin: 'x.example' })
    assert.equal(matched, ours ? 'double-bounce@x.example' : null)
  })
}
