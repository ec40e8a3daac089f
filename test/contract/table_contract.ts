import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OpenTable } from '../../src/table/table.ts'

export interface TableCase {
  readonly type: string
  readonly kind: OpenTable['kind']
  /** Opens a table that has `present` and not `absent`. */
  readonly open: () => Promise<OpenTable> | OpenTable
  readonly present: { readonly key: string; readonly value: string }
  /** Null: the table answers every key. */
  readonly absent: string | null
  /** Opens a table whose source is wrong or missing; null: this type has none. */
  readonly openBroken: (() => OpenTable) | null
}

/** What every table type owes its callers. */
export function tableContract(given: TableCase): void {
  describe(`${given.type} keeps the table contract`, () => {
    test('answers found and absent, and says its kind', async () => {
      const table = await given.open()
      try {
        await table.ready()
        assert.equal(table.kind, given.kind)
        assert.deepEqual(await table.lookup(given.present.key), { status: 'found', value: given.present.value })
        if (given.absent !== null) assert.deepEqual(await table.lookup(given.absent), { status: 'absent' })
      } finally {
        table.close()
      }
    })

    test('answers without being told to get ready, and many at once', async () => {
      const table = await given.open()
      try {
        const answers = await Promise.all(Array.from({ length: 20 }, () => table.lookup(given.present.key)))
        for (const answer of answers) assert.deepEqual(answer, { status: 'found', value: given.present.value })
      } finally {
        table.close()
      }
    })

    test('never throws, whatever the key', async () => {
      const table = await given.open()
      try {
        for (const key of ['', ' ', '\0', '\n', 'a'.repeat(10_000), '\ud800', '{', '$1', '%', '[', '::']) {
          assert.ok(['found', 'absent', 'failed'].includes((await table.lookup(key)).status))
        }
      } finally {
        table.close()
      }
    })

    const { openBroken } = given
    if (openBroken !== null)
      test('a source that is wrong or missing makes failed answers with a reason', async () => {
        const table = openBroken()
        const answer = await table.lookup(given.present.key)
        table.close()
        assert.equal(answer.status, 'failed')
        assert.match(answer.status === 'failed' ? answer.reason : '', /^(unavailable|configuration|temporary): ./)
      })

    test('closing twice is harmless', async () => {
      const table = await given.open()
      await table.ready()
      table.close()
      table.close()
    })
  })
}
