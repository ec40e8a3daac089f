/** The embedded memory on a disk that is full: a small file system of our own, which only root can mount. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type EmbeddedMemory, openEmbeddedMemory } from '../../src/store/embedded/memory.ts'
import { systemClock } from '../../src/util/clock.ts'
import { systemRandom } from '../../src/util/random.ts'
import { LIFETIMES, RULES } from '../support/memory_rules.ts'

const skip = process.geteuid?.() === 0 ? false : 'only root can mount a small file system'
const SIZE = 512 * 1024

describe('T5.1 the embedded memory on a full disk', { skip }, () => {
  let mount = ''
  let directory = ''
  before(() => {
    mount = fs.mkdtempSync(join(tmpdir(), 'postern-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', mount])
    directory = join(mount, 'memory')
  })
  after(() => {
    execFileSync('umount', [mount])
    fs.rmdirSync(mount)
  })

  for (const sync of [false, true]) {
    test(`T5.1 notes fail while it is full and are written when it is not, postern_store_sync = ${sync}`, async () => {
      const told: string[] = []
      const open = (): Promise<EmbeddedMemory> =>
        openEmbeddedMemory({
          directory,
          lifetimes: LIFETIMES,
          sync,
          clock: systemClock,
          random: systemRandom,
          pid: process.pid,
          use: 'gateway',
          onProblem: text => told.push(text),
        })
      const now = Math.floor(systemClock.now() / 1000)
      const memory = await open()
      const acknowledged: string[] = []
      const refused: string[] = []
      const note = async (name: string): Promise<void> => {
        const keys = Array.from({ length: 50 }, (_, i) => `${sync}/${name}/${i}`)
        const answers = await Promise.all(keys.map(triplet => memory.note({ triplet, client: 'c', now, rules: RULES })))
        for (const [i, key] of keys.entries()) {
          const answer = answers[i]
          if (answer?.status === 'found') acknowledged.push(key)
          else {
            assert.deepEqual(answer, { status: 'failed', reason: 'No space left on device' })
            refused.push(key)
          }
        }
      }
      for (let n = 0; n < 40; n++) await note(`before${n}`)
      assert.equal(refused.length, 0)
      const filler = join(mount, 'filler')
      fs.writeFileSync(filler, '')
      const fill = (): void => {
        try {
          for (;;) fs.appendFileSync(filler, Buffer.alloc(1024))
        } catch {
          // Full.
        }
      }
      fill()
      for (let n = 0; n < 20; n++) await note(`full${n}`)
      assert.ok(refused.length >= 900, `${refused.length} were refused`)
      assert.equal(told.length, 1)
      assert.match(told[0] ?? '', /No space left on device/)
      // Another process reads what there is, and half a frame is no harm.
      const beside = await open()
      for (const key of acknowledged) assert.equal((await beside.find('triplet', key)).status, 'found')
      await beside.close()
      fs.rmSync(filler)
      await note('after')
      assert.equal(told.length, 2)
      assert.match(told[1] ?? '', /works again/)
      await memory.close()
      const later = await open()
      // Those that were refused were kept, and written after all.
      for (const key of [...acknowledged, ...refused])
        assert.equal((await later.find('triplet', key)).status, 'found', key)
      await later.compact()
      await later.close()
      const last = await open()
      for (const key of acknowledged) assert.equal((await last.find('triplet', key)).status, 'found')
      await last.close()
      assert.equal(told.length, 2)
      fs.rmSync(directory, { recursive: true })
    })
  }

  test('T5.1 goes on when there is room again, although more has waited for it than there will ever be', async () => {
    const told: string[] = []
    const open = (): Promise<EmbeddedMemory> =>
      openEmbeddedMemory({
        directory,
        lifetimes: LIFETIMES,
        sync: false,
        clock: systemClock,
        random: systemRandom,
        pid: process.pid,
        use: 'gateway',
        onProblem: text => told.push(text),
      })
    const now = Math.floor(systemClock.now() / 1000)
    const memories = [await open(), await open()]
    const noteAll = async (name: string): Promise<readonly string[]> => {
      const answers = memories.map((memory, m) =>
        memory.note({ triplet: `${name}/${m}/${'x'.repeat(500)}`, client: 'c', now, rules: RULES }),
      )
      return (await Promise.all(answers)).map(({ status }) => status)
    }
    assert.deepEqual(await noteAll('before'), ['found', 'found'])
    const filler = join(mount, 'filler')
    fs.writeFileSync(filler, '')
    try {
      for (;;) fs.appendFileSync(filler, Buffer.alloc(1024))
    } catch {
      // Full.
    }
    // 750 KB for each of them, on a disk of 512 KB.
    for (let n = 0; n < 1500; n++) await noteAll(`full${n}`)
    assert.equal(told.length, 2)
    fs.rmSync(filler)
    // What comes first may have to go with what has waited.
    await noteAll('first')
    assert.deepEqual(await noteAll('after'), ['found', 'found'])
    assert.match(told.slice(2).join(), /works again.*works again/)
    for (const memory of memories) await memory.close()
    const later = await open()
    for (const m of [0, 1])
      for (const name of ['before', 'full40', 'after'])
        assert.equal((await later.find('triplet', `${name}/${m}/${'x'.repeat(500)}`)).status, 'found', `${name} ${m}`)
    await later.close()
    fs.rmSync(directory, { recursive: true })
  })
})
