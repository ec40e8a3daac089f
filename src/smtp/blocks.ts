const FIRST_BLOCK = 4 * 1024
const BLOCK = 32 * 1024

/** Many short pieces, copied into a few blocks: neither the client's packets are kept alive, nor thousands of little buffers. */
export class Blocks {
  private full: Buffer[] = []
  private current: Buffer = Buffer.alloc(0)
  private used = 0
  /** Bytes in it. */
  size = 0

  add(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      if (this.used === this.current.length) this.grow(bytes.length - from)
      const count = Math.min(bytes.length - from, this.current.length - this.used)
      this.current.set(bytes.subarray(from, from + count), this.used)
      this.used += count
      from += count
    }
    this.size += bytes.length
  }

  /** All of it, which is theirs now. */
  take(): Buffer[] {
    const blocks = this.all()
    this.full = []
    this.current = Buffer.alloc(0)
    this.used = 0
    this.size = 0
    return blocks
  }

  /** All of it, to be read. */
  all(): Buffer[] {
    return this.used === 0 ? [...this.full] : [...this.full, this.current.subarray(0, this.used)]
  }

  private grow(wanted: number): void {
    if (this.used > 0) this.full.push(this.current)
    this.current = Buffer.allocUnsafe(Math.min(BLOCK, Math.max(FIRST_BLOCK, this.size, wanted)))
    this.used = 0
  }
}
