import fs from 'node:fs'
import type { OpenFile } from './files.ts'
import { type FrameVisitor, MAX_PAYLOAD, type Record, readFrames } from './record.ts'

/** Big enough that a system call costs nothing beside what it brings: some ten milliseconds of work. */
const CHUNK = 1_048_576
/** Where sessions are served meanwhile: a millisecond or two. Holds two of the largest frames, so that reading gets on. */
export const SLICE = 163_840
/** A little more than that. */
const LARGEST_FRAME = MAX_PAYLOAD + 100
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

  /** Hands out what is there, at most `size` bytes of it; false: there was nothing more. Throws what read(2) says. */
  readChunk(onRecord: (record: Record) => void, size = CHUNK): boolean {
    const length = fs.readSync(this.file.fd, chunk, 0, size, this.#position)
    if (length === 0) return false
    const visitor: FrameVisitor = {
      record: onRecord,
      header: () => undefined,
      end: () => {
        this.#isEnded = true
      },
    }
    const { at, unsound } = readFrames({ bytes: chunk, length, isEnd: length < size }, visitor)
    this.#position += at
    this.#unsound += unsound
    if (at === 0 && length === size) this.#skipWilderness(size)
    return length === size
  }

  /** So many bytes without any sound frame; one may begin in the last part. */
  #skipWilderness(size: number): void {
    const skipped = size - LARGEST_FRAME
    this.#position += skipped
    this.#unsound += skipped
  }

  close(): void {
    fs.closeSync(this.file.fd)
  }
}
