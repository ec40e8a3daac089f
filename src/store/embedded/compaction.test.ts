import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import { LIFETIMES, RULES } from '../../../test/support/memory_rules.ts'
import { systemRandom } from '../../util/random.ts'
import { type CompactionJob, compactFiles } from './compaction.ts'
import { listFiles } from './files.ts'
import { openEmbeddedMemory } from './memory.ts'
import { currentOwner } from './owner.ts'

let directory = ''
const clock = new ManualClock()

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'postern-compaction-'))
})
afterEach(() => fs.rmSync(directory, { recursive: true }))

async function note(triplet: string): Promise<void> {
  const memory = await openEmbeddedMemory({
    ...{ directory, lifetimes: LIFETIMES, sync: false, clock, random: systemRandom, pid: process.pid },
    use: 'command',
    onProblem: assert.fail,
  })
  const now = Math.floor(clock.now() / 1000)
  assert.equal((await memory.note({ triplet, client: 'c', now, rules: RULES })).status, 'found')
  await memory.close()
}

const job = (target: string, sources: readonly string[]): CompactionJob => ({
  ...{ directory, sources, target, lifetimes: LIFETIMES, seed: { low: 1, high: 2 } },
  ...{ owner: currentOwner(process.pid), now: clock.now() },
})
const free = { mayPublish: () => true, breathe: () => undefined }

describe('T22.1 joining files', () => {
  test('ends in nothing when there is a base that was not known when the files were chosen', async () => {
    await note('a')
    const chosen = listFiles(directory)
    assert.equal(compactFiles(job('base-1-first.log', chosen), free)?.entries, 1)
    await note('b')
    const stale = listFiles(directory).filter(name => !name.startsWith('base-'))
    const before = listFiles(directory)
    assert.equal(compactFiles(job('base-2-second.log', stale), free), null)
    assert.deepEqual(listFiles(directory), before)
    assert.equal(compactFiles(job('base-3-third.log', before), free)?.entries, 2)
  })

  test('ends in nothing when such a base comes while the files are read', async () => {
    await note('a')
    const chosen = listFiles(directory)
    let isFirst = true
    const another = (): boolean => {
      if (isFirst) {
        isFirst = false
        assert.equal(compactFiles(job('base-1-first.log', chosen), free)?.entries, 1)
      }
      return true
    }
    assert.equal(compactFiles(job('base-2-second.log', chosen), { ...free, mayPublish: another }), null)
    assert.deepEqual(listFiles(directory), [...chosen, 'base-1-first.log'].sort())
    assert.deepEqual(
      fs.readdirSync(directory).filter(name => name.endsWith('.new')),
      [],
    )
  })
})
