/** What all records together say, however many processes wrote them and in whatever order they are read. */
import type { MemoryLifetimes } from '../../model/memory.ts'
import type { Sighting } from '../greylist_step.ts'
import { lifetimeOf } from '../lifetime.ts'
import { Fingerprinter, type HashSeed } from './fingerprint.ts'
import { IndexTable, KINDS, TABLES } from './index_table.ts'
import type { Record } from './record.ts'

/** Clocks of processes on one machine agree; more ahead of us than this is a clock that was wrong. Seconds. */
const AHEAD = 300

export class MemoryState {
  index = new IndexTable()
  readonly fingerprint: Fingerprinter
  /** Of keys that were forgotten: the number of the last time. Records with a smaller one are from before. */
  readonly #generations = new Map<string, number>()
  readonly #lifetimes: MemoryLifetimes
  #nextTable = 0
  /** Whole seconds since 1970; set it before applying. */
  now = 0

  constructor(seed: HashSeed, lifetimes: MemoryLifetimes) {
    this.fingerprint = new Fingerprinter(seed)
    this.#lifetimes = lifetimes
  }

  clear(): void {
    this.index = new IndexTable()
    this.#generations.clear()
  }

  /** The key of `record`, sought. Null: nothing is known of it, or it has expired at `now`. */
  sighting(record: Record, now: number): Sighting | null {
    if (!this.seek(record)) return null
    const { first, last, count } = this.index
    return this.isGone(record.kind, this.index, now) ? null : { first, last, count }
  }

  /** Whether the key of `record` is known; the index' cursor is on it then. */
  seek(record: Record): boolean {
    const { fingerprint } = this
    fingerprint.read(record.bytes, record.keyStart, record.keyEnd)
    return this.index.seek(fingerprint.a, fingerprint.b, record.kind)
  }

  /** The generation that records of the key sought last belong to. */
  generation(kind: number): number {
    return this.#generations.size === 0 ? 0 : (this.#generations.get(this.#id(kind)) ?? 0)
  }

  /** Takes over what another process wrote, or an earlier one. `count`: 'add', or 'raise' where some of it may be known already. */
  apply(record: Record, how: 'add' | 'raise'): void {
    this.fingerprint.read(record.bytes, record.keyStart, record.keyEnd)
    this.applyFingerprinted(record, how)
  }

  /** The same; the record's fingerprint is the one that was read last. */
  applyFingerprinted(record: Record, how: 'add' | 'raise'): void {
    const { fingerprint } = this
    const known = this.index.seek(fingerprint.a, fingerprint.b, record.kind)
    if (record.generation > 0 || this.#generations.size > 0) {
      const current = this.generation(record.kind)
      if (record.generation < current) return
      if (record.generation > current) {
        this.#generations.set(this.#id(record.kind), record.generation)
        if (known) this.index.remove()
        if (!record.forget) this.#begin(record)
        return
      }
      if (record.forget) return
    }
    if (known) this.#merge(record, how)
    else this.index.set(record.first, record.last, record.count)
  }

  /** Takes the key of `record` out; it carries the generation that begins with it. */
  forget(record: Record): void {
    if (this.seek(record)) this.index.remove()
    this.#generations.set(this.#id(record.kind), record.generation)
  }

  /** The later sighting tells; what had expired before the other began counts for nothing. */
  #merge(record: Record, how: 'add' | 'raise'): void {
    const { index } = this
    const { first, last, count } = index
    if (record.first > last && this.isGone(record.kind, index, record.first)) {
      index.set(record.first, record.last, record.count)
      return
    }
    if (first > record.last && this.isGone(record.kind, record, first)) return
    const sum = how === 'add' ? count + record.count : Math.max(count, record.count)
    const recordWins = this.#isLater(record.last, last)
    if (record.kind !== 0) index.set(Math.min(first, record.first), recordWins ? record.last : last, sum)
    else if (record.last === last) index.set(Math.min(first, record.first), last, sum)
    else if (recordWins) index.set(record.first, record.last, sum)
    else index.set(first, last, sum)
  }

  /** A time in the future was written by a wrong clock, and does not outdo one that is not. */
  #isLater(one: number, other: number): boolean {
    const limit = this.now + AHEAD
    return one > limit !== other > limit ? one <= limit : one > other
  }

  #begin(record: Record): void {
    this.index.seek(this.fingerprint.a, this.fingerprint.b, record.kind)
    this.index.set(record.first, record.last, record.count)
  }

  /** `kind` is an index into KINDS. */
  isGone(kind: number, seen: { readonly first: number; readonly last: number }, now: number): boolean {
    return now - seen.last > this.#lifetime(kind, seen.first, seen.last)
  }

  /** Takes out what has expired, some tables at a time; all of them after TABLES / `tables` calls. */
  sweep(tables: number): void {
    for (let i = 0; i < tables; i++) {
      this.index.sweep(this.#nextTable, (kind, first, last) => this.now - last > this.#lifetime(kind, first, last))
      this.#nextTable = (this.#nextTable + 1) % TABLES
    }
  }

  #lifetime(kind: number, first: number, last: number): number {
    return lifetimeOf({ kind: KINDS[kind] ?? 'triplet', first, last }, this.#lifetimes)
  }

  #id(kind: number): string {
    return `${this.fingerprint.a} ${this.fingerprint.b} ${kind}`
  }
}
