/**
 * What is known of each queue id. pflogsumm forgets none until the end of the log: the first size seen counts for all mail of that
 * id, also when Postfix uses the id again. So this keeps all, in 16 bytes a slot: of the id only 64 bits of a hash.
 */

const FIRST_SLOTS = 4096
/** More full than this, and the table is doubled. */
const FULL = 0.7
const DEFERRED = 0x8000_0000
const ORIGIN = 0x7fff_ffff
/** In `#sizes`: too large for it, and kept in `#large`. */
const LARGE = 0xffff_ffff

export class QueueTable {
  #low = new Uint32Array(FIRST_SLOTS)
  #high = new Uint32Array(FIRST_SLOTS)
  #sizes = new Uint32Array(FIRST_SLOTS)
  /** The number of the origin + 1, and whether the message was deferred. */
  #origins = new Uint32Array(FIRST_SLOTS)
  /** By slot's hash as text: a mail of more than 4 GB is rare enough for a slow map. */
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
    const mask = this.#low.length - 1
    let slot = low & mask
    for (;;) {
      const there = this.#low[slot]
      if (there === low && this.#high[slot] === high) return slot
      if (there === 0) break
      slot = (slot + 1) & mask
    }
    if (this.#used >= this.#low.length * FULL) {
      this.#grow()
      return this.place(bytes, from, to)
    }
    this.#used++
    this.#low[slot] = low
    this.#high[slot] = high
    return slot
  }

  /** Bytes; 0: not known. */
  size(place: number): number {
    const size = this.#sizes[place] ?? 0
    return size === LARGE ? (this.#large.get(this.#key(place)) ?? 0) : size
  }

  setSize(place: number, size: number): void {
    if (size < LARGE) this.#sizes[place] = size
    else {
      this.#sizes[place] = LARGE
      this.#large.set(this.#key(place), size)
    }
  }

  /** The number of where the message came from, or -1. */
  origin(place: number): number {
    return ((this.#origins[place] ?? 0) & ORIGIN) - 1
  }

  /** -1 forgets it. */
  setOrigin(place: number, origin: number): void {
    this.#origins[place] = ((this.#origins[place] ?? 0) & DEFERRED) | (origin + 1)
  }

  /** Whether this is the first time that it is deferred. */
  defer(place: number): boolean {
    const before = this.#origins[place] ?? 0
    this.#origins[place] = before | DEFERRED
    return (before & DEFERRED) === 0
  }

  #key(place: number): string {
    return `${this.#low[place]} ${this.#high[place]}`
  }

  #grow(): void {
    const [low, high, sizes, origins] = [this.#low, this.#high, this.#sizes, this.#origins]
    const length = low.length * 2
    this.#low = new Uint32Array(length)
    this.#high = new Uint32Array(length)
    this.#sizes = new Uint32Array(length)
    this.#origins = new Uint32Array(length)
    for (let i = 0; i < low.length; i++) {
      const key = low[i] ?? 0
      if (key === 0) continue
      let slot = key & (length - 1)
      while (this.#low[slot] !== 0) slot = (slot + 1) & (length - 1)
      this.#low[slot] = key
      this.#high[slot] = high[i] ?? 0
      this.#sizes[slot] = sizes[i] ?? 0
      this.#origins[slot] = origins[i] ?? 0
    }
  }
}
