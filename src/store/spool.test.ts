import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { seededRandom } from '../util/random.ts'
import { makeSpools, sweepSpools } from './spool.ts'

function directory(t: TestContext): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-spool-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return path.join(made, 'spool')
}

async function readAll(spool: { read(): AsyncIterable<Uint8Array> }): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of spool.read()) pieces.push(piece)
  return Buffer.concat(pieces)
}

function openFiles(directory: string): number {
  return fs.readdirSync('/proc/self/fd').filter(fd => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)
    } catch {
      return false
    }
  }).length
}

describe('spool', () => {
  test('gives back what was written, again and again, and has no name meanwhile', async t => {
    const dir = directory(t)
    const spool = makeSpools({ directory: dir, limit: 1e6, random: seededRandom(1) })()
    const chunks = Array.from({ length: 5 }, (_, i) => Buffer.alloc(50_000, i))
    for (const chunk of chunks) assert.equal(await spool.write(chunk), null)
    assert.deepEqual(fs.readdirSync(dir), [])
    assert.equal(openFiles(dir), 1)
    assert.ok((await readAll(spool)).equals(Buffer.concat(chunks)))
    assert.ok((await readAll(spool)).equals(Buffer.concat(chunks)))
    spool.close()
    spool.close()
    while (openFiles(dir) > 0) await new Promise(resolve => setImmediate(resolve))
  })

  test('what is not written to makes no file', async t => {
    const dir = directory(t)
    const spool = makeSpools({ directory: dir, limit: 1e6, random: seededRandom(1) })()
    assert.equal((await readAll(spool)).length, 0)
    spool.close()
    assert.equal(fs.existsSync(dir), false)
  })

  test('the limit is for all together, and room comes back', async t => {
    const open = makeSpools({ directory: directory(t), limit: 100, random: seededRandom(1) })
    const [one, two] = [open(), open()]
    assert.equal(await one.write(Buffer.alloc(60)), null)
    assert.match((await two.write(Buffer.alloc(41))) ?? '', /fill 100 bytes/)
    one.close()
    const three = open()
    assert.equal(await three.write(Buffer.alloc(100)), null)
    three.close()
    two.close()
    assert.equal(await open().write(Buffer.alloc(100)), null)
  })

  test('a directory that cannot be used is a text, not a fault', async t => {
    const dir = directory(t)
    fs.mkdirSync(path.dirname(dir), { recursive: true })
    fs.writeFileSync(dir, 'a file')
    const spool = makeSpools({ directory: dir, limit: 100, random: seededRandom(1) })()
    assert.match((await spool.write(Buffer.alloc(1))) ?? '', /Not a directory/)
    spool.close()
  })

  test('sweeping takes old files with names away, and leaves young ones', async t => {
    const dir = directory(t)
    fs.mkdirSync(dir, { recursive: true })
    fs.writeFileSync(path.join(dir, 'old'), 'x')
    fs.utimesSync(path.join(dir, 'old'), 1, 1)
    const clock = new ManualClock()
    fs.writeFileSync(path.join(dir, 'young'), 'x')
    fs.utimesSync(path.join(dir, 'young'), clock.now() / 1000, clock.now() / 1000)
    await sweepSpools({ directory: dir, clock })
    assert.deepEqual(fs.readdirSync(dir), ['young'])
  })
})
