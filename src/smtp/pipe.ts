/** Hands chunks from whoever reads the client to the next hop, no faster than the next hop takes them. */
export class Pipe implements AsyncIterable<Uint8Array> {
  private chunks: Uint8Array[] = []
  private size = 0
  private finished = false
  private failure: Error | null = null
  /** The reader has stopped reading: what still comes is dropped. */
  private abandoned = false
  private readonly highWater: number
  private wakeReader: (() => void) | null = null
  private wakeWriter: (() => void) | null = null

  constructor(highWater: number) {
    this.highWater = highWater
  }

  /** Resolves when there is room for more. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.abandoned || chunk.length === 0) return
    this.chunks.push(chunk)
    this.size += chunk.length
    this.wakeReader?.()
    while (this.size > this.highWater && !this.abandoned) {
      await new Promise<void>(resolve => {
        this.wakeWriter = resolve
      })
    }
  }

  end(): void {
    this.finished = true
    this.wakeReader?.()
  }

  /** The reader gets this error instead of an end, so that it delivers nothing. */
  fail(error: Error): void {
    this.failure = error
    this.wakeReader?.()
    this.abandon()
  }

  /** Nobody will read on. */
  abandon(): void {
    this.abandoned = true
    this.chunks = []
    this.size = 0
    this.wakeWriter?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) {
        if (this.failure !== null) throw this.failure
        const chunk = this.chunks.shift()
        if (chunk !== undefined) {
          this.size -= chunk.length
          if (this.size <= this.highWater) this.wakeWriter?.()
          yield chunk
        } else if (this.finished) return
        else
          await new Promise<void>(resolve => {
            this.wakeReader = resolve
          })
      }
    } finally {
      this.abandon()
    }
  }
}
