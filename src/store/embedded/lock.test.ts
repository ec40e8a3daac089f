import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { holdsLock, releaseLock, takeLock } from './lock.ts'
import { currentOwner, SILENCE_MS } from './owner.ts'

const TAKER = join(import.meta.dirname, '../../../test/support/lock_taker.ts')
const NOW = Date.now()
const self = currentOwner(process.pid)
let directory = ''
let number = 0

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'postern-lock-'))
})
afterEach(() => fs.rmSync(directory, { recursive: true }))

const take = (owner = self, now = NOW): string | null => takeLock(directory, owner, { letters: `${++number}`, now })

describe('the lock of the memory', () => {
  test('is had by one at a time, also within a process, and given back', () => {
    const first = take()
    assert.ok(first !== null && holdsLock(directory, first))
    assert.equal(take(), null)
    assert.deepEqual(fs.readdirSync(directory), [first])
    releaseLock(directory, first)
    assert.equal(holdsLock(directory, first), false)
    assert.ok(take())
  })

  test('of a process that has gone, or of another boot, is taken', () => {
    for (const gone of [{ started: '1' }, { boot: 'another' }]) {
      assert.ok(take({ ...self, ...gone }))
      const lock = take()
      assert.ok(lock)
      assert.deepEqual(fs.readdirSync(directory), [lock])
      releaseLock(directory, lock)
    }
  })

  test('of a process in another container is its own for as long as it may work, and nobody who sees that it was taken goes on', () => {
    const theirs = take({ ...self, namespace: 'pid:[1]' })
    assert.ok(theirs)
    assert.equal(take(self, NOW + SILENCE_MS - 60_000), null)
    assert.ok(take(self, Date.now() + SILENCE_MS + 1000))
    assert.equal(holdsLock(directory, theirs), false)
  })

  test('of which a power cut left an empty file stands in nobody’s way for long', () => {
    fs.writeFileSync(join(directory, 'compaction-x.lock'), '')
    assert.equal(take(), null)
    assert.ok(take(self, Date.now() + 11_000))
  })

  test('T22.1 is never had by two processes, whatever others leave behind when they are killed', async () => {
    const row = async (): Promise<number> => {
      let taken = 0
      for (let i = 0; i < 5; i++) {
        const child = spawn(process.execPath, [TAKER, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
        let said = ''
        child.stdout.on('data', chunk => {
          said += chunk
        })
        await once(child, 'close')
        assert.match(said, /^\d+\n$/)
        taken += Number(said)
      }
      return taken
    }
    const taken = await Promise.all([row(), row(), row(), row()])
    assert.ok(taken.every(count => count > 0))
  })
})
