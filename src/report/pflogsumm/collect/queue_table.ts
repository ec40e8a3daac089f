/**
 * What is known of each queue id. pflogsumm forgets none until the end of the log: the first size seen counts for all mail of that
 * id, also when Postfix uses the id again. So this keeps all, in 16 bytes a slot: of the id only 64 bits of a hash.
 */

const FIRST_SLOTS = 4096
/** More full than this, and the table is doubled. */
const FULL = 0.7
const DEFERRED = 0x8000_0000
const ORIGIN = 0x7fff_ffff
/** As a size: too large for it, and kept in `#large`. */
const LARGE = 0xffff_ffff

/** Fields of a slot, which are side by side: one access to memory finds them all. */
const HASH = 0
const OTHER_HASH = 1
const SIZE = 2
/** The number of the origin + 1, and whether the message was deferred. */
const ORIGIN_FIELD = 3
const FIELDS = 4

export class QueueTable {
  #slots = new Uint32Array(FIRST_SLOTS * FIELDS)
  /** By its hashes: a mail of more than 4 GB is rare enough for a slow map. */
  readonly #large = new Map<string, number>()
  #used = 0

  /** The place of the queue id in `bytes`; good until the next call. */
  place(bytes: Uint8Array, from: number, to: number): number {
    let low = 0x811c9dc5
    let high = 0x2c1b3c6d
    for (let i = from; i < to; i++) {
      const byte = bytes[i] ?? 0
      low = Math.imul(low ^ byte, 0x01000193)
      high = Math.imul(high + byte, 0x2545f491)
      high ^= high >>> 13
    }
    low = (low ^ (high >>> 16)) >>> 0
    high = high >>> 0
    // Zeros mark a free slot.
    if (low === 0) low = 1
    const slots = this.#slots
    const mask = slots.length - FIELDS
    let slot = (low * FIELDS) & mask
    for (;;) {
      const there = slots[slot]
      if (there === low && slots[slot + OTHER_HASH] === high) return slot
      if (there === 0) break
      slot = (slot + FIELDS) & mask
    }
    if (this.#used * FIELDS >= slots.length * FULL) {
      this.#grow()
      return this.place(bytes, from, to)
    }
    this.#used++
    slots[slot + HASH] = low
    slots[slot + OTHER_HASH] = high
    return slot
  }

  /** Bytes; 0: not known. */
  size(place: number): number {
    const size = this.#slots[place + SIZE] ?? 0
    return size === LARGE ? (this.#large.get(this.#key(place)) ?? 0) : size
  }

  setSize(place: number, size: number): void {
    this.#slots[place + SIZE] = Math.min(size, LARGE)
    if (size >= LARGE) this.#large.set(this.#key(place), size)
  }

  /** The number of where the message came from, or -1. */
  origin(place: number): number {
    return ((this.#slots[place + ORIGIN_FIELD] ?? 0) & ORIGIN) - 1
  }

  /** -1 forgets it. */
  setOrigin(place: number, origin: number): void {
    const before = this.#slots[place + ORIGIN_FIELD] ?? 0
    this.#slots[place + ORIGIN_FIELD] = (before & DEFERRED) | (origin + 1)
  }

  /** Whether this is the first time that it is deferred. */
  defer(place: number): boolean {
    const before = this.#slots[place + ORIGIN_FIELD] ?? 0
    this.#slots[place + ORIGIN_FIELD] = before | DEFERRED
    return (before & DEFERRED) === 0
  }

  #key(place: number): string {
    return `${this.#slots[place]} ${this.#slots[place + OTHER_HASH]}`
  }

  #grow(): void {
    const before = this.#slots
    const slots = new Uint32Array(before.length * 2)
    const mask = slots.length - FIELDS
    for (let at = 0; at < before.length; at += FIELDS) {
      const low = before[at] ?? 0
      if (low === 0) continue
      let slot = (low * FIELDS) & mask
      while (slots[slot] !== 0) slot = (slot + FIELDS) & mask
      slots.set(before.subarray(at, at + FIELDS), slot)
    }
    this.#slots = slots
  }
}
