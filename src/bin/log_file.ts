import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import type { Clock } from '../util/clock.ts'

/** How often it is looked whether the file was rotated away. */
const LOOK_EVERY_MS = 1000
/** Owner writes, group (adm on Debian) reads. */
export const LOG_FILE_MODE = 0o640

/** A log file that is opened again when it was renamed or removed, and when asked to. */
export class LogFile {
  readonly #path: string
  readonly #clock: Clock
  #fd: number | null = null
  #lookedAt = Number.NEGATIVE_INFINITY
  /** Why it cannot be opened; told once. */
  readonly #warn: (text: string) => void
  #warned = false

  constructor(path: string, clock: Clock, warn: (text: string) => void) {
    this.#path = path
    this.#clock = clock
    this.#warn = warn
  }

  /** The open file, or null when it cannot be opened now. */
  fd(): number | null {
    const now = this.#clock.monotonic()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return this.#fd
    this.#lookedAt = now
    if (this.#fd !== null && !this.#isSame(this.#fd)) this.close()
    if (this.#fd === null) this.#open()
    return this.#fd
  }

  /** After a rotation: the next line goes to a new file. */
  reopen(): void {
    this.close()
    this.#lookedAt = Number.NEGATIVE_INFINITY
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #isSame(fd: number): boolean {
    const named = statSync(this.#path, { throwIfNoEntry: false })
    const open = fstatSync(fd)
    return named !== undefined && named.ino === open.ino && named.dev === open.dev
  }

  #open(): void {
    try {
      this.#fd = openSync(this.#path, 'a', LOG_FILE_MODE)
      this.#warned = false
    } catch (error) {
      if (!this.#warned)
        this.#warn(`cannot open the log file ${this.#path}: ${error instanceof Error ? error.message : error}`)
      this.#warned = true
    }
  }
}
