import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { TableBench } from '../../test/support/table_context.ts'
import { dumpTable, queryKey, queryKeys } from './query.ts'

const bench = new TableBench()
after(() => bench.remove())
bench.file('map', 'b 2\na 1\n')

test('one key: its value, status 1 without one', async () => {
  assert.deepEqual(await queryKey(['hash:map'], 'A', bench.context()), { lines: ['1'], errors: [], status: 0 })
  assert.deepEqual(await queryKey(['map'], 'a', bench.context()), { lines: ['1'], errors: [], status: 0 })
  assert.deepEqual(await queryKey(['hash:map', 'static:3'], 'c', bench.context()), {
    lines: ['3'],
    errors: [],
    status: 0,
  })
  assert.deepEqual(await queryKey(['hash:map'], 'c', bench.context()), { lines: [], errors: [], status: 1 })
})

test('a failed lookup is an error', async () => {
  const output = await queryKey(['fail:x'], 'c', bench.context())
  assert.deepEqual(output, {
    lines: [],
    errors: ['table fail:x: query error: temporary: fail:x always fails'],
    status: 1,
  })
})

test('many keys: key and value of those found', async () => {
  const output = await queryKeys(['hash:map'], ['a', 'x', 'B'], bench.context())
  assert.deepEqual(output, { lines: ['a\t1', 'B\t2'], errors: [], status: 0 })
  assert.equal((await queryKeys(['hash:map'], ['x'], bench.context())).status, 1)
})

test('an empty result is warned of', async () => {
  const output = await queryKey(['pcre:{{/a/}}'], 'a', bench.context())
  assert.deepEqual(output.lines, [''])
  assert.equal(output.errors[0], 'warning: table pcre:{{/a/}}: key a: empty string result is not allowed')
})

test('a dump has all entries', async () => {
  assert.deepEqual(await dumpTable(['hash:map'], bench.context()), { lines: ['b\t2', 'a\t1'], errors: [], status: 0 })
  assert.equal((await dumpTable(['static:x'], bench.context())).status, 1)
})
