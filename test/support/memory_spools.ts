import type { Spool } from '../../src/model/spool.ts'

/** Spools in memory, with a limit that a test chooses. */
export class MemorySpools {
  readonly #limit: number
  /** Bytes in spools that are not closed. */
  used = 0
  /** The most that ever was in them. */
  peak = 0
  opened = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  open(): Spool {
    const chunks: Uint8Array[] = []
    let size = 0
    let closed = false
    this.opened++
    return {
      write: async chunk => {
        if (this.used + chunk.length > this.#limit) return 'No space left on device'
        chunks.push(Uint8Array.from(chunk))
        size += chunk.length
        this.used += chunk.length
        this.peak = Math.max(this.peak, this.used)
        return null
      },
      async *read() {
        yield* chunks
      },
      close: () => {
        if (closed) return
        closed = true
        this.opened--
        this.used -= size
      },
    }
  }
}
