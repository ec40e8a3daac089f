/** Strings by number: an address that is seen a million times is kept once, and looking it up makes no garbage. */

const FIRST_SLOTS = 1024
const FIRST_BYTES = 16_384
/** Odd, with bits everywhere. */
const HASH_START = 0x2c1b3c6d
const HASH_STEP = 0x9e3779b1

export class Names {
  #bytes = Buffer.alloc(FIRST_BYTES)
  #used = 0
  /** Number → where its bytes end; they begin where those of the number before end. */
  #ends = new Int32Array(FIRST_SLOTS / 2)
  /** Two fields a slot: the number + 1 (0 is free), and the hash beside it, so that a look is one access to memory. */
  #slots = new Int32Array(FIRST_SLOTS * 2)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The number of the bytes from `from` to before `to`; a new one, from 0 upwards, if they are new. */
  intern(bytes: Uint8Array, from: number, to: number): number {
    let hash = HASH_START ^ (to - from)
    let at = from
    // Four at a time: a multiplication is slow where the next one waits for it.
    for (; at + 4 <= to; at += 4) {
      const four =
        (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
      hash = Math.imul(hash ^ four, HASH_STEP)
      hash ^= hash >>> 15
    }
    for (; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), HASH_STEP)
    hash ^= hash >>> 13
    const slots = this.#slots
    const mask = slots.length - 2
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const number = (slots[slot] ?? 0) - 1
      if (number < 0) return this.#add(hash, slot, bytes.subarray(from, to))
      if (slots[slot + 1] === hash && this.#match(number, bytes, from) === to) return number
    }
  }

  /** Where the name of that number ends in `bytes`, if it begins at `from`; -1: another one does. */
  #match(number: number, bytes: Uint8Array, from: number): number {
    const own = this.#bytes
    const start = number === 0 ? 0 : (this.#ends[number - 1] ?? 0)
    const length = (this.#ends[number] ?? 0) - start
    for (let i = 0; i < length; i++) if (own[start + i] !== bytes[from + i]) return -1
    return from + length
  }

  /** The same for a latin1 string. */
  internText(text: string): number {
    const bytes = Buffer.from(text, 'latin1')
    return this.intern(bytes, 0, bytes.length)
  }

  /** As latin1. */
  text(number: number): string {
    return this.#bytes.toString('latin1', this.#start(number), this.#ends[number])
  }

  #start(number: number): number {
    return number === 0 ? 0 : (this.#ends[number - 1] ?? 0)
  }

  #add(hash: number, slot: number, name: Uint8Array): number {
    const number = this.#size++
    while (this.#used + name.length > this.#bytes.length) {
      const larger = Buffer.alloc(this.#bytes.length * 2)
      this.#bytes.copy(larger)
      this.#bytes = larger
    }
    this.#bytes.set(name, this.#used)
    this.#used += name.length
    if (number === this.#ends.length) this.#ends = larger(this.#ends)
    this.#ends[number] = this.#used
    this.#slots[slot] = number + 1
    this.#slots[slot + 1] = hash
    if (this.#size * 4 > this.#slots.length) this.#rehash()
    return number
  }

  #rehash(): void {
    const before = this.#slots
    const slots = larger(before).fill(0)
    const mask = slots.length - 2
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] === 0) continue
      const hash = before[at + 1] ?? 0
      let slot = (hash << 1) & mask
      while (slots[slot] !== 0) slot = (slot + 2) & mask
      slots[slot] = before[at] ?? 0
      slots[slot + 1] = hash
    }
    this.#slots = slots
  }
}

function larger(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2)
  copy.set(array)
  return copy
}
