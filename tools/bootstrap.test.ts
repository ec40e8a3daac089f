import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { REPOSITORY } from './tree.ts'

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly optional?: boolean }>>
}
interface Bootstrap {
  missingPackage(lock: Lock, installed: Lock): string | null
  isAtLeast(version: string, floor: string): boolean
}
// A computed path: the program is plain JavaScript without types, because it runs before anything is installed.
// The interface above is what it exports.
const { missingPackage, isAtLeast } = (await import(join(REPOSITORY, 'tools/bootstrap.mjs'))) as Bootstrap

const lock: Lock = {
  packages: {
    '': { version: '1.0.0' },
    'node_modules/@x/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  },
}

// installed                                                                             missing
const cases: readonly [Lock['packages'], string | null][] = [
  [{ 'node_modules/@x/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0' } }, null],
  [{ 'node_modules/@x/a': { version: '1.0.0' } }, null],
  [{ 'node_modules/@x/a': { version: '1.0.1' } }, '@x/a'],
  [{ 'node_modules/@x/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } }, 'b'],
  [{}, '@x/a'],
]

for (const [packages, missing] of cases) {
  test(`missingPackage() with ${JSON.stringify(packages)} is ${missing}`, () => {
    assert.equal(missingPackage(lock, { packages }), missing)
  })
}

test('isAtLeast() compares numbers, not texts', () => {
  assert.equal(isAtLeast('v22.19.0', '22.19'), true)
  assert.equal(isAtLeast('v22.9.0', '22.19'), false)
  assert.equal(isAtLeast('v100.0.0', '22.19'), true)
  assert.equal(isAtLeast('v20.20.2', '20.0'), true)
})

test('bootstrap.mjs hands arguments and exit status through, and runs the pinned Node', () => {
  const program = 'tools/testdata/show_arguments.ts'
  const run = spawnSync(process.execPath, ['tools/bootstrap.mjs', program, 'a b', '3'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  })
  assert.equal(run.status, 3)
  assert.match(run.stdout, /^v24\.\d+\.\d+ \["a b","3"\]$/m)
})
