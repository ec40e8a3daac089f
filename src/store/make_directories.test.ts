import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeDirectories } from './make_directories.ts'

test('makeDirectories() makes what is missing, and says whether anything was', t => {
  const top = mkdtempSync(join(tmpdir(), 'postern-mkdir-'))
  t.after(() => rmSync(top, { recursive: true }))
  const path = join(top, 'a', 'b', 'c')
  assert.equal(makeDirectories(path, 0o700), true)
  assert.equal(statSync(path).mode & 0o777, 0o700)
  assert.equal(makeDirectories(path, 0o700), false)
  assert.equal(makeDirectories(`${path}/d/`, 0o700), true)
  writeFileSync(join(top, 'file'), '')
  assert.throws(() => makeDirectories(join(top, 'file'), 0o700), { code: 'EEXIST' })
  assert.throws(() => makeDirectories(join(top, 'file', 'x'), 0o700), { code: 'ENOTDIR' })
})

test('makeDirectories() ends where nothing can be made', t => {
  if (!existsSync('/proc/self')) return t.skip('there is no /proc')
  for (const path of ['/proc/nope', '/proc/nope/deep/er'])
    assert.throws(() => makeDirectories(path, 0o700), { code: 'ENOENT' })
})
