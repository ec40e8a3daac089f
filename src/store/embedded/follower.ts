/** Takes over what other processes write, before each batch of decisions: a note acknowledged by one is known to all. */
import fs from 'node:fs'
import { errnoCode } from '../../util/errno_text.ts'
import { BulkLoader } from './bulk.ts'
import { listFiles, type OpenFile, openAll, openFile } from './files.ts'
import { FileReader, SLICE } from './reader.ts'
import type { Record } from './record.ts'
import type { MemoryState } from './state.ts'

/** The directory's time moves in steps of a few milliseconds: so long after a change another may have the same time. */
const UNSETTLED_MS = 2000

/** One to which nothing is added any more. */
export interface CompleteFile {
  readonly bytes: number
  /** Bytes that nobody can read; 0: it is sound. */
  readonly unsound: number
  readonly isBase: boolean
}

export interface FollowerOptions {
  readonly directory: string
  readonly state: MemoryState
  /** Milliseconds on a clock that never goes back. */
  monotonic(): number
  /** Whether the process that wrote it is gone, which last did so `silentMs` ago. */
  isGone(file: OpenFile, silentMs: number): boolean
  /** Milliseconds since 1970. */
  now(): number
  /** Told once of each file that the system does not let us read. */
  onUnreadable(name: string): void
}

export class Follower {
  readonly #options: FollowerOptions
  /** Every file whose records are in the state, whether or not it is still there. */
  readonly #applied = new Set<string>()
  /** Those that may grow. */
  #growing: FileReader[] = []
  /** Complete ones: they wait to be made part of a base. */
  readonly #complete = new Map<string, CompleteFile>()
  /** Bases with parts that are unknown to us. */
  #raising: FileReader[] = []
  #isCatchingUp = false
  /** Files that the system does not let us read. */
  readonly #unreadable = new Set<string>()
  readonly #toldUnreadable = new Set<string>()
  #listedAt = Number.NEGATIVE_INFINITY
  #directoryTime = -1
  readonly #add: (record: Record) => void
  readonly #raise: (record: Record) => void

  constructor(options: FollowerOptions) {
    this.#options = options
    const { state } = options
    this.#add = record => state.apply(record, 'add')
    this.#raise = record => state.apply(record, 'raise')
  }

  get complete(): ReadonlyMap<string, CompleteFile> {
    return this.#complete
  }

  /** Reads everything that is there, a chunk at a time; `pause` is awaited in between. Throws what the file system says. */
  async load(pause: () => Promise<void>): Promise<void> {
    const { directory, state } = this.#options
    this.#directoryTime = this.#readDirectoryTime()
    const { files, overlapping, replaced } = openAll(directory, this.#unreadable)
    this.#tellUnreadable()
    // They may lie there for a while yet; what is in them comes with the base.
    for (const name of replaced) this.#applied.add(name)
    this.#listedAt = this.#options.monotonic()
    state.index.reserve(files.reduce((sum, { header }) => sum + (header?.entries ?? 0), 0))
    const bulk = new BulkLoader(state)
    for (const file of files) {
      const reader = this.#follow(file)
      const isOverlapping = overlapping.has(file.name)
      if (isOverlapping) bulk.finish()
      while (reader.readChunk(isOverlapping ? this.#raise : bulk.add)) await pause()
    }
    bulk.finish()
    this.retireComplete()
  }

  /** Takes over what has been written since. Cheap when nothing has. Throws what the file system says. */
  poll(): void {
    for (const reader of this.#growing) while (reader.readChunk(this.#add));
    const time = this.#readDirectoryTime()
    const now = this.#options.monotonic()
    if (time === this.#directoryTime && now - this.#listedAt > UNSETTLED_MS) return
    if (time !== this.#directoryTime) this.#listedAt = now
    this.#directoryTime = time
    this.#takeNew(listFiles(this.#options.directory))
  }

  /** Reads bases with parts that are unknown, a millisecond at a time with `pause` in between. Throws what the file system says. */
  async catchUp(pause: () => Promise<void>): Promise<void> {
    if (this.#isCatchingUp) return
    this.#isCatchingUp = true
    try {
      for (let reader = this.#raising[0]; reader !== undefined; reader = this.#raising[0]) {
        while (this.#raising[0] === reader && reader.readChunk(this.#raise, SLICE)) await pause()
        if (this.#raising[0] !== reader) continue
        this.#raising.shift()
        this.#retire(reader)
      }
    } finally {
      this.#isCatchingUp = false
    }
  }

  /** A file of this process. */
  own(name: string): void {
    this.#applied.add(name)
  }

  /** An own file that is finished. */
  ownComplete(name: string, bytes: number): void {
    this.#complete.set(name, { bytes, unsound: 0, isBase: false })
  }

  /** Stops reading files that will not grow: ended ones, and those whose writer is gone. */
  retireComplete(): void {
    const { isGone, now } = this.#options
    this.#growing = this.#growing.filter(reader => {
      const { file } = reader
      if (!reader.isEnded && !isGone(file, now() - fs.fstatSync(file.fd).mtimeMs)) return true
      // It may have been written to between the last reading and the end of its writer.
      while (reader.readChunk(this.#add));
      this.#retire(reader)
      return false
    })
  }

  close(): void {
    for (const reader of [...this.#growing, ...this.#raising]) reader.close()
    this.#growing = []
    this.#raising = []
  }

  #follow(file: OpenFile): FileReader {
    const reader = new FileReader(file)
    this.#applied.add(file.name)
    this.#growing.push(reader)
    return reader
  }

  #retire(reader: FileReader): void {
    const { name, header } = reader.file
    const isBase = (header?.sources.length ?? 0) > 0
    // A base is written whole; without its end it is not.
    const unsound = reader.unsound + (isBase && !reader.isEnded ? 1 : 0)
    this.#complete.set(name, { bytes: reader.position, unsound, isBase })
    reader.close()
  }

  #takeNew(names: readonly string[]): void {
    const present = new Set(names)
    for (const name of this.#complete.keys()) if (!present.has(name)) this.#complete.delete(name)
    const files = names
      .filter(name => !this.#applied.has(name) && !this.#unreadable.has(name))
      .map(name => openFile(this.#options.directory, name, this.#unreadable))
      .filter(file => file !== null)
    this.#tellUnreadable()
    for (const file of files) {
      if ((file.header?.sources.length ?? 0) > 0) continue
      const reader = this.#follow(file)
      while (reader.readChunk(this.#add));
    }
    for (const file of files) if ((file.header?.sources.length ?? 0) > 0) this.#takeBase(file)
  }

  /** Its sources are known one by one; or some came and went while we were not looking. */
  #takeBase(file: OpenFile): void {
    const sources = file.header?.sources ?? []
    const isKnown = sources.every(({ name }) => this.#applied.has(name))
    this.#applied.add(file.name)
    for (const { name } of sources) {
      this.#applied.add(name)
      this.#complete.delete(name)
      this.#growing = this.#growing.filter(reader => {
        if (reader.file.name !== name) return true
        reader.close()
        return false
      })
    }
    const reader = new FileReader(file)
    if (!isKnown) {
      this.#raising.push(reader)
      return
    }
    this.#complete.set(file.name, { bytes: fs.fstatSync(file.fd).size, unsound: 0, isBase: true })
    reader.close()
  }

  #tellUnreadable(): void {
    for (const name of this.#unreadable) if (!this.#toldUnreadable.has(name)) this.#options.onUnreadable(name)
    for (const name of this.#unreadable) this.#toldUnreadable.add(name)
  }

  #readDirectoryTime(): number {
    try {
      return fs.statSync(this.#options.directory).mtimeMs
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return 0
      throw error
    }
  }
}
