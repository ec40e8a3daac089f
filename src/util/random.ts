import { randomFillSync } from 'node:crypto'

/** Randomness comes in by argument, so that a test can repeat it. The only file that asks the system for it. */
export interface Random {
  /** A whole number, 0 <= n < limit; limit is 1 to 2^32. */
  below(limit: number): number
  bytes(count: number): Uint8Array
}

/** One system call fills this many numbers: asking for each alone would cost more than the DNS query that needs it. */
const POOL_WORDS = 1024

/** Cryptographically strong: fit for DNS query ids, ports and identifiers that must not be guessed. */
export const systemRandom: Random = makeRandom(words => {
  randomFillSync(words)
})

/** The same numbers for the same seed, for tests and generated sessions; not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return makeRandom(words => {
    for (let i = 0; i < words.length; i++) {
      // xorshift would stick at zero; a Weyl step with a mix (splitmix32) has no such seed.
      state = (state + 0x9e3779b9) >>> 0
      let word = state
      word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
      words[i] = (word ^ (word >>> 15)) >>> 0
    }
  })
}

function makeRandom(fill: (words: Uint32Array) => void): Random {
  const pool = new Uint32Array(POOL_WORDS)
  let next = POOL_WORDS
  const word = (): number => {
    if (next >= POOL_WORDS) {
      fill(pool)
      next = 0
    }
    return pool[next++] ?? 0
  }
  return {
    below(limit) {
      if (!Number.isInteger(limit) || limit < 1 || limit > 2 ** 32)
        throw new RangeError(`Cannot draw a random number: limit is ${limit}, wanted 1 to 4294967296`)
      // Numbers of the last, incomplete round are drawn again: taking them would favour small results.
      const whole = 2 ** 32 - (2 ** 32 % limit)
      let drawn = word()
      while (drawn >= whole) drawn = word()
      return drawn % limit
    },
    bytes(count) {
      const bytes = new Uint8Array(count)
      for (let i = 0; i < count; i++) bytes[i] = word() & 0xff
      return bytes
    },
  }
}
