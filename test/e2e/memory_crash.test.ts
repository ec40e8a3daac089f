import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type EmbeddedMemory, openEmbeddedMemory } from '../../src/store/embedded/memory.ts'
import { sleep, systemClock } from '../../src/util/clock.ts'
import { seededRandom, systemRandom } from '../../src/util/random.ts'
import { LIFETIMES } from '../support/memory_rules.ts'

const KILLS = Number(process.env['POSTERN_KILLS'] ?? 200)
const WRITER = join(import.meta.dirname, '../support/memory_writer.ts')

let directory = ''
const told: string[] = []

function open(use: 'gateway' | 'command'): Promise<EmbeddedMemory> {
  return openEmbeddedMemory({
    directory,
    lifetimes: LIFETIMES,
    sync: false,
    clock: systemClock,
    random: systemRandom,
    pid: process.pid,
    use,
    onProblem: text => told.push(text),
  })
}

/** A writer and what it has been answered so far. */
class Victim {
  readonly prefix: string
  readonly #child: ChildProcess
  #output = ''
  errors = ''

  constructor(prefix: string, ...more: readonly string[]) {
    this.prefix = prefix
    this.#child = spawn(process.execPath, [WRITER, directory, prefix, ...more], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout?.setEncoding('utf8').on('data', text => {
      this.#output += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', text => {
      this.errors += text
    })
  }

  /** How many of its attempts have been acknowledged. */
  get acknowledged(): number {
    return Number(this.#output.split('\n').at(-2) ?? 0)
  }

  async begun(): Promise<void> {
    while (this.acknowledged === 0 && this.#child.exitCode === null) await sleep(systemClock, 1)
    assert.equal(this.errors, '')
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended()
  }

  async ended(): Promise<void> {
    if (this.#child.stdout?.closed !== true) await once(this.#child, 'close')
    assert.equal(this.errors, '')
  }
}

/** The triplets of a memory that miss from what its writer was told. */
async function missing(memory: EmbeddedMemory, { prefix, acknowledged }: Victim): Promise<readonly string[]> {
  const lost: string[] = []
  for (let n = 0; n < acknowledged; n++) {
    const key = `${prefix}/${n}`
    if ((await memory.find('triplet', key)).status !== 'found') lost.push(key)
  }
  return lost
}

async function countOf(memory: EmbeddedMemory, key: string): Promise<number> {
  const entry = await memory.find('client', key)
  return entry.status === 'found' ? entry.value.count : 0
}

describe('T22.1 the embedded memory survives its processes', () => {
  before(() => {
    directory = join(fs.mkdtempSync(join(tmpdir(), 'postern-crash-')), 'memory')
  })
  after(() => {
    fs.rmSync(join(directory, '..'), { recursive: true })
  })

  test(`T22.1 kill -9 at ${KILLS} random moments under load: all that was acknowledged is there`, async t => {
    const random = seededRandom(20_261_124)
    const witness = await open('gateway')
    let victim = new Victim('v0', '1000000')
    let acknowledged = 0
    const all: Victim[] = []
    for (let kill = 1; kill <= KILLS; kill++) {
      await victim.begun()
      await sleep(systemClock, random.below(40))
      await victim.kill()
      const killed = victim
      // Every third is killed while it joins files.
      victim = new Victim(`v${kill}`, '1000000', kill % 3 === 0 ? 'compact' : '')
      all.push(killed)
      acknowledged += killed.acknowledged
      assert.deepEqual(await missing(witness, killed), [])
      if (kill % 20 > 0) continue
      const fresh = await open('command')
      for (const one of all.slice(-20)) assert.deepEqual(await missing(fresh, one), [])
      await fresh.close()
    }
    await victim.begun()
    await victim.kill()
    all.push(victim)
    acknowledged += victim.acknowledged
    const fresh = await open('command')
    for (const one of all) assert.deepEqual(await missing(fresh, one), [])
    const count = await countOf(fresh, 'everybody')
    assert.ok(count >= acknowledged / 20, `${count} of ${acknowledged / 20} increments`)
    // One batch per writer may have been written and not acknowledged.
    assert.ok(count <= acknowledged / 20 + all.length, `${count} increments, ${acknowledged / 20} acknowledged`)
    assert.equal(await countOf(witness, 'everybody'), count)
    const keys = new Set<string>()
    for await (const { key } of fresh.entries('triplet')) {
      assert.ok(!keys.has(key))
      keys.add(key)
    }
    assert.ok(keys.size >= acknowledged)
    await fresh.compact()
    await fresh.close()
    await witness.close()
    const last = await open('command')
    for (const one of all) assert.deepEqual(await missing(last, one), [])
    assert.equal(await countOf(last, 'everybody'), count)
    await last.close()
    assert.equal(told.join('\n').slice(0, 500), '')
    t.diagnostic(`${acknowledged} notes acknowledged by ${all.length} killed writers, none lost`)
  })
})

describe('T22.1 several processes use the embedded memory at once', () => {
  before(() => {
    directory = join(fs.mkdtempSync(join(tmpdir(), 'postern-many-')), 'memory')
  })
  after(() => {
    fs.rmSync(join(directory, '..'), { recursive: true })
  })

  test('increments of four processes are all counted, while files are joined', async () => {
    const witness = await open('command')
    const writers: Victim[] = []
    // One after the other in four rows: files are completed and joined all the time.
    const row = async (lane: number): Promise<void> => {
      for (let turn = 0; turn < 4; turn++) {
        const writer = new Victim(`w${lane}-${turn}`, '5000')
        writers.push(writer)
        await writer.ended()
        assert.equal(writer.acknowledged, 5000)
      }
    }
    let running = true
    const joining = (async () => {
      while (running) {
        await witness.compact()
        await sleep(systemClock, 1)
      }
    })()
    await Promise.all([0, 1, 2, 3].map(row))
    running = false
    await joining
    for (const memory of [witness, await open('command')]) {
      assert.equal(await countOf(memory, 'everybody'), 4000)
      for (const writer of writers) assert.deepEqual(await missing(memory, writer), [])
      await memory.close()
    }
    assert.equal(told.join('\n').slice(0, 500), '')
  })
})
