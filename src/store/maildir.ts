import type { FileHandle } from 'node:fs/promises'
import { open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../util/clock.ts'
import { errnoCode, errnoText } from '../util/errno_text.ts'
import { makeDirectories } from './make_directories.ts'

/** A file operation failed. `code` is the errno name, `text` in the words of Postfix: "create maildir file …: Permission denied". */
export class MaildirError extends Error {
  readonly code: string

  constructor(text: string, cause: unknown) {
    super(`${text}: ${errnoText(cause)}`)
    this.code = errnoCode(cause)
  }
}

/** Files in tmp that nobody has finished for this long belong to a dead process. The maildir format says 36 hours. */
const STALE_MS = 36 * 3600 * 1000

let counter = 0

/** One maildir: tmp, new and cur are made when first needed, mode 0700. */
export class Maildir {
  readonly #directory: string
  readonly #hostname: string
  readonly #clock: Clock

  constructor(directory: string, hostname: string, clock: Clock) {
    this.#directory = directory
    // The format keeps "/" and ":" out of file names.
    this.#hostname = hostname.replaceAll('/', '\\057').replaceAll(':', '\\072')
    this.#clock = clock
  }

  get directory(): string {
    return this.#directory
  }

  /** Opens a new file in tmp. Throws MaildirError. */
  async begin(): Promise<MaildirFile> {
    const now = this.#clock.now()
    const seconds = Math.floor(now / 1000)
    const path = join(this.#directory, 'tmp', `${seconds}.P${process.pid}Q${++counter}.${this.#hostname}`)
    const handle = await this.#create(path)
    return new MaildirFile(handle, { path, directory: this.#directory, hostname: this.#hostname, now })
  }

  /** Removes what crashed writers left in tmp; trouble is ignored. */
  async sweep(): Promise<void> {
    const tmp = join(this.#directory, 'tmp')
    const names = await readdir(tmp).catch((): string[] => [])
    for (const name of names) {
      const path = join(tmp, name)
      const info = await stat(path).catch(() => null)
      if (info !== null && this.#clock.now() - info.mtimeMs > STALE_MS) await unlink(path).catch(() => undefined)
    }
  }

  async #create(path: string): Promise<FileHandle> {
    try {
      return await open(path, 'wx+', 0o600)
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') throw new MaildirError(`create maildir file ${path}`, error)
    }
    try {
      for (const part of ['tmp', 'new', 'cur']) makeDirectories(join(this.#directory, part), 0o700)
      return await open(path, 'wx+', 0o600)
    } catch (error) {
      throw new MaildirError(`create maildir file ${path}`, error)
    }
  }
}

interface FilePlace {
  readonly path: string
  readonly directory: string
  readonly hostname: string
  /** When it was begun; milliseconds since 1970. */
  readonly now: number
}

/** A message being written in tmp. End it with `deliver` or `discard`. */
export class MaildirFile {
  readonly #handle: FileHandle
  readonly #place: FilePlace
  #open = true

  constructor(handle: FileHandle, place: FilePlace) {
    this.#handle = handle
    this.#place = place
  }

  /** Throws MaildirError. */
  async write(bytes: string | Uint8Array): Promise<void> {
    try {
      // writeFile on a handle goes on at the current position and writes all of it.
      await this.#handle.writeFile(bytes)
    } catch (error) {
      throw new MaildirError('error writing message', error)
    }
  }

  /** What has been written so far, from byte `from` on. */
  async *read(from: number): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.alloc(65_536)
    let position = from
    while (true) {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  /** Brings the content to the disk; the message is still in tmp. Throws MaildirError. */
  async sync(): Promise<void> {
    try {
      await this.#handle.sync()
    } catch (error) {
      throw new MaildirError('error writing message', error)
    }
  }

  /** Moves it to new, under a name that no other message has; gives the name. Survives a crash only after `syncNew`. Throws MaildirError. */
  async deliver(): Promise<string> {
    const { path, directory, hostname, now } = this.#place
    const seconds = Math.floor(now / 1000)
    try {
      const { dev, ino } = await this.#handle.stat({ bigint: true })
      await this.#close()
      const micros = (now % 1000) * 1000 + (counter % 1000)
      // Postfix virtual(8): device and inode make the name unique as long as the file lives.
      const name = `${seconds}.V${dev.toString(16)}I${ino.toString(16)}M${micros}.${hostname}`
      await rename(path, join(directory, 'new', name))
      return name
    } catch (error) {
      await this.discard()
      throw new MaildirError(`create maildir file ${join(directory, 'new')}`, error)
    }
  }

  async discard(): Promise<void> {
    await this.#close().catch(() => undefined)
    await unlink(this.#place.path).catch(() => undefined)
  }

  async #close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#handle.close()
  }
}

/** Makes the names in new durable. Throws MaildirError. */
export async function syncNew(directory: string): Promise<void> {
  try {
    const handle = await open(join(directory, 'new'), 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw new MaildirError('error writing message', error)
  }
}

/** Takes a delivered message back, as far as it is still there. */
export async function takeBack(directory: string, name: string): Promise<void> {
  await unlink(join(directory, 'new', name)).catch(() => undefined)
}
