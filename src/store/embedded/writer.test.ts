import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import { systemRandom } from '../../util/random.ts'
import { openFile } from './files.ts'
import { KeyBuffer } from './key_buffer.ts'
import { currentOwner } from './owner.ts'
import { FileReader } from './reader.ts'
import { LogWriter, ROLL_BYTES } from './writer.ts'

let parent = ''
let directory = ''
let told: (string | null)[] = []
let complete: string[] = []

beforeEach(() => {
  parent = fs.mkdtempSync(join(tmpdir(), 'postern-writer-'))
  directory = join(parent, 'memory')
  told = []
  complete = []
})
afterEach(() => fs.rmSync(parent, { recursive: true }))

function makeWriter(sync = false): LogWriter {
  return new LogWriter({
    directory,
    owner: currentOwner(process.pid),
    clock: new ManualClock(),
    random: systemRandom,
    sync,
    onTrouble: problem => told.push(problem),
    onBegun: () => undefined,
    onComplete: name => complete.push(name),
  })
}

function keysOf(name: string): { readonly keys: readonly string[]; readonly isEnded: boolean } {
  const file = openFile(directory, name, new Set())
  assert.ok(file !== null)
  const reader = new FileReader(file)
  const keys: string[] = []
  while (
    reader.readChunk(({ bytes, keyStart, keyEnd }) =>
      keys.push(Buffer.from(bytes.subarray(keyStart, keyEnd)).toString()),
    )
  );
  reader.close()
  return { keys, isEnded: reader.isEnded }
}

describe('LogWriter', () => {
  test('what could not be written is kept up to a megabyte, and what was left out is never acknowledged', async () => {
    fs.writeFileSync(directory, '')
    const writer = makeWriter()
    const key = new KeyBuffer()
    let serial = 0
    const add = (): string => {
      const text = `${String(serial++).padStart(6, '0')}${'x'.repeat(500)}`
      writer.add(key.set(0, text))
      return text
    }
    const first = add()
    assert.deepEqual(await writer.wait(1), { status: 'failed', reason: 'File exists' })
    for (let i = 0; i < 3000; i++) add()
    assert.equal((await writer.wait(2)).status, 'failed')
    fs.rmSync(directory)
    // The buffer is still full in this turn.
    add()
    assert.equal((await writer.wait(3)).status, 'failed')
    const last = add()
    assert.deepEqual(await writer.wait(4), { status: 'found', value: 4 })
    await writer.close()
    const { keys } = keysOf(complete[0] ?? '')
    assert.equal(keys[0], first)
    assert.equal(keys.at(-1), last)
    assert.ok(keys.length > 1900 && keys.length < 2100, `${keys.length}`)
    assert.deepEqual(told, ['File exists', null])
  })

  test('a file that has grown large is completed and another begun', async () => {
    const writer = makeWriter(true)
    const key = new KeyBuffer()
    for (let n = 0; n * 1000 * 900 < ROLL_BYTES + 1_000_000; n++) {
      for (let i = 0; i < 1000; i++) writer.add(key.set(2, `${n}-${i}-${'x'.repeat(900)}`))
      assert.equal((await writer.wait(n)).status, 'found')
    }
    assert.equal(complete.length, 1)
    await writer.close()
    assert.equal(complete.length, 2)
    assert.ok(complete.every(name => keysOf(name).isEnded))
    assert.deepEqual(told, [])
  })
})
