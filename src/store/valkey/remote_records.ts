/** Our records on a remote server: the scripts with their arguments and replies. */
import type { GreylistAttempt, GreylistNoted, MemoryKind, MemoryLifetimes } from '../../model/memory.ts'
import type { Sighting } from '../greylist_step.ts'
import { formatRecord, readSighting, remoteKey } from './record.ts'
import type { Remote } from './remote.ts'

/** What an attempt came to, and the records as they are now; null: not looked at, or none. */
export interface RemoteNoted {
  readonly noted: GreylistNoted
  readonly client: Sighting | null
  readonly triplet: Sighting | null
}

/** What the asking host knows. */
export interface HostKnows {
  readonly client: Sighting | null
  readonly triplet: Sighting | null
}

/** Told before each step which key it asks for, except before the first. It may throw, and no further step is taken. */
export type BeforeStep = (key: string) => void

export class RemoteRecords {
  readonly #remote: Remote
  readonly #lifetimes: MemoryLifetimes

  constructor(remote: Remote, lifetimes: MemoryLifetimes) {
    this.#remote = remote
    this.#lifetimes = lifetimes
  }

  /** The key of a note's first step. */
  firstKey(attempt: GreylistAttempt): string {
    return attempt.rules.autoAllow > 0 ? remoteKey('client', attempt.client) : remoteKey('triplet', attempt.triplet)
  }

  note(attempt: GreylistAttempt, knows: HostKnows, before: BeforeStep): Promise<RemoteNoted> {
    return this.#remote.isCluster ? this.#noteInSteps(attempt, knows, before) : this.#noteAtOnce(attempt, knows)
  }

  async #noteAtOnce(attempt: GreylistAttempt, knows: HostKnows): Promise<RemoteNoted> {
    const keys = [remoteKey('client', attempt.client), remoteKey('triplet', attempt.triplet)]
    const args = [...rulesOf(attempt), formatRecord(knows.client), formatRecord(knows.triplet)]
    const reply = numbers(await this.#remote.run('note', keys, args))
    const client = readSighting(reply, 1)
    if (reply[0] === 1 && client !== null) return passed(client)
    const triplet = readSighting(reply, 4)
    if (triplet === null) throw new Error('the shared memory answered something else than a note')
    return { noted: notedTriplet(triplet, reply[7] === 1, reply[8] ?? -1), client, triplet }
  }

  /**
   * In a cluster the client's record and the triplet's lie where their own names put them, for a record must be found by its name
   * alone. Each step is atomic; of two hosts that see a triplet pass at once, one sees it pass first, so none is counted twice.
   */
  async #noteInSteps(attempt: GreylistAttempt, knows: HostKnows, before: BeforeStep): Promise<RemoteNoted> {
    const clientKey = remoteKey('client', attempt.client)
    const tripletKey = remoteKey('triplet', attempt.triplet)
    const rules = rulesOf(attempt)
    let client: Sighting | null = null
    if (attempt.rules.autoAllow > 0) {
      const reply = numbers(await this.#remote.run('client', [clientKey], [...rules, formatRecord(knows.client)]))
      client = readSighting(reply, 1)
      if (reply[0] === 1 && client !== null) return passed(client)
      before(tripletKey)
    }
    const reply = numbers(await this.#remote.run('triplet', [tripletKey], [...rules, formatRecord(knows.triplet)]))
    const triplet = readSighting(reply, 0)
    if (triplet === null) throw new Error('the shared memory answered something else than a note')
    let count = -1
    if (reply[4] === 1 && attempt.rules.autoAllow > 0) {
      before(clientKey)
      const counted = numbers(await this.#remote.run('count', [clientKey], rules))
      client = readSighting(counted, 0)
      count = counted[3] ?? -1
    }
    return { noted: notedTriplet(triplet, reply[3] === 1, count), client, triplet }
  }

  /** `by`: 'host' for what one of us knows, 'put' for what somebody decided. `now` in seconds. */
  async merge(
    kind: MemoryKind,
    key: string,
    { theirs, now, by }: { readonly theirs: Sighting | null; readonly now: number; readonly by: 'host' | 'put' },
  ): Promise<Sighting | null> {
    const { delay, retryWindow } = this.#lifetimes
    const life = this.#life(kind)
    const args = kind === 'triplet' ? [now, retryWindow, life, delay, retryWindow] : ([now, life, life, -1, 0] as const)
    return readSighting(
      numbers(await this.#remote.run('merge', [remoteKey(kind, key)], [...args, formatRecord(theirs), by])),
      0,
    )
  }

  async touch(
    kind: MemoryKind,
    key: string,
    { theirs, now }: { readonly theirs: Sighting | null; readonly now: number },
  ): Promise<Sighting | null> {
    const args = [now, this.#life(kind), formatRecord(theirs)]
    return readSighting(numbers(await this.#remote.run('touch', [remoteKey(kind, key)], args)), 0)
  }

  /** Whether it was there. */
  async forget(kind: MemoryKind, key: string, now: number): Promise<boolean> {
    return (await this.#remote.run('forget', [remoteKey(kind, key)], [now, this.#life(kind)])) === 1
  }

  #life(kind: MemoryKind): number {
    return kind === 'correspondent' ? this.#lifetimes.correspondent : this.#lifetimes.maxAge
  }
}

function rulesOf({ now, rules }: GreylistAttempt): readonly number[] {
  return [now, rules.delay, rules.retryWindow, rules.maxAge, rules.autoAllow]
}

function passed(client: Sighting): RemoteNoted {
  return { noted: { kind: 'client', count: client.count }, client, triplet: null }
}

function notedTriplet(triplet: Sighting, passedBefore: boolean, count: number): GreylistNoted {
  return { kind: 'triplet', first: triplet.first, passedBefore, clientCount: count < 0 ? null : count }
}

function numbers(reply: unknown): readonly number[] {
  if (!Array.isArray(reply) || !reply.every(part => typeof part === 'number'))
    throw new Error('the shared memory answered something else than numbers')
  return reply
}
