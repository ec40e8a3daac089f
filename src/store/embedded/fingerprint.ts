/**
 * Keys as 64 bits. HalfSipHash-1-3 (Aumasson and Bernstein; the Linux kernel's hsiphash) is made for hash tables that strangers
 * fill: who does not know the seed cannot make two keys meet. Ten million keys meet by chance once in 150,000 such stores.
 */

/** Twice 32 bits, drawn by each process and told to nobody: the files have the keys, not their fingerprints. */
export interface HashSeed {
  readonly low: number
  readonly high: number
}

export class Fingerprinter {
  readonly #low: number
  readonly #high: number
  /** The two halves of the last fingerprint, 32 bits with sign: a result that needs no object. */
  a = 0
  b = 0

  constructor(seed: HashSeed) {
    this.#low = seed.low | 0
    this.#high = seed.high | 0
  }

  /** Of bytes[start..end); sets `a` and `b`. */
  read(bytes: Uint8Array, start: number, end: number): void {
    let v0 = this.#low
    let v1 = this.#high ^ 0xee
    let v2 = 0x6c796765 ^ this.#low
    let v3 = 0x74656462 ^ this.#high
    const length = end - start
    const whole = end - (length & 3)
    // Rounds: one for each word, the last word carrying the length; then 3 and 3 that finish the halves.
    const words = ((length >> 2) + 1) | 0
    let at = start
    for (let round = 0; round < words + 6; round++) {
      let word = 0
      if (at < whole) {
        word =
          (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
        at += 4
      } else if (round === words - 1) {
        word = length << 24
        if (end - at > 2) word |= (bytes[at + 2] ?? 0) << 16
        if (end - at > 1) word |= (bytes[at + 1] ?? 0) << 8
        if (end - at > 0) word |= bytes[at] ?? 0
      } else if (round === words) {
        v2 ^= 0xee
      } else if (round === words + 3) {
        this.a = v1 ^ v3
        v1 ^= 0xdd
      }
      v3 ^= word
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
    }
    this.b = v1 ^ v3
  }
}
