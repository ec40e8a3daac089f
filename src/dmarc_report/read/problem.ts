/** What was given is no report that can be read. */
export class ReportSyntaxError extends SyntaxError {}

/** How much of one file or mail is unpacked: larger than any report that was seen, and small enough for a memory. */
export const MAX_UNPACKED = 104_857_600

/** Counts down what may still be unpacked, over all files in one. */
export class Budget {
  #left: number

  constructor(bytes = MAX_UNPACKED) {
    this.#left = bytes
  }

  /** At least 1: zlib knows no 0. */
  get left(): number {
    return Math.max(this.#left, 1)
  }

  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw new ReportSyntaxError(`Cannot unpack the report: it is larger than ${MAX_UNPACKED} bytes`)
  }
}
