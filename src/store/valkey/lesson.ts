import type { Memory, MemoryKind, MemoryLifetimes } from '../../model/memory.ts'
import { type Clock, sleep } from '../../util/clock.ts'
import type { RecordName } from './record.ts'
import type { Remote } from './remote.ts'

export interface LessonOptions {
  readonly remote: Remote
  readonly local: Memory
  readonly clock: Clock
  readonly hostName: string
  readonly lifetimes: MemoryLifetimes
  /** Says to the shared memory what this host knows of a record; null when that was done, else why not. */
  readonly tell: (name: RecordName) => Promise<string | null>
}

const KINDS: readonly MemoryKind[] = ['client', 'triplet', 'correspondent']

/** Some 5,000 records a second, a tenth of what a server can do, so that decisions do not wait behind them. */
const AT_ONCE = 128
const PAUSE_MS = 25

/** A process that died over it leaves it to another after this long. */
const BEGUN_SECONDS = 120

/**
 * Tells the shared memory all that this host knows, once: when it is used for the first time, or has lost its data. A mark in the
 * shared memory says that it was done; it is lost with the data, and keeps the processes of a host from doing it all.
 */
export class Lesson {
  readonly #options: LessonOptions
  #isGiving = false
  #isUnfinished = false
  #isStopped = false

  constructor(options: LessonOptions) {
    this.#options = options
  }

  /** Never rejects. Ends early when the shared memory is lost; it is given again when that is back. */
  async giveOnce(): Promise<void> {
    const { remote, hostName, lifetimes } = this.#options
    if (this.#isGiving || this.#isStopped) return
    this.#isGiving = true
    const mark = `postern:told:${hostName}`
    try {
      if (!(await remote.mark(mark, BEGUN_SECONDS, { ifAbsent: !this.#isUnfinished }))) return
      this.#isUnfinished = true
      for (const kind of KINDS) if (!(await this.#give(kind))) return
      await remote.mark(mark, lifetimes.maxAge, { ifAbsent: false })
      this.#isUnfinished = false
    } catch {
      // Lost again; Reunion has said so.
    } finally {
      this.#isGiving = false
    }
  }

  stop(): void {
    this.#isStopped = true
  }

  async #give(kind: MemoryKind): Promise<boolean> {
    const { local, clock } = this.#options
    let batch: RecordName[] = []
    for await (const { key } of local.entries(kind)) {
      batch.push({ kind, key })
      if (batch.length < AT_ONCE) continue
      if (!(await this.#tellAll(batch))) return false
      batch = []
      await sleep(clock, PAUSE_MS)
    }
    return this.#tellAll(batch)
  }

  async #tellAll(batch: readonly RecordName[]): Promise<boolean> {
    if (this.#isStopped) return false
    const reasons = await Promise.all(batch.map(name => this.#options.tell(name)))
    return reasons.every(reason => reason === null)
  }
}
