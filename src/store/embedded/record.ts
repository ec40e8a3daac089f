/**
 * The files' format. A file is a row of frames: mark, length, checksum, then records. A frame is what one write(2) carried, and is
 * sound or not; after an unsound one reading goes on at the next mark with a right checksum. The mark begins with a byte that
 * UTF-8 never has, so that no key, which strangers choose, can look like a frame.
 */
import { crc32 } from 'node:zlib'

const MARK = Buffer.from([0xff, 0x50, 0x4d, 0xf8])
const MARK_WORD = MARK.readUInt32LE(0)
const HEAD = 12
/** Of one frame, head excluded. */
export const MAX_PAYLOAD = 65_536
/** Kind, key length, first, last, count; the generation comes between these and the key. */
const RECORD_HEAD = 15
const GENERATION = 8

const FORGET = 4
const HAS_GENERATION = 8
const HEADER = 0xff
const END = 0xfe

/** One record; readers are handed the same object again and again. */
export interface Record {
  /** Index into KINDS. */
  kind: number
  forget: boolean
  first: number
  last: number
  /** What is added to the count. */
  count: number
  /** Of a key that was forgotten: the number of that time; else 0. */
  generation: number
  /** The key is bytes[keyStart..keyEnd), UTF-8. */
  bytes: Uint8Array
  keyStart: number
  keyEnd: number
}

export interface FrameVisitor {
  record(record: Record): void
  /** What the writer of the file says of itself. */
  header(json: string): void
  /** The writer has nothing more to say. */
  end(): void
}

/** Builds frames in a buffer that grows as needed. */
export class FrameBuffer {
  #bytes = Buffer.allocUnsafe(4096)
  #end = 0
  /** Where the open frame began; -1: none is open. */
  #open = -1
  readonly #maxPayload: number

  /** Frames are not made larger than `maxPayload` bytes: what one bad byte can cost. */
  constructor(maxPayload = MAX_PAYLOAD) {
    this.#maxPayload = maxPayload
  }

  /** All frames so far, the open one closed. Valid until the next change. */
  get frames(): Buffer {
    this.#close()
    return this.#bytes.subarray(0, this.#end)
  }

  get length(): number {
    return this.#end
  }

  add(record: Record): void {
    const keyLength = record.keyEnd - record.keyStart
    let at = this.#room(RECORD_HEAD + (record.generation > 0 ? GENERATION : 0) + keyLength)
    const bytes = this.#bytes
    bytes[at] = (record.kind + 1) | (record.forget ? FORGET : 0) | (record.generation > 0 ? HAS_GENERATION : 0)
    bytes.writeUInt16LE(keyLength, at + 1)
    bytes.writeUInt32LE(record.first, at + 3)
    bytes.writeUInt32LE(record.last, at + 7)
    bytes.writeUInt32LE(record.count, at + 11)
    at += RECORD_HEAD
    if (record.generation > 0) at = bytes.writeDoubleLE(record.generation, at)
    for (let from = record.keyStart; from < record.keyEnd; from++) bytes[at++] = record.bytes[from] ?? 0
  }

  addHeader(json: string): void {
    const text = Buffer.from(json)
    this.#close()
    const at = this.#room(1 + text.length)
    this.#bytes[at] = HEADER
    text.copy(this.#bytes, at + 1)
    this.#close()
  }

  addEnd(): void {
    this.#close()
    this.#bytes[this.#room(1)] = END
    this.#close()
  }

  clear(): void {
    this.#end = 0
    this.#open = -1
  }

  /** Leaves out the newest frames, so that the rest has at most `limit` bytes. */
  shorten(limit: number): void {
    this.#close()
    let end = 0
    for (let next = 0; next < this.#end && next <= limit; next += HEAD + this.#bytes.readUInt32LE(next + 4)) end = next
    if (this.#end > limit) this.#end = end
  }

  /** Where `size` bytes of a record may be written. */
  #room(size: number): number {
    if (this.#open >= 0 && this.#end - this.#open - HEAD + size > this.#maxPayload) this.#close()
    const start = this.#open < 0 ? this.#end + HEAD : this.#end
    if (start + size > this.#bytes.length) {
      const bytes = Buffer.allocUnsafe(2 * (start + size))
      this.#bytes.copy(bytes, 0, 0, this.#end)
      this.#bytes = bytes
    }
    if (this.#open < 0) this.#open = this.#end
    this.#end = start + size
    return start
  }

  #close(): void {
    if (this.#open < 0) return
    const length = this.#end - this.#open - HEAD
    this.#bytes.writeUInt32LE(MARK_WORD, this.#open)
    this.#bytes.writeUInt32LE(length, this.#open + 4)
    const payload = this.#bytes.subarray(this.#open + HEAD, this.#end)
    this.#bytes.writeUInt32LE(crc32(payload, length), this.#open + 8)
    this.#open = -1
  }
}

export interface FramesRead {
  /** Up to here everything has been read, or will never be readable. */
  readonly at: number
  /** How many bytes before that were no sound frame. */
  readonly unsound: number
}

/**
 * Hands all sound frames of bytes[0..length) to the visitor. Stops before a frame that is not whole, or unsound with no sound one
 * after it: it may be on its way. `isEnd`: no more bytes are to be had now; else an incomplete frame is waited for.
 */
export function readFrames(
  { bytes, length, isEnd }: { readonly bytes: Buffer; readonly length: number; readonly isEnd: boolean },
  visitor: FrameVisitor,
): FramesRead {
  let at = 0
  let unsound = 0
  while (at < length) {
    const size = soundFrame(bytes, at, length)
    if (size > 0) {
      unsound += readPayload(bytes, { at: at + HEAD, end: at + size }, visitor)
      at += size
      continue
    }
    if (!isEnd && length - at < HEAD + MAX_PAYLOAD) break
    const next = nextSoundFrame(bytes, at + 1, length)
    if (next < 0) break
    unsound += next - at
    at = next
  }
  return { at, unsound }
}

/** Size of the sound frame that begins at `at`; 0: there is none. */
function soundFrame(bytes: Buffer, at: number, length: number): number {
  if (length - at < HEAD || bytes.readUInt32LE(at) !== MARK_WORD) return 0
  const payload = bytes.readUInt32LE(at + 4)
  const end = at + HEAD + payload
  if (payload === 0 || payload > MAX_PAYLOAD || end > length) return 0
  return crc32(bytes.subarray(at + HEAD, end), payload) === bytes.readUInt32LE(at + 8) ? end - at : 0
}

function nextSoundFrame(bytes: Buffer, from: number, length: number): number {
  const view = bytes.subarray(0, length)
  for (let at = view.indexOf(MARK, from); at >= 0; at = view.indexOf(MARK, at + 1)) {
    if (soundFrame(bytes, at, length) > 0) return at
  }
  return -1
}

const shared: Record = {
  kind: 0,
  forget: false,
  first: 0,
  last: 0,
  count: 0,
  generation: 0,
  bytes: new Uint8Array(0),
  keyStart: 0,
  keyEnd: 0,
}

/** How many bytes made no sense, though their checksum is right: another version wrote them. */
function readPayload(
  bytes: Buffer,
  { at: start, end }: { readonly at: number; readonly end: number },
  visitor: FrameVisitor,
): number {
  let at = start
  if (bytes[at] === HEADER) {
    visitor.header(bytes.toString('utf8', at + 1, end))
    return 0
  }
  if (bytes[at] === END) {
    visitor.end()
    return 0
  }
  while (at < end) {
    const flags = bytes[at] ?? 0
    const kind = (flags & 3) - 1
    const generation = (flags & HAS_GENERATION) === 0 ? 0 : GENERATION
    if (kind < 0 || flags > 15 || at + RECORD_HEAD + generation > end) return end - at
    const keyStart = at + RECORD_HEAD + generation
    const keyEnd = keyStart + bytes.readUInt16LE(at + 1)
    if (keyEnd > end) return end - at
    shared.kind = kind
    shared.forget = (flags & FORGET) !== 0
    shared.first = bytes.readUInt32LE(at + 3)
    shared.last = bytes.readUInt32LE(at + 7)
    shared.count = bytes.readUInt32LE(at + 11)
    shared.generation = generation === 0 ? 0 : bytes.readDoubleLE(at + RECORD_HEAD)
    shared.bytes = bytes
    shared.keyStart = keyStart
    shared.keyEnd = keyEnd
    visitor.record(shared)
    at = keyEnd
  }
  return 0
}
