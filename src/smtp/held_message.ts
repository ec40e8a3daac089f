import type { OpenSpool, Spool } from '../model/spool.ts'
import { Blocks } from './blocks.ts'

/** A message that waits: in memory, and what is spilled in a spool. */
export class HeldMessage {
  private readonly memory = new Blocks()
  private readonly openSpool: OpenSpool
  private spool: Spool | null = null

  constructor(openSpool: OpenSpool) {
    this.openSpool = openSpool
  }

  /** Bytes in memory. */
  get staged(): number {
    return this.memory.size
  }

  /** The chunks are copied: the pieces of the client's packets must not be kept alive, or changed, by what comes after them. */
  add(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.memory.add(chunk)
  }

  /** Moves what is in memory to the spool; a text says why that cannot be. */
  async spill(): Promise<string | null> {
    this.spool ??= this.openSpool()
    for (const block of this.memory.take()) {
      const problem = await this.spool.write(block)
      if (problem !== null) return problem
    }
    return null
  }

  /** Takes what is in memory out of it. */
  takeStaged(): Buffer[] {
    return this.memory.take()
  }

  /** The whole message. Throws when it cannot be read any more. */
  async *read(): AsyncGenerator<Uint8Array, void, void> {
    // The end of a spooled message may still be in memory.
    if (this.spool !== null) yield* this.spool.read()
    yield* this.memory.all()
  }

  /** It will not be needed. Safe at any time. */
  discard(): void {
    this.memory.take()
    this.spool?.close()
  }
}
