/**
 * The memory that several hosts share: Valkey decides, the local memory learns what it decided, and answers while it is gone.
 * docs/architecture.md, "Shared memory", has the whole of it.
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
import type { Clock } from '../../util/clock.ts'
import type { Sighting } from '../greylist_step.ts'
import { isExpired } from '../lifetime.ts'
import { Deadlines, type Outcome } from './deadlines.ts'
import { Lesson } from './lesson.ts'
import { keyPrefix, parseRecord, type RecordName, remoteKey } from './record.ts'
import type { Remote } from './remote.ts'
import { type BeforeStep, RemoteRecords } from './remote_records.ts'
import { Reunion } from './reunion.ts'

export interface SharedMemoryOptions {
  readonly remote: Remote
  /** That of this host; it is closed with the shared one. */
  readonly local: Memory
  readonly lifetimes: MemoryLifetimes
  readonly clock: Clock
  /** Which of the hosts this is; its processes share the local memory. */
  readonly hostName: string
  /** How long an answer is waited for. */
  readonly timeoutMs: number
  /** Told once when a server is lost and once when it is back. */
  readonly onProblem: (text: string) => void
}

/** A page of a listing may take longer than a decision, for nobody waits in a session. */
const PAGE_MS = 5000

/** Settles when it is connected, or when that took so long that it begins without. */
export async function makeSharedMemory(options: SharedMemoryOptions): Promise<Memory> {
  const memory = new SharedMemory(options)
  await memory.begin()
  return memory
}

class SharedMemory implements Memory {
  readonly #remote: Remote
  readonly #local: Memory
  readonly #lifetimes: MemoryLifetimes
  readonly #clock: Clock
  readonly #onProblem: (text: string) => void
  readonly #records: RemoteRecords
  readonly #deadlines: Deadlines
  readonly #pages: Deadlines
  readonly #reunion: Reunion
  readonly #lesson: Lesson

  constructor({ remote, local, lifetimes, clock, timeoutMs, onProblem, hostName }: SharedMemoryOptions) {
    this.#remote = remote
    this.#local = local
    this.#lifetimes = lifetimes
    this.#clock = clock
    this.#onProblem = onProblem
    this.#records = new RemoteRecords(remote, lifetimes)
    this.#deadlines = new Deadlines(clock, timeoutMs)
    this.#pages = new Deadlines(clock, PAGE_MS)
    const lesson = new Lesson({ remote, local, clock, hostName, lifetimes, tell: name => this.#tell(name) })
    this.#reunion = new Reunion({
      remote,
      clock,
      onProblem,
      timeoutMs,
      tell: name => this.#tell(name),
      tryToWrite: key => this.#tryToWrite(key),
      reunited: () => this.#reunion.settling(lesson.giveOnce()),
    })
    this.#lesson = lesson
  }

  begin(): Promise<void> {
    return this.#reunion.begin()
  }

  async note(attempt: GreylistAttempt): Promise<Lookup<GreylistNoted>> {
    const [client, triplet] = await Promise.all([
      this.#known('client', attempt.client),
      this.#known('triplet', attempt.triplet),
    ])
    const outcome = await this.#ask(this.#records.firstKey(attempt), before =>
      this.#records.note(attempt, { client, triplet }, before),
    )
    if (!outcome.ok) return this.#noteAlone(attempt, outcome.reason)
    const { noted, client: newClient, triplet: newTriplet } = outcome.value
    if (newTriplet !== null) this.#learn('triplet', attempt.triplet, { before: triplet, now: newTriplet })
    if (newClient !== null) this.#learn('client', attempt.client, { before: client, now: newClient })
    if (!passes(attempt, noted) && this.#reunion.isDoubtful(remoteKey('triplet', attempt.triplet)))
      return failed('the shared memory has just come back and may not know everything yet')
    return found(noted)
  }

  /** What is known here to have passed, passes; for the rest the shared memory has failed. The note is kept either way. */
  async #noteAlone(attempt: GreylistAttempt, reason: string): Promise<Lookup<GreylistNoted>> {
    const answer = await this.#local.note(attempt)
    if (answer.status !== 'found') return failed(reason)
    const noted = answer.value
    if (noted.kind === 'triplet') this.#reunion.owe({ kind: 'triplet', key: attempt.triplet })
    if (noted.kind === 'client' || noted.clientCount !== null)
      this.#reunion.owe({ kind: 'client', key: attempt.client })
    return passes(attempt, noted) ? answer : failed(reason)
  }

  async find(kind: MemoryKind, key: string): Promise<Lookup<MemoryEntry>> {
    const before = await this.#known(kind, key)
    const outcome = await this.#ask(remoteKey(kind, key), () =>
      this.#records.merge(kind, key, { theirs: before, now: this.#now(), by: 'host' }),
    )
    // Not there, or not known: the difference is one that a caller must see.
    if (!outcome.ok) return before === null ? failed(outcome.reason) : found({ kind, key, ...before })
    this.#learn(kind, key, { before, now: outcome.value })
    return this.#entry(kind, key, outcome.value)
  }

  async touch(kind: MemoryKind, key: string, now: number): Promise<Lookup<MemoryEntry>> {
    const before = await this.#known(kind, key)
    const outcome = await this.#ask(remoteKey(kind, key), () => this.#records.touch(kind, key, { theirs: before, now }))
    if (!outcome.ok) {
      this.#reunion.owe({ kind, key })
      return this.#local.touch(kind, key, now)
    }
    this.#learn(kind, key, { before, now: outcome.value })
    return this.#entry(kind, key, outcome.value)
  }

  async put(entry: MemoryEntry): Promise<Lookup<true>> {
    const { kind, key } = entry
    const before = await this.#known(kind, key)
    const kept = await this.#local.put(entry)
    const outcome = await this.#ask(remoteKey(kind, key), () =>
      this.#records.merge(kind, key, { theirs: entry, now: this.#now(), by: 'put' }),
    )
    if (!outcome.ok) {
      this.#reunion.owe({ kind, key })
      return kept.status === 'found' ? failed(`${outcome.reason}; only this host knows it yet`) : kept
    }
    this.#learn(kind, key, { before, now: outcome.value })
    return found(true)
  }

  async forget(kind: MemoryKind, key: string): Promise<Lookup<true>> {
    const here = await this.#local.forget(kind, key)
    const outcome = await this.#ask(remoteKey(kind, key), () => this.#records.forget(kind, key, this.#now()))
    if (!outcome.ok) return failed(`${outcome.reason}; only this host has forgotten it`)
    return outcome.value || here.status === 'found' ? found(true) : ABSENT
  }

  /** A key that the server moves while it is listed may come twice. While all servers are gone, what this host knows. */
  async *entries(kind: MemoryKind): AsyncGenerator<MemoryEntry> {
    const prefix = keyPrefix(kind)
    if (this.#whyGone(prefix) !== null) {
      yield* this.#local.entries(kind)
      return
    }
    const pages = this.#remote.scan(prefix)[Symbol.asyncIterator]()
    for (;;) {
      const page = await this.#pages.within(pages.next())
      if (!page.ok) return this.#onProblem(`cannot list the shared memory ${this.#remote.name}: ${page.reason}`)
      if (page.value.done === true) return
      for (const [name, text] of page.value.value) {
        const known = parseRecord(text)
        const entry = known === null ? ABSENT : this.#entry(kind, name.slice(prefix.length), known)
        if (entry.status === 'found') yield entry.value
      }
    }
  }

  async close(): Promise<void> {
    this.#lesson.stop()
    await this.#reunion.end()
    this.#remote.close()
    await this.#local.close()
  }

  /** Says to the shared memory what this host knows of a record; null when that was done, else why not. */
  async #tell({ kind, key }: RecordName): Promise<string | null> {
    const before = await this.#known(kind, key)
    const outcome = await this.#deadlines.within(
      this.#records.merge(kind, key, { theirs: before, now: this.#now(), by: 'host' }),
    )
    if (!outcome.ok) return outcome.reason
    this.#learn(kind, key, { before, now: outcome.value })
    return null
  }

  async #tryToWrite(key: string): Promise<string | null> {
    const outcome = await this.#deadlines.within(this.#remote.mark(key, 10, { ifAbsent: false }))
    return outcome.ok ? null : outcome.reason
  }

  /** Asks for `key`, and for more if the work says so before. */
  async #ask<T>(key: string, work: (before: BeforeStep) => Promise<T>): Promise<Outcome<T>> {
    const gone = this.#whyGone(key)
    if (gone !== null) return { ok: false, reason: gone }
    let asked = key
    const outcome = await this.#deadlines.within(
      work(next => {
        this.#reunion.heard(asked, null)
        asked = next
        const reason = this.#whyGone(next)
        if (reason !== null) throw new Error(reason)
      }),
    )
    this.#reunion.heard(asked, outcome.ok ? null : outcome.reason)
    return outcome
  }

  #whyGone(key: string): string | null {
    return this.#reunion.whyGone(this.#remote.lane(key))
  }

  async #known(kind: MemoryKind, key: string): Promise<Sighting | null> {
    const answer = await this.#local.find(kind, key)
    if (answer.status !== 'found') return null
    const { first, last, count } = answer.value
    return { first, last, count }
  }

  /** Lets the local memory know what the shared one does. Nobody waits for it: the note is safe where it was made. */
  #learn(kind: MemoryKind, key: string, { before, now }: { before: Sighting | null; now: Sighting | null }): void {
    if (now === null) {
      if (before !== null) this.#reunion.settling(this.#local.forget(kind, key))
      return
    }
    this.#reunion.acknowledged({ kind, key })
    if (before !== null && before.first === now.first && before.last === now.last && before.count === now.count) return
    // `put` keeps the earlier first: what began anew has to be forgotten before.
    if (before !== null && (now.first > before.first || now.last < before.last || now.count < before.count))
      this.#reunion.settling(this.#local.forget(kind, key))
    this.#reunion.settling(this.#local.put({ kind, key, ...now }))
  }

  #entry(kind: MemoryKind, key: string, known: Sighting | null): Lookup<MemoryEntry> {
    if (known === null) return ABSENT
    const { first, last, count } = known
    const entry = { kind, key, first, last, count }
    return isExpired(entry, this.#lifetimes, this.#now()) ? ABSENT : found(entry)
  }

  #now(): number {
    return Math.floor(this.#clock.now() / 1000)
  }
}

function passes({ now, rules }: GreylistAttempt, noted: GreylistNoted): boolean {
  return noted.kind === 'client' || noted.passedBefore || now - noted.first >= rules.delay
}
