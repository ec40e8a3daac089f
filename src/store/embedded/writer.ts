/** The file of this process: the records of one turn of the event loop go out with one write(2), then their callers are answered. */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { failed, found, type Lookup } from '../../model/lookup.ts'
import type { Clock } from '../../util/clock.ts'
import { errnoText } from '../../util/errno_text.ts'
import type { Random } from '../../util/random.ts'
import { createFile, discard, newFileName, publish, writeWhole } from './files.ts'
import type { Owner } from './owner.ts'
import { FrameBuffer, type Record } from './record.ts'

export interface WriterOptions {
  readonly directory: string
  readonly owner: Owner
  readonly clock: Clock
  readonly random: Random
  /** Answer only when a power cut would not lose it. */
  readonly sync: boolean
  /** Null: it works again. */
  onTrouble(problem: string | null): void
  /** A file of ours has been begun, or is complete. */
  onBegun(name: string): void
  onComplete(name: string, bytes: number): void
}

/** A file that others have to keep open is not to grow for ever. */
export const ROLL_BYTES = 33_554_432
/** A file that has waited so long is made part of the base, so that what expires in it goes. */
const ROLL_MS = 86_400_000
/** What could not be written is kept for so many bytes: about ten thousand notes. */
const MAX_UNWRITTEN = 1_048_576
/** With less room than this a disk counts as full: what cannot be written waits, all of it. */
const LEAST_ROOM = 8192

type Settle = (error: string | null) => void

interface OwnFile {
  readonly name: string
  readonly fd: number
  readonly begun: number
  position: number
  isDirty: boolean
}

export class LogWriter {
  readonly #options: WriterOptions
  readonly #frames = new FrameBuffer()
  #file: OwnFile | null = null
  #waiting: Settle[] = []
  #isScheduled = false
  /** With sync: written, not yet on the disk. */
  #unsynced: Settle[] = []
  #syncing: Promise<void> | null = null
  /** Complete files on their way to the disk. */
  readonly #leaving = new Set<Promise<string | null>>()
  #trouble: string | null = null
  /** Why a record of this turn was left out; null: none was. */
  #leftOut: string | null = null

  constructor(options: WriterOptions) {
    this.#options = options
  }

  add(record: Record): void {
    // Of what could not be written the newest is left out: it can be noted again, and memory is not for ever growing.
    if (this.#trouble === null || this.#frames.length < MAX_UNWRITTEN) this.#frames.add(record)
    else this.#leftOut = this.#trouble
  }

  /** Settles with `value` when what was added in this turn is where it should be. */
  wait<T>(value: T): Promise<Lookup<T>> {
    this.#schedule()
    return new Promise(resolve => {
      this.#waiting.push(error => resolve(error === null ? found(value) : failed(error)))
    })
  }

  /** Settles when all that was added is written, and with sync on the disk. */
  async settle(): Promise<void> {
    if (this.#isScheduled) this.#flush()
    while (this.#syncing !== null) await this.#syncing
  }

  /** Once a second: brings to the disk what has been written, and tries again what could not be. Nobody waits for it. */
  async tidy(): Promise<void> {
    if (this.#trouble !== null && this.#frames.length > 0) this.#schedule()
    if (this.#file?.isDirty === true) await this.#sync()
  }

  /** Shows that we are alive, and notices when somebody took our file away. */
  checkFile(): void {
    const file = this.#file
    if (file === null) return
    const now = this.#options.clock.now()
    try {
      if (fs.fstatSync(file.fd).nlink === 0) this.#abandon(file)
      else if (now - file.begun > ROLL_MS || now < file.begun) this.#roll(file)
      else fs.futimesSync(file.fd, now / 1000, now / 1000)
    } catch (error) {
      this.#fail(error)
    }
  }

  async close(): Promise<void> {
    if (this.#frames.length > 0) this.#schedule()
    await this.settle()
    if (this.#file !== null) this.#roll(this.#file)
    await Promise.all(this.#leaving)
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    if (!this.#isScheduled) return
    this.#isScheduled = false
    const waiting = this.#waiting
    this.#waiting = []
    let leftOut = this.#leftOut
    this.#leftOut = null
    try {
      if (this.#trouble !== null && this.#fitUnwritten()) leftOut = this.#trouble
      const file = this.#open()
      const bytes = this.#frames.frames
      writeWhole(file.fd, bytes, file.position)
      file.position += bytes.length
      file.isDirty = true
      this.#frames.clear()
    } catch (error) {
      const reason = this.#fail(error)
      for (const settle of waiting) settle(reason)
      return
    }
    this.#recover()
    if (leftOut !== null) for (const settle of waiting) settle(leftOut)
    else if (this.#options.sync) this.#settleSynced(waiting)
    else for (const settle of waiting) settle(null)
    if (this.#file !== null && this.#file.position > ROLL_BYTES) this.#roll(this.#file)
  }

  /**
   * What has waited for room must not keep out what is noted now, or take all the room that there is: the newest of it is left out
   * where it is more than half of that. True: some was.
   */
  #fitUnwritten(): boolean {
    const room = freeBytes(this.#options.directory) ?? freeBytes(dirname(this.#options.directory)) ?? 0
    const before = this.#frames.length
    if (room >= LEAST_ROOM && before > room / 2) this.#frames.shorten(room / 2)
    return this.#frames.length < before
  }

  #settleSynced(waiting: readonly Settle[]): void {
    this.#unsynced.push(...waiting)
    this.#syncing ??= this.#syncAll()
  }

  /** One fdatasync(2) at a time; what is written meanwhile waits for the next, all of it together. */
  async #syncAll(): Promise<void> {
    while (this.#unsynced.length > 0) {
      const waiting = this.#unsynced
      this.#unsynced = []
      const reason = await this.#sync()
      for (const settle of waiting) settle(reason)
    }
    this.#syncing = null
  }

  /** Null, or what the system said. */
  async #sync(): Promise<string | null> {
    const file = this.#file
    const syncing = [...this.#leaving]
    if (file !== null) {
      file.isDirty = false
      syncing.push(this.#syncFile(file))
    }
    return (await Promise.all(syncing)).find(reason => reason !== null) ?? null
  }

  #syncFile(file: OwnFile): Promise<string | null> {
    return new Promise(resolve => {
      fs.fdatasync(file.fd, error => {
        if (error === null) return resolve(null)
        const reason = this.#fail(error)
        // The kernel has thrown away what it could not write, and a later fdatasync would claim success.
        if (this.#file === file) this.#abandon(file)
        resolve(reason)
      })
    })
  }

  #open(): OwnFile {
    if (this.#file !== null) return this.#file
    const { directory, owner, clock, random } = this.#options
    const created = clock.now()
    const name = newFileName('log', created, random)
    const { fd, length } = createFile(directory, name, { format: 1, owner, created, sources: [], entries: 0 })
    try {
      publish(directory, name)
    } catch (error) {
      discard(directory, name, fd)
      throw error
    }
    this.#file = { name, fd, begun: created, position: length, isDirty: true }
    this.#options.onBegun(name)
    return this.#file
  }

  /** Says that the file is complete; the next record begins another. */
  #roll(file: OwnFile): void {
    const end = new FrameBuffer()
    end.addEnd()
    this.#file = null
    try {
      writeWhole(file.fd, end.frames, file.position)
    } catch (error) {
      // It is complete when we are gone.
      this.#fail(error)
    }
    this.#options.onComplete(file.name, file.position)
    const leaving = this.#syncFile(file).then(reason => {
      fs.close(file.fd, () => undefined)
      this.#leaving.delete(leaving)
      return reason
    })
    this.#leaving.add(leaving)
  }

  /** No further record goes there. */
  #abandon(file: OwnFile): void {
    this.#file = null
    fs.close(file.fd, () => undefined)
  }

  #fail(error: unknown): string {
    const reason = errnoText(error)
    if (this.#file !== null) cutTornWrite(this.#file)
    if (this.#trouble !== reason) this.#options.onTrouble(reason)
    this.#trouble = reason
    return reason
  }

  #recover(): void {
    if (this.#trouble === null) return
    this.#trouble = null
    this.#options.onTrouble(null)
  }
}

/** For others than root; null: it cannot be told, or there is no such directory. */
function freeBytes(directory: string): number | null {
  try {
    const { bavail, bsize } = fs.statfsSync(directory)
    return bavail * bsize
  } catch {
    return null
  }
}

/** Half a frame would be overwritten by the next write, which may be shorter; readers wait before it until then. */
function cutTornWrite(file: OwnFile): void {
  try {
    fs.ftruncateSync(file.fd, file.position)
  } catch {
    // Readers go on at the next sound frame.
  }
}
