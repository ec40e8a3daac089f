/** Chunks of a log into blocks of whole lines. */
import { NEWLINE } from './collect/bytes.ts'
import { type Block, roomFor } from './collect/tasks.ts'

/** Large enough that what is done once a block does not matter, small enough for the cache of a processor. */
export const BLOCK_BYTES = 1 << 18

/** `length` bytes of the block are lines. */
export interface FilledBlock<B extends Block> {
  readonly block: B
  readonly length: number
}

/** A block in memory that another thread sees, too. */
export function makeBlock(): Block & { readonly memory: SharedArrayBuffer } {
  const memory = new SharedArrayBuffer(BLOCK_BYTES + roomFor(BLOCK_BYTES) * Int32Array.BYTES_PER_ELEMENT)
  return { memory, ...blockIn(memory) }
}

export function blockIn(memory: SharedArrayBuffer): Block {
  return { bytes: Buffer.from(memory, 0, BLOCK_BYTES), fields: new Int32Array(memory, BLOCK_BYTES) }
}

/**
 * Copies `chunks` into blocks that `lend` gives, and gives each away when it is full. A line that fills a whole block loses the
 * rest of it: no line of a log is that long. If the chunks end in an error, that is thrown after what came before it.
 */
export async function* fillBlocks<B extends Block>(
  chunks: AsyncIterable<Uint8Array>,
  lend: () => Promise<B> | B,
): AsyncGenerator<FilledBlock<B>> {
  const filler = new Filler(await lend())
  let failure: { readonly error: unknown } | null = null
  try {
    for await (const chunk of chunks)
      for (let at = 0; at < chunk.length; ) {
        at = filler.take(chunk, at)
        if (filler.isFull) yield filler.next(await lend())
      }
  } catch (error) {
    failure = { error }
  }
  yield filler.last()
  if (failure !== null) throw failure.error
}

class Filler<B extends Block> {
  #block: B
  #used = 0
  /** Whether the rest of a line is left out. */
  #isSkipping = false

  constructor(block: B) {
    this.#block = block
  }

  get isFull(): boolean {
    return this.#used === BLOCK_BYTES
  }

  /** Copies from `at` on; where it has come to. */
  take(chunk: Uint8Array, at: number): number {
    if (this.#isSkipping) {
      const end = chunk.indexOf(NEWLINE, at)
      this.#isSkipping = end < 0
      return end < 0 ? chunk.length : end + 1
    }
    const part = chunk.subarray(at, at + BLOCK_BYTES - this.#used)
    this.#block.bytes.set(part, this.#used)
    this.#used += part.length
    return at + part.length
  }

  /** The full block; what it has behind its last line goes into `next`. */
  next(next: B): FilledBlock<B> {
    const block = this.#block
    let length = block.bytes.lastIndexOf(NEWLINE) + 1
    if (length === 0) {
      this.#isSkipping = true
      block.bytes[BLOCK_BYTES - 1] = NEWLINE
      length = BLOCK_BYTES
    }
    next.bytes.set(block.bytes.subarray(length), 0)
    this.#used = BLOCK_BYTES - length
    this.#block = next
    return { block, length }
  }

  /** What is left, its last line ended. */
  last(): FilledBlock<B> {
    const { bytes } = this.#block
    if (this.#used > 0 && bytes[this.#used - 1] !== NEWLINE) bytes[this.#used++] = NEWLINE
    return { block: this.#block, length: this.#used }
  }
}
