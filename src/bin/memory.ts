/** The memory of a configuration: where it is, and for how long a process keeps it. */
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { failed } from '../model/lookup.ts'
import type { Memory, MemoryLifetimes } from '../model/memory.ts'
import { openEmbeddedMemory } from '../store/embedded/memory.ts'
import type { Clock } from '../util/clock.ts'
import { systemRandom } from '../util/random.ts'

export interface MemoryServices {
  readonly clock: Clock
  readonly pid: number
  /** 'gateway': a worker. 'command': notes and goes. 'rehearsal' (explain, check): nothing that it notes is kept. */
  readonly use: 'gateway' | 'command' | 'rehearsal'
  warn(text: string): void
}

/** Opens the memory that postern_store names, everything in it read. Never rejects: a memory that cannot be used answers `failed`. */
export function openMemory(config: Config, { clock, pid, use, warn }: MemoryServices): Promise<Memory> {
  return openEmbeddedMemory({
    directory: join(config.postern_state_directory, 'memory'),
    lifetimes: memoryLifetimes(config),
    sync: config.postern_store_sync,
    clock,
    random: systemRandom,
    pid,
    use,
    onProblem: warn,
  })
}

/** How long greylisting wants things kept. */
export function memoryLifetimes(config: Config): MemoryLifetimes {
  return {
    delay: config.postern_greylist_delay,
    retryWindow: config.postern_greylist_retry_window,
    maxAge: config.postern_greylist_max_age,
    correspondent: config.postern_greylist_correspondents,
  }
}

/** What stands for a memory where a configuration is only looked at. */
export const NO_MEMORY: Memory = {
  note: async () => failed('no memory is open'),
  find: async () => failed('no memory is open'),
  touch: async () => failed('no memory is open'),
  put: async () => failed('no memory is open'),
  forget: async () => failed('no memory is open'),
  async *entries() {},
  close: async () => undefined,
}

export interface MemoryLease {
  readonly memory: Memory
  /** Nobody uses it under this lease any more; the last one closes it. */
  release(): Promise<void>
}

interface Kept {
  readonly memory: Promise<Memory>
  users: number
}

/** Keeps a memory open over reloads: ten million entries are not read again because a list has changed. */
export class MemoryKeeper {
  readonly #kept = new Map<string, Kept>()

  async lease(config: Config, services: MemoryServices): Promise<MemoryLease> {
    const key = identityOf(config)
    const kept = this.#kept.get(key) ?? { memory: openMemory(config, services), users: 0 }
    this.#kept.set(key, kept)
    kept.users++
    const memory = await kept.memory
    return {
      memory,
      release: async () => {
        kept.users--
        if (kept.users > 0) return
        if (this.#kept.get(key) === kept) this.#kept.delete(key)
        await memory.close()
      },
    }
  }
}

/** Everything that openMemory looks at. */
function identityOf(config: Config): string {
  const { postern_store, postern_store_sync, postern_state_directory } = config
  return JSON.stringify([postern_store, postern_store_sync, postern_state_directory, memoryLifetimes(config)])
}
