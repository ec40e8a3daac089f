import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slotOf } from './slot.ts'

// key                        CLUSTER KEYSLOT of Redis 7.0.15
const cases: readonly (readonly [string, number])[] = [
  ['', 0],
  ['123456789', 0x31c3],
  ['foo', 12_182],
  ['{user1000}.following', 3443],
  ['foo{}{bar}', 8363],
  ['foo{{bar}}zap', 4015],
  ['foo{bar}{zap}', 5061],
  ['postern:c:bücher', 4385],
]

for (const [key, slot] of cases) {
  test(`slotOf("${key}") is ${slot}`, () => {
    assert.equal(slotOf(key), slot)
  })
}
