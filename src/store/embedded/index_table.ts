/**
 * Who is known and since when, without the text of the keys: 20 bytes a slot, about 27 an entry. Many small tables, each of which
 * grows by itself, so that the largest pause is that of copying one of them (at ten million entries: 5,000 slots).
 */
import type { MemoryKind } from '../../model/memory.ts'

/** Their number in a slot is one more, so that an empty slot is 0. */
export const KINDS: readonly MemoryKind[] = ['triplet', 'client', 'correspondent']

export const TABLES = 2048
const TABLE_SHIFT = 21

/** A slot: fingerprint a; fingerprint b with the kind in its last two bits; first; last; count. */
const FIELDS = 5
const FIRST_CAPACITY = 4
/** Three quarters full on the average, and the probes still short. */
const MAX_LOAD = 0.82
const GROWTH = 1.25

/** Finds with a cursor: `seek` sets it, the getters and `set`, `remove` are about what was sought last. */
export class IndexTable {
  readonly #tables: Uint32Array[] = Array.from({ length: TABLES }, () => new Uint32Array(FIRST_CAPACITY * FIELDS))
  readonly #sizes = new Uint32Array(TABLES)
  #size = 0
  #a = 0
  #b = 0
  #number = 0
  #table: Uint32Array = new Uint32Array(0)
  #at = 0

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#tables.reduce((sum, table) => sum + table.byteLength, 0)
  }

  get first(): number {
    return this.#table[this.#at + 2] ?? 0
  }

  get last(): number {
    return this.#table[this.#at + 3] ?? 0
  }

  get count(): number {
    return this.#table[this.#at + 4] ?? 0
  }

  /** Whether it is there. `a` and `b` are a fingerprint, `kind` an index into KINDS. */
  seek(a: number, b: number, kind: number): boolean {
    this.#a = a >>> 0
    this.#b = ((b & ~3) | (kind + 1)) >>> 0
    this.#number = this.#a >>> TABLE_SHIFT
    this.#table = this.#tables[this.#number] ?? this.#table
    return this.#probe()
  }

  /** Something of the place where this fingerprint is sought first: brings it into the processor's cache. */
  peek(a: number, b: number): number {
    const table = this.#tables[a >>> TABLE_SHIFT]
    return table?.[homeOf(b >>> 0, table.length / FIELDS) * FIELDS + 1] ?? 0
  }

  /** Writes what was sought last, whether it was there or not. */
  set(first: number, last: number, count: number): void {
    if (this.#table[this.#at + 1] === 0) this.#makeRoom()
    const table = this.#table
    table[this.#at] = this.#a
    table[this.#at + 1] = this.#b
    table[this.#at + 2] = first
    table[this.#at + 3] = last
    table[this.#at + 4] = Math.min(count, 0xffffffff)
  }

  /** Only after a `seek` that found it. */
  remove(): void {
    const table = this.#table
    const capacity = table.length / FIELDS
    let hole = this.#at / FIELDS
    // Who was pushed on by the one that goes moves back, so that no mark has to be left.
    for (let at = (hole + 1) % capacity; table[at * FIELDS + 1] !== 0; at = (at + 1) % capacity) {
      const home = homeOf(table[at * FIELDS + 1] ?? 0, capacity)
      const stays = hole <= at ? hole < home && home <= at : hole < home || home <= at
      if (stays) continue
      table.copyWithin(hole * FIELDS, at * FIELDS, at * FIELDS + FIELDS)
      hole = at
    }
    table.fill(0, hole * FIELDS, hole * FIELDS + FIELDS)
    this.#sizes[this.#number] = (this.#sizes[this.#number] ?? 1) - 1
    this.#size--
  }

  /** Takes what `isGone` out of one of the TABLES; `kind` is an index into KINDS. */
  sweep(number: number, isGone: (kind: number, first: number, last: number) => boolean): void {
    const old = this.#tables[number]
    if (old === undefined) return
    const size = this.#sizes[number] ?? 0
    let gone = 0
    for (let at = 0; at < old.length; at += FIELDS) {
      const b = old[at + 1] ?? 0
      if (b === 0 || !isGone((b & 3) - 1, old[at + 2] ?? 0, old[at + 3] ?? 0)) continue
      old[at + 1] = 0
      gone++
    }
    if (gone === 0) return
    this.#size -= gone
    this.#sizes[number] = size - gone
    this.#rebuild(number, capacityFor(size - gone))
  }

  /** Makes room for so many in all at once, so that filling it does not copy it again and again. */
  reserve(entries: number): void {
    const capacity = capacityFor(Math.ceil((entries / TABLES) * 1.04))
    for (const [number, table] of this.#tables.entries()) {
      if (table.length < capacity * FIELDS) this.#rebuild(number, capacity)
    }
  }

  #probe(): boolean {
    const table = this.#table
    const length = table.length
    let at = homeOf(this.#b, length / FIELDS) * FIELDS
    for (;;) {
      const b = table[at + 1]
      if (b === 0) break
      if (b === this.#b && table[at] === this.#a) {
        this.#at = at
        return true
      }
      at += FIELDS
      if (at === length) at = 0
    }
    this.#at = at
    return false
  }

  #makeRoom(): void {
    const size = (this.#sizes[this.#number] ?? 0) + 1
    this.#sizes[this.#number] = size
    this.#size++
    const capacity = this.#table.length / FIELDS
    if (size <= capacity * MAX_LOAD) return
    this.#table = this.#rebuild(this.#number, Math.ceil(capacity * GROWTH))
    this.#probe()
  }

  #rebuild(number: number, capacity: number): Uint32Array {
    const old = this.#tables[number] ?? new Uint32Array(0)
    const table = new Uint32Array(capacity * FIELDS)
    for (let from = 0; from < old.length; from += FIELDS) {
      const b = old[from + 1] ?? 0
      if (b === 0) continue
      let at = homeOf(b, capacity) * FIELDS
      while (table[at + 1] !== 0) at = (at + FIELDS) % table.length
      for (let field = 0; field < FIELDS; field++) table[at + field] = old[from + field] ?? 0
    }
    this.#tables[number] = table
    return table
  }
}

function homeOf(b: number, capacity: number): number {
  return Math.floor((b * capacity) / 2 ** 32)
}

function capacityFor(size: number): number {
  return Math.max(FIRST_CAPACITY, Math.ceil((size + 1) / MAX_LOAD))
}
