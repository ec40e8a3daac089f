/** The memory of a configuration: where it is, and for how long a process keeps it. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { failed } from '../model/lookup.ts'
import type { Memory, MemoryLifetimes } from '../model/memory.ts'
import { openEmbeddedMemory } from '../store/embedded/memory.ts'
import type { Clock } from '../util/clock.ts'
import { errnoText } from '../util/errno_text.ts'
import { systemRandom } from '../util/random.ts'

export interface MemoryServices {
  readonly clock: Clock
  readonly pid: number
  /** 'gateway': a worker. 'command': notes and goes. 'rehearsal' (explain, check): nothing that it notes is kept. */
  readonly use: 'gateway' | 'command' | 'rehearsal'
  warn(text: string): void
}

/** Opens the memory that postern_store names, everything in it read. Never rejects: a memory that cannot be used answers `failed`. */
export async function openMemory(config: Config, services: MemoryServices): Promise<Memory> {
  const local = await openLocalMemory(config, services)
  const address = config.postern_store
  // A rehearsal must leave no note anywhere, and needs none of the others'.
  if (address.kind === 'embedded' || services.use === 'rehearsal') return local
  const { clock, warn } = services
  // Its client takes a while to load, and most do without.
  const [{ connectRemote }, { makeSharedMemory }] = await Promise.all([
    import('../store/valkey/connect.ts'),
    import('../store/valkey/shared_memory.ts'),
  ])
  const timeoutMs = config.postern_store_timeout_ms
  const password = readPassword(config.postern_store_password_file, warn)
  return makeSharedMemory({
    remote: connectRemote(address, { password, timeoutMs, clock }),
    local,
    lifetimes: memoryLifetimes(config),
    clock,
    timeoutMs,
    hostName: `${hostname()}:${config.postern_state_directory}`,
    onProblem: warn,
  })
}

/** '' without a file, and when it cannot be read, which the server will then have something to say about. */
function readPassword(path: string, warn: (text: string) => void): string {
  if (path === '') return ''
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/, 1)[0] ?? ''
  } catch (error) {
    warn(`cannot read postern_store_password_file ${path}: ${errnoText(error)}`)
    return ''
  }
}

function openLocalMemory(config: Config, { clock, pid, use, warn }: MemoryServices): Promise<Memory> {
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
  const { postern_store_password_file, postern_store_timeout_ms } = config
  return JSON.stringify([
    ...[postern_store, postern_store_password_file, postern_store_timeout_ms],
    ...[postern_store_sync, postern_state_directory, memoryLifetimes(config)],
  ])
}
