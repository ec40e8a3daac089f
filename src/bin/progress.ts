/** A bar on the terminal for work that takes a while. */
import type { Clock } from '../util/clock.ts'

export interface ProgressTarget {
  write(text: string): void
  /** Columns; null: no terminal, and there is no bar. */
  readonly width: number | null
}

/** Work that is over sooner needs none. */
const PATIENCE_MS = 700
const REDRAW_MS = 100

export class Progress {
  readonly #target: ProgressTarget
  readonly #clock: Clock
  /** Null: nobody knows. */
  readonly #totalBytes: number | null
  readonly #startMs: number
  #doneBytes = 0
  #lines = 0
  #drawnMs = 0
  #isDrawn = false

  constructor(options: { readonly target: ProgressTarget; readonly clock: Clock; readonly totalBytes: number | null }) {
    this.#target = options.target
    this.#clock = options.clock
    this.#totalBytes = options.totalBytes
    this.#startMs = options.clock.monotonic()
  }

  /** So many more bytes of the files, and lines in them. */
  add(bytes: number, lines: number): void {
    this.#doneBytes += bytes
    this.#lines += lines
    if (this.#target.width === null) return
    const now = this.#clock.monotonic()
    if (now - this.#startMs < PATIENCE_MS || now - this.#drawnMs < REDRAW_MS) return
    this.#drawnMs = now
    this.#isDrawn = true
    this.#target.write(`\r${this.#text(now, this.#target.width - 1)}\x1b[K`)
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#isDrawn) this.#target.write('\r\x1b[K')
    this.#isDrawn = false
  }

  #text(now: number, width: number): string {
    const seconds = (now - this.#startMs) / 1000
    const count = `${(this.#lines / 1e6).toFixed(1)} million lines`
    if (this.#totalBytes === null || this.#totalBytes === 0) return count.slice(0, width)
    const share = Math.min(1, this.#doneBytes / this.#totalBytes)
    const left = share > 0 ? Math.ceil((seconds * (1 - share)) / share) : 0
    const tail = ` ${String(Math.floor(share * 100)).padStart(3)}%  ${count}, ${left} s left`
    const room = Math.min(40, width - tail.length - 2)
    if (room < 5) return tail.trim().slice(0, width)
    const full = Math.round(room * share)
    return `[${'#'.repeat(full)}${'.'.repeat(room - full)}]${tail}`
  }
}
