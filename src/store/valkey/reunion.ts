import type { Clock, Timer } from '../../util/clock.ts'
import { Health } from './health.ts'
import { type RecordName, remoteKey } from './record.ts'
import type { Remote } from './remote.ts'
import { Unsaid } from './unsaid.ts'

export interface ReunionOptions {
  readonly remote: Remote
  readonly clock: Clock
  readonly timeoutMs: number
  readonly onProblem: (text: string) => void
  /** Says to the shared memory what this host knows of a record; null when that was done, else why not. */
  readonly tell: (name: RecordName) => Promise<string | null>
  /** Writes a key that is no record, for a few seconds; null when that was done, else why not. */
  readonly tryToWrite: (key: string) => Promise<string | null>
  /** Connected, from the beginning or again, and told what was missed. */
  readonly reunited: () => void
}

/** How often a server that is gone is tried. */
const TRY_MS = 500

/** Records told at once: enough to be quick over a long line, few enough not to delay the decisions between them. */
const TOLD_AT_ONCE = 256

/** When the other hosts have told what they know as well, what this one told is asked for again, so that all know the same. */
const ECHO_MS = 3000

/** Knows which servers answer, tries those that do not, and tells them what they missed when they do. */
export class Reunion {
  readonly #options: ReunionOptions
  readonly #health: Health
  readonly #unsaid = new Unsaid()
  #timer: Timer | null = null
  #working: Promise<void> | null = null
  #again = false
  #ended = false
  #isConnected = false
  #connected: (() => void) | null = null
  /** Writes to the local memory that nobody waits for. */
  #open = 0
  #settled: (() => void) | null = null

  constructor(options: ReunionOptions) {
    this.#options = options
    const { remote, clock } = options
    this.#health = new Health(clock, {
      lost: (lane, reason) => this.#lost(lane, reason),
      back: (lane, seconds) => this.#back(lane, seconds),
    })
    remote.listen({
      lost: (lane, reason) => {
        this.#unsaid.doubtRecent(clock.monotonic())
        if (!this.#ended) this.#health.lost(lane, reason)
      },
      connected: () => {
        this.#unsaid.doubtRecent(clock.monotonic())
        this.#isConnected = true
        this.#connected?.()
        this.#hurry()
      },
    })
  }

  /** Settles when it is connected; after a while it begins without. */
  async begin(): Promise<void> {
    const { clock, timeoutMs, remote } = this.#options
    const inTime =
      this.#isConnected ||
      (await new Promise<boolean>(resolve => {
        this.#connected = () => resolve(true)
        clock.after(4 * timeoutMs, () => resolve(false))
      }))
    this.#connected = null
    if (inTime) this.#health.trust(remote.lanes())
    else this.#health.lost(remote.lane(remoteKey('client', '')), 'it cannot be reached')
  }

  /** Whether the server of this key may have lost something that other hosts still know. */
  isDoubtful(key: string): boolean {
    return this.#health.isDoubtful(this.#options.remote.lane(key))
  }

  /** Null when the lane answers, else why it is taken for gone. */
  whyGone(lane: string): string | null {
    return this.#health.isUp(lane) ? null : this.#health.reason(lane)
  }

  /** `reason`: why there was no answer, or null. */
  heard(key: string, reason: string | null): void {
    const lane = this.#options.remote.lane(key)
    if (reason === null) this.#health.succeeded(lane)
    else this.#health.failed(lane, reason, key)
  }

  /** The shared memory does not know of it yet. */
  owe(name: RecordName): void {
    this.#unsaid.add(name)
    this.#plan()
  }

  acknowledged(name: RecordName): void {
    this.#unsaid.acknowledged(name, this.#options.clock.monotonic())
  }

  /** A write that end() waits for; it never rejects. */
  settling(write: Promise<unknown>): void {
    this.#open++
    void write.then(() => {
      this.#open--
      if (this.#open === 0) this.#settled?.()
    })
  }

  /** Settles when the servers that answer know everything, and the local memory too. */
  async end(): Promise<void> {
    this.#timer?.cancel()
    await this.#working
    this.#ended = true
    await this.#tellAll()
    if (this.#open > 0)
      await new Promise<void>(resolve => {
        this.#settled = resolve
      })
  }

  #lost(lane: string, reason: string): void {
    const { remote, onProblem, clock } = this.#options
    this.#unsaid.doubtRecent(clock.monotonic())
    onProblem(`the shared memory ${this.#at(lane)} is lost, this host goes on alone: ${reason}`)
    // Whatever else waits on this connection waits in vain.
    remote.drop(lane)
    this.#plan()
  }

  #back(lane: string, seconds: number): void {
    const owed = this.#unsaid.size
    this.#options.onProblem(
      `the shared memory ${this.#at(lane)} answers again after ${seconds} s; it is told ${owed} records`,
    )
  }

  #at(lane: string): string {
    return lane === '' ? this.#options.remote.name : `${this.#options.remote.name} (${lane})`
  }

  #plan(): void {
    if (this.#timer !== null || this.#working !== null || this.#ended) return
    this.#timer = this.#options.clock.after(TRY_MS, () => this.#hurry())
  }

  #hurry(): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#ended) return
    if (this.#working !== null) {
      this.#again = true
      return
    }
    this.#working = this.#work().finally(() => {
      this.#working = null
      const again = this.#again
      this.#again = false
      if (again) this.#hurry()
      else if (this.#unsaid.size > 0 || this.#health.gone.length > 0) this.#plan()
    })
  }

  async #work(): Promise<void> {
    for (const [lane, key] of this.#health.gone) {
      if (!this.#health.mayTry(lane)) continue
      // Where the slot has moved to another node, that one has to answer.
      const trial = this.#keyOf(key === null ? lane : this.#options.remote.lane(key))
      if (trial !== null && (await this.#options.tryToWrite(trial)) === null) this.#health.back(lane)
      else this.#health.tried(lane)
    }
    const told = await this.#tellAll()
    if (told.length > 0) this.#options.clock.after(ECHO_MS, () => void this.#tellEach(this.#ended ? [] : told))
    if (this.#health.gone.length === 0 && this.#unsaid.size === 0) this.#options.reunited()
  }

  /** Some key that is no record and that this server has. */
  #keyOf(lane: string): string | null {
    for (let i = 0; i < 1000; i++) {
      const key = `postern:trial:${i}`
      if (this.#options.remote.lane(key) === lane) return key
    }
    return null
  }

  /** What could be told. */
  async #tellAll(): Promise<readonly RecordName[]> {
    const { remote } = this.#options
    const told: RecordName[] = []
    for (;;) {
      const batch = this.#unsaid.take(TOLD_AT_ONCE, id => this.#health.isUp(remote.lane(id)))
      if (batch.length === 0) return told
      const failures = await this.#tellEach(batch)
      for (const name of failures) this.#unsaid.add(name)
      if (failures.length > 0) return told
      told.push(...batch)
    }
  }

  /** What could not be told. */
  async #tellEach(names: readonly RecordName[]): Promise<readonly RecordName[]> {
    const failures: RecordName[] = []
    for (let i = 0; i < names.length && failures.length === 0; i += TOLD_AT_ONCE) {
      const tellOne = async (name: RecordName): Promise<void> => {
        const reason = await this.#options.tell(name)
        this.heard(remoteKey(name.kind, name.key), reason)
        if (reason !== null) failures.push(name)
      }
      await Promise.all(names.slice(i, i + TOLD_AT_ONCE).map(tellOne))
    }
    return failures
  }
}
