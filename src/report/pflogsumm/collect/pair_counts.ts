/** How often two numbers were seen together. */

const FIRST_SLOTS = 1024

export class PairCounts {
  /** Three fields a slot: the first number + 1 (0 is free), the second, how often. */
  #slots = new Int32Array(FIRST_SLOTS * 3)
  #size = 0

  add(first: number, second: number): void {
    const slot = this.#find(first, second)
    const slots = this.#slots
    if (slots[slot] === 0) {
      slots[slot] = first + 1
      slots[slot + 1] = second
      this.#size++
    }
    slots[slot + 2] = (slots[slot + 2] ?? 0) + 1
    if (this.#size * 2 > slots.length / 3) this.#grow()
  }

  *[Symbol.iterator](): Generator<readonly [first: number, second: number, count: number]> {
    const slots = this.#slots
    for (let at = 0; at < slots.length; at += 3)
      if (slots[at] !== 0) yield [(slots[at] ?? 0) - 1, slots[at + 1] ?? 0, slots[at + 2] ?? 0]
  }

  #find(first: number, second: number): number {
    const slots = this.#slots
    const mask = slots.length / 3 - 1
    let hash = Math.imul(first + 1, 0x9e3779b1) ^ Math.imul(second + 1, 0x85ebca6b)
    hash ^= hash >>> 15
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const there = slots[slot * 3]
      if (there === 0 || (there === first + 1 && slots[slot * 3 + 1] === second)) return slot * 3
    }
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Int32Array(before.length * 2)
    for (let at = 0; at < before.length; at += 3)
      if (before[at] !== 0)
        this.#slots.set(before.subarray(at, at + 3), this.#find((before[at] ?? 0) - 1, before[at + 1] ?? 0))
  }
}
