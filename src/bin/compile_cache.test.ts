import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const PROGRAM = join(import.meta.dirname, 'postern.ts')
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/postern')

test('what V8 compiled is kept beside the packages, and not where everybody may write', t => {
  const temporary = fs.mkdtempSync(join(tmpdir(), 'postern-cache-'))
  t.after(() => fs.rmSync(temporary, { recursive: true }))
  const { NODE_COMPILE_CACHE: _, ...environment } = process.env
  const ran = spawnSync(process.execPath, [PROGRAM, 'version'], {
    env: { ...environment, TMPDIR: temporary },
    encoding: 'utf8',
  })
  assert.equal(ran.status, 0, ran.stderr)
  assert.deepEqual(fs.readdirSync(temporary), [])
  assert.ok(fs.readdirSync(CACHE).length > 0)
})
