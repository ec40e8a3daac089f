import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkRegistry } from './check_registry.ts'
import { makeTree } from './test_support.ts'

const GOOD = {
  'src/restrictions/index.ts':
    "import { permit } from './permit.ts'\nexport const registry = new Registry([\n  permit,\n])\n",
  'src/restrictions/permit.ts': "export const permit = restriction({ name: 'permit' })\n",
  'src/restrictions/permit.test.ts': 'test\n',
  'src/restrictions/shared.ts': 'export function refuse() {}\n',
}

test('checkRegistry() has nothing to say about a good tree', t => {
  assert.deepEqual(checkRegistry(makeTree(t, GOOD)), [])
})

test('checkRegistry() names a restriction that is imported but not listed', t => {
  const root = makeTree(t, {
    ...GOOD,
    'src/restrictions/index.ts': "import { permit } from './permit.ts'\n// permit\n",
  })
  assert.deepEqual(checkRegistry(root), [
    'src/restrictions/permit.ts: permit is not in the list of src/restrictions/index.ts',
  ])
})

test('checkRegistry() names a restriction without a test', t => {
  const { 'src/restrictions/permit.test.ts': _, ...untested } = GOOD
  assert.deepEqual(checkRegistry(makeTree(t, untested)), [
    'src/restrictions/permit.ts: no test file in src/restrictions is about it',
  ])
})

test('checkRegistry() takes a test of several restrictions that imports the file', t => {
  const { 'src/restrictions/permit.test.ts': _, ...untested } = GOOD
  const root = makeTree(t, { ...untested, 'src/restrictions/simple.test.ts': "import { permit } from './permit.ts'\n" })
  assert.deepEqual(checkRegistry(root), [])
})

test('checkRegistry() misses the registry', t => {
  assert.deepEqual(checkRegistry(makeTree(t, {})), ['src/restrictions/index.ts is missing'])
})
