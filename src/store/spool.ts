import { type FileHandle, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { OpenSpool, Spool } from '../model/spool.ts'
import type { Clock } from '../util/clock.ts'
import { errnoCode, errnoText } from '../util/errno_text.ts'
import type { Random } from '../util/random.ts'
import { makeDirectories } from './make_directories.ts'

const READ_SIZE = 64 * 1024

/** A file that still has a name after so long belongs to a process that died between making it and taking its name away. */
const STALE_MS = 60_000

export interface SpoolOptions {
  /** Made when first needed. */
  readonly directory: string
  /** Bytes that all spools together may hold. */
  readonly limit: number
  readonly random: Random
}

/** Spool files without names: each is unlinked while open, so that neither kill -9 nor a crash leaves one. */
export function makeSpools(options: SpoolOptions): OpenSpool {
  const room: Room = { used: 0 }
  return () => new SpoolFile(options, room)
}

/** What is written in all spools of one maker. */
interface Room {
  used: number
}

class SpoolFile implements Spool {
  readonly #options: SpoolOptions
  readonly #room: Room
  #handle: FileHandle | null = null
  #size = 0
  #problem: string | null = null
  #closed = false

  constructor(options: SpoolOptions, room: Room) {
    this.#options = options
    this.#room = room
  }

  async write(chunk: Uint8Array): Promise<string | null> {
    if (this.#problem !== null) return this.#problem
    if (this.#closed) return 'the spool is closed'
    if (this.#room.used + chunk.length > this.#options.limit)
      return this.#fail(`messages that wait fill ${this.#options.limit} bytes`)
    this.#room.used += chunk.length
    const at = this.#size
    this.#size += chunk.length
    try {
      this.#handle ??= await create(this.#options)
      await writeAll(this.#handle, chunk, at)
    } catch (error) {
      return this.#fail(`${this.#options.directory}: ${errnoText(error)}`)
    }
    // It was given up meanwhile.
    if (this.#closed) this.#release()
    return null
  }

  async *read(): AsyncGenerator<Uint8Array, void, void> {
    const handle = this.#handle
    for (let at = 0; handle !== null && at < this.#size; ) {
      if (this.#closed) throw new Error('the spool is closed')
      const buffer = Buffer.allocUnsafe(Math.min(READ_SIZE, this.#size - at))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) throw new Error('the spool file is shorter than what was written')
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#room.used -= this.#size
    this.#release()
  }

  #release(): void {
    const handle = this.#handle
    this.#handle = null
    // Node waits for reads and writes under way.
    void handle?.close().catch(() => undefined)
  }

  #fail(problem: string): string {
    this.#problem = problem
    return problem
  }
}

async function create(options: SpoolOptions): Promise<FileHandle> {
  const { directory, random } = options
  const path = join(directory, Buffer.from(random.bytes(12)).toString('hex'))
  const handle = await openNew(path).catch(async (error: unknown) => {
    if (errnoCode(error) !== 'ENOENT') throw error
    makeDirectories(directory, 0o700)
    return openNew(path)
  })
  try {
    await unlink(path)
  } catch (error) {
    await handle.close()
    throw error
  }
  return handle
}

function openNew(path: string): Promise<FileHandle> {
  return open(path, 'wx+', 0o600)
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, at + done)
    done += bytesWritten
  }
}

/** Takes away files that a crashed process left in between; trouble is ignored. */
export async function sweepSpools({ directory, clock }: { directory: string; clock: Clock }): Promise<void> {
  const names = await readdir(directory).catch((): string[] => [])
  for (const name of names) {
    const path = join(directory, name)
    const info = await stat(path).catch(() => null)
    if (info !== null && clock.now() - info.mtimeMs > STALE_MS) await unlink(path).catch(() => undefined)
  }
}
