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

  test('that are too long to be read are told, too, in one field or in several', () => {
    const field = (length: number): Buffer => Buffer.from(`From:${'a'.repeat(length)}`)
    for (const [lengths, expected] of [
      [[16384], false],
      [[16385], true],
      [[8192, 8192], false],
      [[8192, 8193], true],
      [[100_000, 10], true],
    ] as const) {
      const scan = new HeaderScan({ authservId: 'mx.example.com', trustedAuthservIds: new Set() })
      for (const length of lengths) scan.add(field(length))
      assert.equal(scan.facts().hasUnreadFrom, expected, String(lengths))
    }
  })
})
