import { FakeMemory } from '../support/fake_memory.ts'
import { ManualClock } from '../support/manual_clock.ts'
import { memoryContract } from './memory_contract.ts'

memoryContract({
  name: 'the memory for unit tests',
  shared: true,
  async begin(lifetimes) {
    const clock = new ManualClock()
    const memory = new FakeMemory(lifetimes, clock)
    return { now: clock.now() / 1000, connect: async () => memory, end: async () => undefined }
  },
})
