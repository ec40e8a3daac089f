import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HeaderScan } from './header_facts.ts'

describe('From fields', () => {
  test('that are too many to be read are told, so that none hides behind the others', () => {
    for (const [count, expected] of [
      [20, false],
      [21, true],
    ] as const) {
      const scan = new HeaderScan({ authservId: 'mx.example.com', trustedAuthservIds: new Set() })
      for (let i = 0; i < count; i++) scan.add(Buffer.from('From: a@plain.example'))
      assert.equal(scan.facts().hasUnreadFrom, expected)
    }
  })
})
