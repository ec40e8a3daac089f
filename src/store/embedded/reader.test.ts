import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { KeyBuffer } from './key_buffer.ts'
import { FileReader, SLICE } from './reader.ts'
import { FrameBuffer } from './record.ts'

const directory = fs.mkdtempSync(join(tmpdir(), 'postern-reader-'))
const path = join(directory, 'file')
process.on('exit', () => fs.rmSync(directory, { recursive: true }))

function frames(count: number, maxPayload?: number): Buffer {
  const buffer = new FrameBuffer(maxPayload)
  const key = new KeyBuffer()
  for (let i = 0; i < count; i++) buffer.add(key.set(0, `key ${i} ${'x'.repeat(900)}`))
  return Buffer.from(buffer.frames)
}

function read(size?: number): { readonly keys: number; readonly reader: FileReader } {
  const reader = new FileReader({ name: 'file', fd: fs.openSync(path, 'r'), header: null })
  let keys = 0
  while (reader.readChunk(() => keys++, size));
  reader.close()
  return { keys, reader }
}

for (const size of [undefined, SLICE]) {
  test(`T22.2 megabytes of rubbish between sound frames are passed over, in pieces of ${size ?? 'a megabyte'}`, () => {
    const rubbish = Buffer.alloc(3_000_000, 0xff)
    fs.writeFileSync(path, Buffer.concat([rubbish, frames(300), rubbish, frames(300, 4096), rubbish.subarray(0, 777)]))
    const { keys, reader } = read(size)
    assert.equal(keys, 600)
    // The rubbish at the end may still become a frame.
    assert.equal(reader.unsound, 2 * rubbish.length + 1)
  })

  test(`frames across the edges of pieces are read once, in pieces of ${size ?? 'a megabyte'}`, () => {
    fs.writeFileSync(path, frames(5000))
    const { keys, reader } = read(size)
    assert.equal(keys, 5000)
    assert.equal(reader.position, fs.statSync(path).size)
  })
}

test('what is added to a file is read on, half a frame not before it is whole', () => {
  const bytes = frames(2, 1000)
  const half = Math.floor(bytes.length * 0.75)
  fs.writeFileSync(path, bytes.subarray(0, half))
  const reader = new FileReader({ name: 'file', fd: fs.openSync(path, 'r'), header: null })
  let keys = 0
  const readOn = (): number => {
    while (reader.readChunk(() => keys++));
    return keys
  }
  assert.equal(readOn(), 1)
  assert.equal(readOn(), 1)
  fs.appendFileSync(path, bytes.subarray(half))
  assert.equal(readOn(), 2)
  reader.close()
})
