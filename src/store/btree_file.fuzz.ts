import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { BtreeFileError, readBtreeFile } from './btree_file.ts'

const GOOD = readFileSync(join(import.meta.dirname, 'testdata/postgrey.db'))
const directory = mkdtempSync(join(tmpdir(), 'postern-btree-'))
after(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'damaged.db')

test('a damaged database is read as far as it goes, or called damaged; nothing else is thrown and it ends', () => {
  const damage = fc.array(fc.tuple(fc.nat(GOOD.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(damage, fc.integer({ min: 0, max: GOOD.length }), (bytes, length) => {
      const damaged = Buffer.from(GOOD)
      for (const [at, value] of bytes) damaged[at] = value
      writeFileSync(path, damaged.subarray(0, length))
      let pairs = 0
      try {
        for (const _ of readBtreeFile(path)) pairs++
      } catch (error) {
        assert.ok(error instanceof BtreeFileError, String(error))
      }
      assert.ok(pairs < 10_000)
    }),
    { interruptAfterTimeLimit: 1000, numRuns: 2000 },
  )
})

test('damage to the headers and the items of single pages', () => {
  const pages = GOOD.length / 4096
  const spot = fc.tuple(fc.nat(pages - 1), fc.nat(120), fc.nat(255))
  fc.assert(
    fc.property(fc.array(spot, { minLength: 1, maxLength: 4 }), spots => {
      const damaged = Buffer.from(GOOD)
      for (const [page, at, value] of spots) damaged[page * 4096 + at] = value
      writeFileSync(path, damaged)
      try {
        for (const { key, value } of readBtreeFile(path)) assert.ok(key.length + value.length <= 2 * 64 * 1024)
      } catch (error) {
        assert.ok(error instanceof BtreeFileError, String(error))
      }
    }),
    { interruptAfterTimeLimit: 1000, numRuns: 2000 },
  )
})
