/** Body hashes of a message that streams by (RFC 6376 3.4.3, 3.4.4, 3.7). The same for any division into pieces. */
import { createHash, type Hash } from 'node:crypto'
import type { Canonicalization } from './header_block.ts'

export interface BodyHash {
  readonly sha256: Buffer
  /** Bytes of the canonical body. */
  readonly length: number
}

/** Takes a body in pieces, each of which may be reused after the call. */
export interface BodyHasher {
  update(chunk: Uint8Array): void
  /** Once. */
  end(): BodyHash
}

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const CRLF = Buffer.from('\r\n')
/** Empty lines that turn out not to be the last go out in pieces of it. */
const LINES = Buffer.alloc(16384, '\r\n')
const SLICE = 16384
/** Bytes; a call costs as much as copying these one by one. */
const SHORT_COPY = 48
/** So many line ends are not held back any longer. */
const MANY_LINES = 4096
/** More line ends than that do not go through the buffer. */
const HELD_LINES = 4
/** These, one space and one CR. */
const HELD_ROOM = 2 * HELD_LINES + 2

export function makeBodyHasher(form: Canonicalization): BodyHasher {
  return form === 'relaxed' ? new RelaxedBody() : new SimpleBody()
}

class HashedBytes {
  #hash = createHash('sha256')
  #length = 0
  /** As it was before line ends that may yet turn out to be the last. */
  #before: { readonly hash: Hash; readonly length: number } | null = null

  get length(): number {
    return this.#length
  }

  write(bytes: Uint8Array): void {
    this.#before = null
    this.#length += bytes.length
    this.#hash.update(bytes)
  }

  /** Line ends that count if text follows: hashed as they come, so that a body of nothing else is no work for one moment at its end. */
  writeOnTrial(count: number): void {
    const before = this.#before ?? { hash: this.#hash.copy(), length: this.#length }
    this.writeLines(count)
    this.#before = before
  }

  /** No text followed. */
  takeBack(): void {
    if (this.#before === null) return
    this.#hash = this.#before.hash
    this.#length = this.#before.length
    this.#before = null
  }

  writeLines(count: number): void {
    for (let left = count * 2; left > 0; left -= LINES.length)
      this.write(LINES.subarray(0, Math.min(left, LINES.length)))
  }

  end(): BodyHash {
    return { sha256: this.#hash.digest(), length: this.#length }
  }
}

/** RFC 6376 3.4.3: all as it is, but exactly one CRLF at the end. */
class SimpleBody implements BodyHasher {
  readonly #out = new HashedBytes()
  /** Line ends that are last so far, and a CR that may begin one more. */
  #lines = 0
  #heldCr = false

  update(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    let start = 0
    if (this.#heldCr) {
      this.#heldCr = false
      if (chunk[0] === LF) {
        this.#lines++
        start = 1
      } else this.#text(CRLF.subarray(0, 1))
    }
    let end = chunk.length
    if (end > start && chunk[end - 1] === CR) {
      this.#heldCr = true
      end--
    }
    let lines = 0
    while (end - start >= 2 && chunk[end - 1] === LF && chunk[end - 2] === CR) {
      end -= 2
      lines++
    }
    if (end > start) this.#text(chunk.subarray(start, end))
    this.#lines += lines
    if (this.#lines < MANY_LINES) return
    this.#out.writeOnTrial(this.#lines)
    this.#lines = 0
  }

  end(): BodyHash {
    if (this.#heldCr) this.#text(CRLF.subarray(0, 1))
    else this.#out.takeBack()
    this.#out.write(CRLF)
    return this.#out.end()
  }

  #text(bytes: Uint8Array): void {
    this.#out.writeLines(this.#lines)
    this.#lines = 0
    this.#out.write(bytes)
  }
}

/** RFC 6376 3.4.4: white space at line ends goes, other white space becomes one space, empty lines at the end go. */
class RelaxedBody implements BodyHasher {
  readonly #out = new HashedBytes()
  readonly #buffer = Buffer.allocUnsafe(SLICE + HELD_ROOM)
  /** What is held back until it is known what follows: line ends, white space, a CR (0 or 1 each of the latter two). */
  #lines = 0
  #space = 0
  #cr = 0

  update(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += SLICE) this.#slice(chunk.subarray(at, at + SLICE))
    if (this.#lines < MANY_LINES) return
    this.#out.writeOnTrial(this.#lines)
    this.#lines = 0
  }

  end(): BodyHash {
    // A CR that no LF follows is text like any other.
    if (this.#cr === 1) this.#out.write(this.#buffer.subarray(0, this.#release(0)))
    else this.#out.takeBack()
    if (this.#out.length > 0) this.#out.write(CRLF)
    return this.#out.end()
  }

  /** At most SLICE bytes. Each byte of it gives one byte at most; what was held before has HELD_ROOM. */
  #slice(chunk: Uint8Array): void {
    const { length } = chunk
    let at = 0
    for (let i = 0; i < length; ) {
      const byte = chunk[i] ?? 0
      if (byte > SPACE) {
        at = this.#release(at)
        const end = endOfUnchanged(chunk, i)
        at = this.#copy(chunk, { from: i, to: end }, at)
        i = end
        continue
      }
      i++
      if (this.#cr === 1) {
        if (byte === LF) {
          this.#cr = this.#space = 0
          this.#lines++
          continue
        }
        at = this.#release(at)
      }
      if (byte === CR) this.#cr = 1
      else if (byte === SPACE || byte === TAB) this.#space = 1
      else {
        at = this.#release(at)
        this.#buffer[at++] = byte
      }
    }
    if (at > 0) this.#out.write(this.#buffer.subarray(0, at))
  }

  #copy(chunk: Uint8Array, { from, to }: { readonly from: number; readonly to: number }, start: number): number {
    const buffer = this.#buffer
    let at = start
    if (to - from > SHORT_COPY) {
      buffer.set(chunk.subarray(from, to), at)
      return at + to - from
    }
    for (let i = from; i < to; i++) buffer[at++] = chunk[i] ?? 0
    return at
  }

  /** Text follows: what was held counts. Where the buffer goes on. */
  #release(from: number): number {
    if ((this.#lines | this.#space | this.#cr) === 0) return from
    const buffer = this.#buffer
    let at = from
    if (this.#lines > HELD_LINES) {
      this.#out.write(buffer.subarray(0, at))
      this.#out.writeLines(this.#lines)
      at = 0
    } else
      for (let left = this.#lines; left > 0; left--) {
        buffer[at++] = CR
        buffer[at++] = LF
      }
    if (this.#space === 1) buffer[at++] = SPACE
    if (this.#cr === 1) buffer[at++] = CR
    this.#lines = this.#space = this.#cr = 0
    return at
  }
}

/** From text on as far as the canonical form is the same: single spaces and line ends with text behind them are. */
function endOfUnchanged(chunk: Uint8Array, start: number): number {
  const { length } = chunk
  let i = start + 1
  for (; i < length; i++) {
    const byte = chunk[i] ?? 0
    if (byte > SPACE) continue
    const next = chunk[i + 1] ?? 0
    if (byte === SPACE && next > SPACE) i++
    else if (byte === CR && next === LF && (chunk[i + 2] ?? 0) > SPACE) i += 2
    else break
  }
  return Math.min(i, length)
}
