import fs from 'node:fs'
import type { OpenFile } from './files.ts'
import { type FrameVisitor, MAX_PAYLOAD, type Record, readFrames } from './record.ts'

/** Big enough that a system call costs nothing beside what it brings; small enough that a session does not notice. */
const CHUNK = 1_048_576
/** One for all readers of the process: nothing waits while it is in use. */
const chunk = Buffer.allocUnsafeSlow(CHUNK)

/** Reads one file from its beginning, and on when more has come. */
export class FileReader {
  readonly file: OpenFile
  #position = 0
  #unsound = 0
  #isEnded = false

  constructor(file: OpenFile) {
    this.file = file
  }

  /** Its writer said that there is no more. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Bytes that were no sound record, with sound ones after them or where the header should be. */
  get unsound(): number {
    return this.#unsound + (this.file.header === null ? 1 : 0)
  }

  get position(): number {
    return this.#position
  }

  /** Hands out what is there, at most a chunk; false: there was nothing more. Throws what read(2) says. */
  readChunk(onRecord: (record: Record) => void): boolean {
    const length = fs.readSync(this.file.fd, chunk, 0, CHUNK, this.#position)
    if (length === 0) return false
    const visitor: FrameVisitor = {
      record: onRecord,
      header: () => undefined,
      end: () => {
        this.#isEnded = true
      },
    }
    const { at, unsound } = readFrames({ bytes: chunk, length, isEnd: length < CHUNK }, visitor)
    this.#position += at
    this.#unsound += unsound
    if (at === 0 && length === CHUNK) this.#skipWilderness()
    return length === CHUNK
  }

  /** A chunk without any sound frame; one may begin in its last part. */
  #skipWilderness(): void {
    const skipped = CHUNK - 2 * MAX_PAYLOAD
    this.#position += skipped
    this.#unsound += skipped
  }

  close(): void {
    fs.closeSync(this.file.fd)
  }
}
