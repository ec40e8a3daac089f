/**
 * The memory of one machine, without a server: every process holds an index of everything (state.ts), writes what it notes to a
 * file of its own (writer.ts), and reads what others write before it decides (follower.ts). docs/architecture.md says why.
 */
import { ABSENT, failed, found, type Lookup } from '../../model/lookup.ts'
import type {
  GreylistAttempt,
  GreylistNoted,
  Memory,
  MemoryEntry,
  MemoryKind,
  MemoryLifetimes,
} from '../../model/memory.ts'
import type { Clock, Timer } from '../../util/clock.ts'
import { errnoText } from '../../util/errno_text.ts'
import type { Random } from '../../util/random.ts'
import { type Sighting, stepGreylist } from '../greylist_step.ts'
import { listEntries } from './entries.ts'
import type { OpenFile } from './files.ts'
import { Follower } from './follower.ts'
import { KINDS, TABLES } from './index_table.ts'
import { KeyBuffer } from './key_buffer.ts'
import { Maintenance } from './maintenance.ts'
import { currentOwner, isOwnerGone, type Owner } from './owner.ts'
import { MemoryState } from './state.ts'
import { LogWriter } from './writer.ts'

export interface EmbeddedOptions {
  /** Made when something is written. */
  readonly directory: string
  readonly lifetimes: MemoryLifetimes
  /** Answer only when a power cut would not lose the note; else it may cost the last second. */
  readonly sync: boolean
  readonly clock: Clock
  readonly random: Random
  readonly pid: number
  /**
   * 'gateway' tidies the files up. 'command' does not begin what it may not live to finish. 'rehearsal' writes nothing at all:
   * what it notes is known to itself.
   */
  readonly use: 'gateway' | 'command' | 'rehearsal'
  /** A sentence for the log. Each trouble is told once, and once that it is over. */
  onProblem(text: string): void
}

/** How often what others wrote is taken over when nothing is asked. */
const TICK_MS = 250
/** Ticks from one fdatasync, one look at our own file and one round of tidying to the next. */
const SYNC_TICKS = 4
const FILE_TICKS = 240
const MAINTENANCE_TICKS = 40
/** All tables in about ten minutes. */
const SWEEP_TABLES = 1

const TRIPLET = 0
const CLIENT = 1
const MAX_KEY = 1000

/** Reads what is there first: about a second for two million entries, in small pieces. Never rejects. */
export async function openEmbeddedMemory(options: EmbeddedOptions): Promise<EmbeddedMemory> {
  const memory = new EmbeddedMemory(options)
  await memory.load()
  return memory
}

export class EmbeddedMemory implements Memory {
  readonly #options: EmbeddedOptions
  readonly #owner: Owner
  readonly #state: MemoryState
  #follower: Follower
  readonly #writer: LogWriter
  readonly #maintenance: Maintenance
  readonly #key = new KeyBuffer()
  readonly #clientKey = new KeyBuffer()
  /** Null: everything has been read. */
  #notReady: string | null = 'the memory is still being read'
  #isLoading = false
  #isClosed = false
  /** What others wrote has been taken over in this turn of the event loop. */
  #isCurrent = false
  #trouble: string | null = null
  #ticks = 0
  #timer: Timer

  constructor(options: EmbeddedOptions) {
    const { directory, clock, random, sync, lifetimes } = options
    this.#options = options
    this.#owner = currentOwner(options.pid)
    const seed = Buffer.from(random.bytes(8))
    this.#state = new MemoryState({ low: seed.readInt32LE(0), high: seed.readInt32LE(4) }, lifetimes)
    this.#follower = this.#makeFollower()
    this.#writer = new LogWriter({
      directory,
      owner: this.#owner,
      clock,
      random,
      sync,
      onTrouble: problem => this.#tell(problem),
      onBegun: name => this.#follower.own(name),
      onComplete: (name, bytes) => this.#follower.ownComplete(name, bytes),
    })
    this.#maintenance = new Maintenance({
      directory,
      lifetimes,
      owner: this.#owner,
      clock,
      random,
      onProblem: text => options.onProblem(text),
    })
    this.#timer = clock.after(TICK_MS, () => this.#tick())
  }

  /** Entries known, the expired ones of the last minutes included; bytes of the index. */
  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#state.index.size, bytes: this.#state.index.bytes }
  }

  /** Reads all files. Where that fails every answer is `failed`, and it is tried again with each tick. */
  async load(): Promise<void> {
    if (this.#isLoading || this.#isClosed) return
    this.#isLoading = true
    try {
      this.#state.now = this.#now()
      await this.#follower.load(nextTurn)
      this.#notReady = null
      this.#tell(null)
    } catch (error) {
      this.#notReady = errnoText(error)
      this.#tell(this.#notReady)
      // What was read in part is read again: the merge of a file with itself would count twice.
      this.#follower.close()
      this.#state.clear()
      this.#follower = this.#makeFollower()
    }
    this.#isLoading = false
  }

  note(attempt: GreylistAttempt): Promise<Lookup<GreylistNoted>> {
    const refusal = this.#begin(attempt.triplet) ?? this.#refusal(attempt.client)
    if (refusal !== null) return Promise.resolve(failed(refusal))
    const { now } = attempt
    const triplet = this.#key.set(TRIPLET, attempt.triplet)
    const client = this.#clientKey.set(CLIENT, attempt.client)
    const knownClient = attempt.rules.autoAllow > 0 ? this.#state.sighting(client, now) : null
    const knownTriplet = this.#state.sighting(triplet, now)
    const step = stepGreylist(attempt, knownClient, knownTriplet)
    if (step.triplet !== null) this.#write(this.#key, step.triplet, knownTriplet)
    if (step.client !== null) this.#write(this.#clientKey, step.client, knownClient)
    if (step.triplet === null && step.client === null) return Promise.resolve(found(step.noted))
    return this.#settled(step.noted)
  }

  find(kind: MemoryKind, key: string): Promise<Lookup<MemoryEntry>> {
    const refusal = this.#begin(key)
    if (refusal !== null) return Promise.resolve(failed(refusal))
    const known = this.#state.sighting(this.#key.set(KINDS.indexOf(kind), key), this.#now())
    return Promise.resolve(known === null ? ABSENT : found({ kind, key, ...known }))
  }

  touch(kind: MemoryKind, key: string, now: number): Promise<Lookup<MemoryEntry>> {
    const refusal = this.#begin(key)
    if (refusal !== null) return Promise.resolve(failed(refusal))
    const known = this.#state.sighting(this.#key.set(KINDS.indexOf(kind), key), now)
    const seen = { first: known?.first ?? now, last: now, count: (known?.count ?? 0) + 1 }
    this.#write(this.#key, seen, known)
    return this.#settled({ kind, key, ...seen })
  }

  put({ kind, key, first, last, count }: MemoryEntry): Promise<Lookup<true>> {
    const refusal = this.#begin(key)
    if (refusal !== null) return Promise.resolve(failed(refusal))
    const known = this.#state.sighting(this.#key.set(KINDS.indexOf(kind), key), this.#now())
    const merged: Sighting = {
      first: Math.min(known?.first ?? first, first),
      last: Math.max(known?.last ?? last, last),
      count: Math.max(known?.count ?? 0, count),
    }
    this.#write(this.#key, merged, known)
    return this.#settled(true as const)
  }

  forget(kind: MemoryKind, key: string): Promise<Lookup<true>> {
    const refusal = this.#begin(key)
    if (refusal !== null) return Promise.resolve(failed(refusal))
    const record = this.#key.set(KINDS.indexOf(kind), key)
    if (this.#state.sighting(record, this.#now()) === null) return Promise.resolve(ABSENT)
    record.forget = true
    record.generation = Math.max(this.#state.generation(record.kind) + 1, this.#options.clock.now())
    this.#state.forget(record)
    if (!this.#isRehearsal) this.#writer.add(record)
    return this.#settled(true as const)
  }

  async *entries(kind: MemoryKind): AsyncIterable<MemoryEntry> {
    if (this.#notReady !== null) return
    await this.#writer.settle()
    try {
      this.#poll()
      yield* listEntries(
        { directory: this.#options.directory, state: this.#state, now: () => this.#now(), pause: nextTurn },
        kind,
      )
    } catch (error) {
      this.#tell(errnoText(error))
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#notReady = 'the memory is closed'
    this.#timer.cancel()
    await this.#maintenance.close()
    await this.#writer.close()
    this.#follower.close()
  }

  /** Joins files now instead of when it is due; for tests and for a command. */
  async compact(): Promise<void> {
    this.#poll()
    this.#follower.retireComplete()
    await this.#maintenance.compact(this.#follower.complete)
  }

  /** Writes what is known of the key, which is the one sought or not: the cursor is set again. */
  #write(key: KeyBuffer, seen: Sighting, known: Sighting | null): void {
    const { record } = key
    this.#state.seek(record)
    this.#state.index.set(seen.first, seen.last, seen.count)
    record.first = seen.first
    record.last = seen.last
    record.count = Math.max(0, seen.count - (known?.count ?? 0))
    record.generation = this.#state.generation(record.kind)
    if (!this.#isRehearsal) this.#writer.add(record)
  }

  #settled<T>(value: T): Promise<Lookup<T>> {
    return this.#isRehearsal ? Promise.resolve(found(value)) : this.#writer.wait(value)
  }

  get #isRehearsal(): boolean {
    return this.#options.use === 'rehearsal'
  }

  /** Why nothing can be answered, or null; then what others wrote is known. */
  #begin(key: string): string | null {
    const refusal = this.#refusal(key)
    if (refusal === null && !this.#isCurrent) this.#poll()
    return refusal
  }

  #refusal(key: string): string | null {
    return this.#notReady ?? (key.length > MAX_KEY ? `a key of ${key.length} characters` : null)
  }

  /** Others' notes; where they cannot be read, ours go on. */
  #poll(): void {
    this.#isCurrent = true
    setImmediate(() => {
      this.#isCurrent = false
    })
    this.#state.now = this.#now()
    try {
      this.#follower.poll()
    } catch (error) {
      this.#tell(errnoText(error))
    }
  }

  #tick(): void {
    this.#ticks++
    this.#timer = this.#options.clock.after(TICK_MS, () => this.#tick())
    if (this.#notReady !== null) {
      void this.load()
      return
    }
    this.#poll()
    this.#follower.catchUp(nextTurn).catch((error: unknown) => this.#tell(errnoText(error)))
    this.#state.sweep(SWEEP_TABLES)
    if (this.#ticks % SYNC_TICKS === 0) void this.#writer.tidy()
    if (this.#ticks % FILE_TICKS === 0) this.#writer.checkFile()
    if (this.#options.use === 'gateway' && this.#ticks % MAINTENANCE_TICKS === 4) {
      this.#follower.retireComplete()
      void this.#maintenance.tidy(this.#follower.complete)
    }
  }

  #tell(problem: string | null): void {
    if (problem === this.#trouble) return
    const { directory, onProblem } = this.#options
    if (problem !== null) onProblem(`memory ${directory}: ${problem}; what cannot be noted is let pass`)
    else if (this.#trouble !== null) onProblem(`memory ${directory}: works again`)
    this.#trouble = problem
  }

  #makeFollower(): Follower {
    const { directory, clock } = this.#options
    return new Follower({
      directory,
      state: this.#state,
      monotonic: () => clock.monotonic(),
      now: () => clock.now(),
      isGone: (file, silentMs) => this.#isGone(file, silentMs),
      onUnreadable: name =>
        this.#options.onProblem(`memory ${directory}: the file ${name} cannot be read: what is in it is not known`),
    })
  }

  #isGone({ header }: OpenFile, silentMs: number): boolean {
    return header === null || header.sources.length > 0 || isOwnerGone(header.owner, this.#owner, silentMs)
  }

  #now(): number {
    return Math.floor(this.#options.clock.now() / 1000)
  }
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}

/** How many ticks a whole sweep takes: for tests. */
export const SWEEP_TICKS = TABLES / SWEEP_TABLES
