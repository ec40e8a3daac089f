/** Follows a log that grows: over its rotation, its truncation, and the hours in which nobody reads. */
import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock, Timer } from '../util/clock.ts'

/** Where reading ended. Plain data, to be kept over a restart. */
export interface LogPosition {
  readonly device: number
  readonly inode: number
  /** Bytes; all lines before it have been read whole. */
  readonly offset: number
  /** The first bytes of the file, latin1: a file system gives the inode of a file that is gone to the next one. */
  readonly head: string
}

export interface FollowOptions {
  readonly path: string
  /** Null: never read before. */
  readonly position: LogPosition | null
  /** Of a log that was never read, or that has gone on without us: so many bytes of its end are read at most. */
  readonly maxBacklog: number
  readonly clock: Clock
  /** Whole lines with their ends; more may come at once. The next bytes are read when it is done. */
  take(lines: Buffer, position: LogPosition): void | Promise<void>
  /** What keeps it from reading, told once until it reads again. */
  trouble(error: Error): void
}

/** A rotation between two looks is seen by the look; the watch only makes it soon. */
const LOOK_EVERY_MS = 1000
const CHUNK = 1 << 18
/** Nobody writes such lines; what is longer is given in pieces. */
const MAX_LINE = 1 << 20
/** Enough for a time and a host, which differ between files. */
const HEAD = 128
const NEWLINE = 10

interface OpenFile {
  readonly handle: FileHandle
  readonly device: number
  readonly inode: number
  head: string
  /** Of the next byte to read. */
  at: number
  /** The beginning of a line whose end is not yet written. */
  begun: Buffer
  /** From here on the first bytes are a line that began before us. */
  isInLine: boolean
}

/** Follows one file until it is stopped. */
export class LogFollower {
  readonly #options: FollowOptions
  #file: OpenFile | null = null
  #position: LogPosition | null
  #isTold = false
  #isStopped = false
  #isFirst = true
  #watcher: FSWatcher | null = null
  #timer: Timer | null = null
  #running: Promise<void> | null = null
  #isWanted = false

  constructor(options: FollowOptions) {
    this.#options = options
    this.#position = options.position
  }

  /** Reads what is there, and from then on whatever comes. */
  async start(): Promise<void> {
    await this.look()
    this.#watch()
    this.#schedule()
  }

  /** After it nothing is taken. Where it ended. */
  async stop(): Promise<LogPosition | null> {
    this.#isStopped = true
    this.#watcher?.close()
    this.#timer?.cancel()
    await this.#running
    await this.#file?.handle.close()
    this.#file = null
    return this.#position
  }

  /** Reads all that is there now. Two looks never overlap: a second one follows the first. */
  async look(): Promise<void> {
    this.#isWanted = true
    this.#running ??= this.#run()
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      while (this.#isWanted && !this.#isStopped) {
        this.#isWanted = false
        await this.#readAll()
      }
      this.#isTold = false
    } catch (error) {
      this.#tell(error)
    } finally {
      this.#running = null
    }
  }

  #tell(error: unknown): void {
    if (this.#isTold) return
    this.#isTold = true
    this.#options.trouble(error instanceof Error ? error : new Error(String(error)))
  }

  #watch(): void {
    const { path } = this.#options
    const name = basename(path)
    try {
      // The directory, because a watch on the file follows it to its new name.
      this.#watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
        if (changed === null || changed === name) void this.look()
      })
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // No directory yet, or no watches left: the looks suffice.
    }
  }

  #schedule(): void {
    if (this.#isStopped) return
    this.#timer = this.#options.clock.after(LOOK_EVERY_MS, () => {
      void this.look().then(() => this.#schedule())
    })
  }

  async #readAll(): Promise<void> {
    for (;;) {
      if (this.#file !== null) await this.#readFile(this.#file)
      const found = await this.#statPath()
      const file = this.#file
      if (this.#isStopped || found === null || (file !== null && isSame(file, found))) return
      // Renamed, and a new one is there. What was written before the rename is read before the file is left.
      if (file !== null) await this.#leave(file)
      this.#file = await this.#open()
      if (this.#file === null) return
    }
  }

  async #leave(file: OpenFile): Promise<void> {
    await this.#readFile(file)
    await this.#flush(file)
    this.#file = null
    await file.handle.close()
  }

  /** Null: no such file, as between the two steps of a rotation. */
  async #statPath(): Promise<{ readonly dev: number; readonly ino: number } | null> {
    try {
      return await stat(this.#options.path)
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  async #open(): Promise<OpenFile | null> {
    const isFirst = this.#isFirst
    this.#isFirst = false
    if (!isFirst) return (await openFile(this.#options.path))?.file ?? null
    const left = await this.#findLeft()
    if (left !== null) return left
    const opened = await openFile(this.#options.path)
    if (opened !== null) this.#limit(opened.file, opened.size)
    return opened?.file ?? null
  }

  /** The file that was being read when we were stopped, whatever its name is now: it is read to its end first. */
  async #findLeft(): Promise<OpenFile | null> {
    const { path } = this.#options
    const position = this.#position
    if (position === null) return null
    for (const name of await namesLike(path)) {
      const opened = await openFile(join(dirname(path), name))
      if (opened === null) continue
      const { file, size } = opened
      if (isGrown(position, file, size)) {
        file.at = position.offset
        this.#limit(file, size)
        return file
      }
      await file.handle.close()
    }
    return null
  }

  #limit(file: OpenFile, size: number): void {
    const start = size - this.#options.maxBacklog
    if (start <= file.at) return
    // The byte before tells whether a line begins there.
    file.at = start - 1
    file.isInLine = true
  }

  async #readFile(file: OpenFile): Promise<void> {
    const buffer = Buffer.allocUnsafe(CHUNK)
    while (!this.#isStopped) {
      const { size } = await file.handle.stat()
      if (size < file.at || !(await isHeadKept(file))) restart(file)
      const { bytesRead } = await file.handle.read(buffer, 0, CHUNK, file.at)
      if (bytesRead === 0) return
      file.at += bytesRead
      if (file.head.length < HEAD) await readHead(file)
      await this.#pass(file, buffer.subarray(0, bytesRead))
    }
  }

  async #pass(file: OpenFile, bytes: Buffer): Promise<void> {
    let chunk = bytes
    if (file.isInLine) {
      const end = chunk.indexOf(NEWLINE)
      if (end < 0) return
      chunk = chunk.subarray(end + 1)
      file.isInLine = false
    }
    const end = chunk.lastIndexOf(NEWLINE) + 1
    if (end === 0) {
      file.begun = Buffer.concat([file.begun, chunk])
      if (file.begun.length > MAX_LINE) await this.#flush(file)
      return
    }
    // A copy: the buffer is used again, and what is taken may be kept.
    const lines = Buffer.concat([file.begun, chunk.subarray(0, end)])
    file.begun = Buffer.from(chunk.subarray(end))
    await this.#give(file, lines)
  }

  /** A line that never got its end; it gets one, or the next file would go on with it. */
  async #flush(file: OpenFile): Promise<void> {
    if (file.begun.length === 0) return
    const lines = Buffer.concat([file.begun, Buffer.of(NEWLINE)])
    file.begun = Buffer.alloc(0)
    await this.#give(file, lines)
  }

  async #give(file: OpenFile, lines: Buffer): Promise<void> {
    const { device, inode, head, at, begun } = file
    this.#position = { device, inode, offset: at - begun.length, head }
    await this.#options.take(lines, this.#position)
  }
}

/** Null: no such file. */
async function openFile(path: string): Promise<{ readonly file: OpenFile; readonly size: number } | null> {
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
  try {
    const { dev, ino, size } = await handle.stat()
    const file: OpenFile = {
      ...{ handle, device: dev, inode: ino, head: '', at: 0, begun: Buffer.alloc(0), isInLine: false },
    }
    await readHead(file)
    return { file, size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** "mail.log", then "mail.log.1", "mail.log-20261124": what rotation makes of a name. */
async function namesLike(path: string): Promise<readonly string[]> {
  const name = basename(path)
  try {
    const names = await readdir(dirname(path))
    return names.filter(each => each.startsWith(name) && !/\.(?:gz|xz|zst|bz2)$/.test(each)).toSorted()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function isSame(file: OpenFile, found: { readonly dev: number; readonly ino: number }): boolean {
  return file.inode === found.ino && file.device === found.dev
}

/** The file is the one that was read, and only longer. */
function isGrown(position: LogPosition, file: OpenFile, size: number): boolean {
  const { device, inode, offset, head } = position
  return device === file.device && inode === file.inode && offset <= size && file.head.startsWith(head)
}

/** copytruncate: the same file begins anew. What was not read before is gone, as it is for everybody. */
function restart(file: OpenFile): void {
  file.at = 0
  file.begun = Buffer.alloc(0)
  file.isInLine = false
  file.head = ''
}

async function readHead(file: OpenFile): Promise<void> {
  const { bytesRead, buffer } = await file.handle.read(Buffer.alloc(HEAD), 0, HEAD, 0)
  file.head = buffer.subarray(0, bytesRead).toString('latin1')
}

/** Not so: it was truncated, and has grown beyond where we were since. */
async function isHeadKept(file: OpenFile): Promise<boolean> {
  if (file.head === '') return true
  const { bytesRead, buffer } = await file.handle.read(Buffer.alloc(file.head.length), 0, file.head.length, 0)
  return buffer.subarray(0, bytesRead).toString('latin1') === file.head
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
