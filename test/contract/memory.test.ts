import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MemoryLifetimes } from '../../src/model/memory.ts'
import { openEmbeddedMemory } from '../../src/store/embedded/memory.ts'
import { systemRandom } from '../../src/util/random.ts'
import { FakeMemory } from '../support/fake_memory.ts'
import { ManualClock } from '../support/manual_clock.ts'
import { type MemoryUnderTest, memoryContract } from './memory_contract.ts'

memoryContract({
  name: 'the memory for unit tests',
  shared: true,
  async begin(lifetimes) {
    const clock = new ManualClock()
    const memory = new FakeMemory(lifetimes, clock)
    return { now: clock.now() / 1000, connect: async () => memory, end: async () => undefined }
  },
})

for (const sync of [false, true]) {
  memoryContract({
    name: `the embedded memory (postern_store_sync = ${sync ? 'yes' : 'no'})`,
    shared: true,
    begin: lifetimes => embedded(lifetimes, sync),
  })
}

async function embedded(lifetimes: MemoryLifetimes, sync: boolean): Promise<MemoryUnderTest> {
  const parent = fs.mkdtempSync(join(tmpdir(), 'postern-memory-'))
  const clock = new ManualClock()
  return {
    now: clock.now() / 1000,
    connect: () =>
      openEmbeddedMemory({
        directory: join(parent, 'memory'),
        lifetimes,
        sync,
        clock,
        random: systemRandom,
        pid: process.pid,
        use: 'command',
        onProblem: text => {
          throw new Error(text)
        },
      }),
    end: async () => fs.rmSync(parent, { recursive: true }),
  }
}
