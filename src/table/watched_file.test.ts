import assert from 'node:assert/strict'
import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { answerText, TableBench } from '../../test/support/table_context.ts'
import { openTable } from './open.ts'
import type { OpenTable } from './table.ts'

describe('a changed file', () => {
  let bench: TableBench
  let table: OpenTable
  let file: string
  /** Seconds of the manual clock's time that the next writing bears, so that each looks newer and long at rest. */
  let age: number

  beforeEach(() => {
    bench = new TableBench()
    file = path.join(bench.directory, 'map')
    age = 1000
    write('a old\n')
    table = openTable('hash:map', bench.context())
  })
  afterEach(() => {
    table.close()
    bench.remove()
  })

  function write(text: string, secondsAgo = age--): void {
    writeFileSync(file, text)
    touch(secondsAgo)
  }
  function touch(secondsAgo: number): void {
    const when = bench.clock.now() / 1000 - secondsAgo
    utimesSync(file, when, when)
  }
  const value = async () => answerText(await table.lookup('a'))

  test('takes effect at the first lookup a second later', async () => {
    assert.equal(await value(), 'old')
    write('a new\n')
    assert.equal(await value(), 'old')
    await bench.clock.advance(1000)
    assert.equal(await value(), 'new')
  })

  test('counts when it is replaced by another file', async () => {
    assert.equal(await value(), 'old')
    writeFileSync(`${file}.tmp`, 'a new\n')
    renameSync(`${file}.tmp`, file)
    touch(5)
    await bench.clock.advance(1000)
    assert.equal(await value(), 'new')
  })

  test('that was written to just now waits until it has come to rest', async () => {
    assert.equal(await value(), 'old')
    await bench.clock.advance(1000)
    write('a half', 0)
    assert.equal(await value(), 'old')
    write('a whole\n', -0.5)
    await bench.clock.advance(1000)
    assert.equal(await value(), 'old')
    await bench.clock.advance(2000)
    assert.equal(await value(), 'whole')
  })

  test('that goes away leaves the old content, and says so once', async () => {
    assert.equal(await value(), 'old')
    rmSync(file)
    for (let i = 0; i < 3; i++) {
      await bench.clock.advance(1000)
      assert.equal(await value(), 'old')
    }
    assert.deepEqual(bench.texts, [`open ${file}: No such file or directory`])
    assert.equal(bench.problems[0]?.severity, 'warning')
    write('a back\n')
    await bench.clock.advance(1000)
    assert.equal(await value(), 'back')
  })

  test('that was missing at first is found later', async () => {
    const late = openTable('texthash:late', bench.context())
    assert.match(answerText(await late.lookup('a')), /No such file/)
    bench.file('late', 'a here\n')
    await bench.clock.advance(1000)
    assert.equal(answerText(await late.lookup('a')), 'here')
    late.close()
  })

  test('leaves no timer behind when the table is closed', async () => {
    assert.equal(await value(), 'old')
    await bench.clock.advance(1000)
    write('a hot\n', 0)
    await value()
    table.close()
    assert.equal(bench.clock.waiting, 0)
  })

  test('that is big is read while lookups go on with the old content', async () => {
    assert.equal(await value(), 'old')
    const lines = Array.from({ length: 200_000 }, (_, i) => `key${i} value`)
    write(`${lines.join('\n')}\na new\n`)
    await bench.clock.advance(1000)
    assert.equal(await value(), 'old')
    // The reading goes on in turns of the event loop; it is done when the answer changes.
    for (let turns = 0; turns < 10_000 && (await value()) === 'old'; turns++) {
      await new Promise(resolve => setImmediate(resolve))
    }
    assert.equal(await value(), 'new')
    assert.equal(answerText(await table.lookup('key199999')), 'value')
  })
})
