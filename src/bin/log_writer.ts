import { write } from 'node:fs'
import type { Clock, Timer } from '../util/clock.ts'

export interface WriterOptions {
  /** Where the next batch goes; null: nowhere at the moment. Asked before each batch. */
  readonly fd: () => number | null
  readonly clock: Clock
  /** A batch is at most so long, unless one line alone is longer. */
  readonly batchBytes: number
  /** What waits is at most so much; more is lost, and counted. */
  readonly maxWaitingBytes: number
  /** Makes the line that tells how many lines were lost. */
  readonly lostLine: (count: number) => string
}

/** A full disk or a reader that sleeps is tried again after this time. */
const RETRY_MS = 100
/** After a write lines gather for so long: a write for each turn of a busy event loop would cost more than all its lines. */
const REST_MS = 5

/**
 * Writes lines to a file, pipe or terminal without ever blocking: one write at a time in the background, and a bounded
 * number of lines that wait for it. Batches end at line ends, so that several processes may write to the same place.
 */
export class LogWriter {
  readonly #options: WriterOptions
  #waiting: string[] = []
  #waitingBytes = 0
  #busy = false
  /** Until when lines gather. */
  #rest: Timer | null = null
  #lost = 0
  #idle: (() => void)[] = []

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Takes one line, without its line end. */
  add(line: string): void {
    if (this.#lost > 0 && this.#room()) {
      const count = this.#lost
      this.#lost = 0
      this.#push(this.#options.lostLine(count))
    }
    if (this.#room()) this.#push(line)
    else this.#lost++
    this.#next()
  }

  /** Resolves when everything is written, or after `ms`. */
  flush(ms: number): Promise<void> {
    if (!this.#busy && this.#waiting.length === 0) return Promise.resolve()
    return new Promise(resolve => {
      const timer = this.#options.clock.after(ms, resolve)
      this.#idle.push(() => {
        timer.cancel()
        resolve()
      })
      this.#endRest()
    })
  }

  #room(): boolean {
    return this.#waitingBytes < this.#options.maxWaitingBytes
  }

  #push(line: string): void {
    this.#waiting.push(line)
    this.#waitingBytes += Buffer.byteLength(line) + 1
  }

  #next(): void {
    if (this.#busy || this.#rest !== null) return
    const batch = this.#takeBatch()
    if (batch === null) {
      for (const resolve of this.#idle.splice(0)) resolve()
      return
    }
    this.#busy = true
    this.#write(batch)
  }

  #write(bytes: Buffer): void {
    const fd = this.#options.fd()
    if (fd === null) {
      this.#retry(bytes)
      return
    }
    write(fd, bytes, (error, written) => {
      if (error !== null) return this.#retry(bytes)
      if (written < bytes.length) return this.#write(bytes.subarray(written))
      this.#busy = false
      if (this.#idle.length > 0 || this.#waitingBytes >= this.#options.batchBytes) this.#next()
      else this.#rest = this.#options.clock.after(REST_MS, () => this.#endRest())
    })
  }

  #endRest(): void {
    this.#rest?.cancel()
    this.#rest = null
    this.#next()
  }

  #retry(bytes: Buffer): void {
    this.#options.clock.after(RETRY_MS, () => this.#write(bytes))
  }

  #takeBatch(): Buffer | null {
    let length = 0
    let count = 0
    for (const line of this.#waiting) {
      const size = Buffer.byteLength(line) + 1
      if (count > 0 && length + size > this.#options.batchBytes) break
      length += size
      count++
    }
    if (count === 0) return null
    const lines = this.#waiting.splice(0, count)
    this.#waitingBytes -= length
    // Made into bytes together: some thousand lines a second are nothing special.
    return Buffer.from(lines.join('\n') + '\n')
  }
}
