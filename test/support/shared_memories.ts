import { parseStoreAddress } from '../../src/config/store_url.ts'
import type { Memory, MemoryLifetimes } from '../../src/model/memory.ts'
import { connectRemote } from '../../src/store/valkey/connect.ts'
import type { Remote } from '../../src/store/valkey/remote.ts'
import { makeSharedMemory } from '../../src/store/valkey/shared_memory.ts'
import { systemClock } from '../../src/util/clock.ts'
import type { MemoryCase } from '../contract/memory_contract.ts'
import { FakeMemory } from './fake_memory.ts'

export const TIMEOUT_MS = 250

/** A connection as `postern_store = URL` makes it. */
export function connectTo(url: string, timeoutMs = TIMEOUT_MS): Remote {
  const parsed = parseStoreAddress(url)
  if (!parsed.ok || parsed.address.kind !== 'valkey') throw new Error(`Cannot connect to ${url}`)
  return connectRemote(parsed.address, { password: '', timeoutMs, clock: systemClock })
}

export interface Host {
  readonly memory: Memory
  readonly local: FakeMemory
  /** What onProblem was told. */
  readonly told: string[]
}

let hosts = 0

/** What one host would have: the shared memory, with its own one behind it. */
export async function startHost(
  url: string,
  lifetimes: MemoryLifetimes,
  local: FakeMemory = new FakeMemory(lifetimes, systemClock),
): Promise<Host> {
  const told: string[] = []
  const memory = await makeSharedMemory({
    remote: connectTo(url),
    local,
    lifetimes,
    clock: systemClock,
    timeoutMs: TIMEOUT_MS,
    hostName: `host ${++hosts}`,
    onProblem: text => told.push(text),
  })
  return { memory, local, told }
}

/** For the contract: every connection is another host with an empty memory of its own. */
export function sharedMemories(name: string, url: () => string, empty: () => Promise<unknown>): MemoryCase {
  return {
    name: `the shared memory ${name}`,
    shared: true,
    async begin(lifetimes) {
      await empty()
      return {
        now: Math.floor(systemClock.now() / 1000),
        connect: async () => (await startHost(url(), lifetimes)).memory,
        end: async () => {},
      }
    },
  }
}
