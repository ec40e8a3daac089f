/** When files are joined, and what happens to those that were. One process at a time does it for all. */
import fs from 'node:fs'
import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { MemoryLifetimes } from '../../model/memory.ts'
import type { Clock } from '../../util/clock.ts'
import { errnoText } from '../../util/errno_text.ts'
import type { Random } from '../../util/random.ts'
import type { ThreadAnswer, ThreadWork } from './compaction_thread.ts'
import { newFileName, openFile } from './files.ts'
import type { CompleteFile } from './follower.ts'
import { releaseLock, takeLock } from './lock.ts'
import type { Owner } from './owner.ts'

export interface MaintenanceOptions {
  readonly directory: string
  readonly lifetimes: MemoryLifetimes
  readonly owner: Owner
  readonly clock: Clock
  readonly random: Random
  onProblem(text: string): void
}

type Complete = ReadonlyMap<string, CompleteFile>

/** Files beside the base: more cost each process a system call each, before each batch of decisions, while their writers live. */
const MAX_LOGS = 16
const MIN_BYTES = 33_554_432
const DAY_MS = 86_400_000
/** Every process looks into the directory four times a second, and has read a replaced file to its end long before that. */
const REPLACED_MS = 10_000
/** After a failure (disk full). */
const PAUSE_MS = 600_000
/** So many names fit into a header. */
const MAX_SOURCES = 500
/** A half-made file of a process that was killed. */
const ABANDONED_MS = 3_600_000

export class Maintenance {
  readonly #options: MaintenanceOptions
  /** Bases whose sources are gone. */
  readonly #cleared = new Set<string>()
  #running: Promise<void> | null = null
  #thread: Worker | null = null
  #notBefore = 0
  #isFailing = false
  #isClosed = false

  constructor(options: MaintenanceOptions) {
    this.#options = options
  }

  /** Does what is due. Never rejects. */
  async tidy(complete: Complete): Promise<void> {
    if (this.#running !== null || this.#isClosed) return
    const isDue = this.#options.clock.now() >= this.#notBefore && this.#isDue(complete)
    const uncleared = [...complete].filter(([name, { isBase }]) => isBase && !this.#cleared.has(name))
    if (!isDue && uncleared.length === 0) return
    await this.#locked(async lock => {
      for (const [name] of uncleared) this.#clear(name, REPLACED_MS)
      if (isDue) await this.#compact(complete, lock)
    })
  }

  /** Joins all complete files now, and takes the replaced ones away at once. */
  async compact(complete: Complete): Promise<void> {
    await this.#running
    if (complete.size === 0 || this.#isClosed) return
    await this.#locked(async lock => {
      const base = await this.#compact(complete, lock)
      if (base !== null) this.#clear(base, 0)
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    // What it wrote so far is thrown away by the next one.
    await this.#thread?.terminate()
    await this.#running
  }

  #isDue(complete: Complete): boolean {
    const files = [...complete]
    const bases = files.filter(([, { isBase }]) => isBase)
    const logs = files.filter(([, { isBase }]) => !isBase)
    const logBytes = logs.reduce((sum, [, { bytes }]) => sum + bytes, 0)
    const baseBytes = bases.reduce((sum, [, { bytes }]) => sum + bytes, 0)
    if (logs.length >= MAX_LOGS || bases.length > 1 || files.some(([, { unsound }]) => unsound > 0)) return true
    if (logBytes > Math.max(MIN_BYTES, baseBytes / 2)) return true
    // What has expired goes; a base alone is rewritten once a week for that.
    const age = this.#options.clock.now() - Math.max(0, ...bases.map(([name]) => createdOf(name)))
    return bases.length > 0 && age > (logs.length > 0 ? DAY_MS : 7 * DAY_MS)
  }

  async #locked(work: (lock: string) => Promise<void>): Promise<void> {
    const { directory, owner, clock, random } = this.#options
    try {
      const letters = Buffer.from(random.bytes(8)).toString('hex')
      const lock = takeLock(directory, owner, { letters, now: clock.now() })
      if (lock === null) return
      this.#running = work(lock).finally(() => releaseLock(directory, lock))
      await this.#running
    } catch (error) {
      this.#fail(errnoText(error))
    } finally {
      this.#running = null
    }
  }

  /** The name of the base; null: there is none. */
  async #compact(complete: Complete, lock: string): Promise<string | null> {
    const { directory, lifetimes, owner, clock, random } = this.#options
    this.#removeAbandoned()
    const now = clock.now()
    const target = newFileName('base', now, random)
    const seed = Buffer.from(random.bytes(8))
    const job = {
      directory,
      // Every base has to be among them: its keys and those of the logs are one sum.
      sources: [...complete].sort(([, a], [, b]) => Number(b.isBase) - Number(a.isBase)).map(([name]) => name),
      target,
      lifetimes,
      seed: { low: seed.readInt32LE(0), high: seed.readInt32LE(4) },
      owner,
      now,
    }
    const answer = await this.#run({ job: { ...job, sources: job.sources.slice(0, MAX_SOURCES) }, lock })
    if (typeof answer === 'string') this.#fail(answer)
    if (answer === null || typeof answer === 'string') return null
    this.#isFailing = false
    for (const { name, unsound } of answer.damaged) {
      this.#options.onProblem(
        `memory ${directory}: the file ${name} is damaged (${unsound} bytes cannot be read): what is sound has been taken over, and the file is put aside as ${name}.damaged`,
      )
    }
    return target
  }

  #run(workerData: ThreadWork): Promise<ThreadAnswer> {
    // Built, this file and the thread's are .js.
    const url = new URL(`./compaction_thread${extname(import.meta.filename)}`, import.meta.url)
    return new Promise(resolve => {
      const thread = new Worker(url, { workerData })
      this.#thread = thread
      thread.unref()
      // The thread posts ThreadAnswer and nothing else.
      thread.once('message', (answer: ThreadAnswer) => resolve(answer))
      thread.once('error', error => resolve(errnoText(error)))
      thread.once('exit', () => {
        this.#thread = null
        resolve(null)
      })
    })
  }

  /** Takes away what the base `name` replaces, when it has been there for so long. */
  #clear(name: string, afterMs: number): void {
    const { directory, clock } = this.#options
    const base = openFile(directory, name, new Set())
    if (base === null) return
    const age = clock.now() - fs.fstatSync(base.fd).mtimeMs
    fs.closeSync(base.fd)
    if (age >= 0 && age < afterMs) return
    for (const source of base.header?.sources ?? []) {
      const path = join(directory, source.name)
      if (!source.damaged) fs.rmSync(path, { force: true })
      else if (fs.existsSync(path)) fs.renameSync(path, `${path}.damaged`)
    }
    this.#cleared.add(name)
  }

  #removeAbandoned(): void {
    const { directory, clock } = this.#options
    for (const name of fs.readdirSync(directory)) {
      if (!name.endsWith('.new')) continue
      const path = join(directory, name)
      const age = clock.now() - (fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
      if (age > ABANDONED_MS) fs.rmSync(path, { force: true })
    }
  }

  #fail(reason: string): void {
    const { directory, clock, onProblem } = this.#options
    // Closing stops the thread.
    if (this.#isClosed) return
    if (!this.#isFailing)
      onProblem(`memory ${directory}: its files cannot be joined: ${reason}; they grow until that is possible`)
    this.#isFailing = true
    this.#notBefore = clock.now() + PAUSE_MS
  }
}

/** Milliseconds since 1970, of a name that newFileName made. */
function createdOf(name: string): number {
  return Number.parseInt(/^base-([0-9a-z]+)-/.exec(name)?.[1] ?? '', 36) || 0
}
