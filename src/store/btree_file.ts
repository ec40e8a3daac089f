/**
 * Reads a btree file of Berkeley DB 4 and 5, as Postgrey's are: no library, nothing written, no locks. Page by page, so that
 * the size does not matter. Layout as of db_page.h: a page has 26 bytes of header, then 16-bit offsets of its items.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** The file is no such btree, or is damaged. */
export class BtreeFileError extends SyntaxError {}

export interface BtreePair {
  readonly key: Buffer
  readonly value: Buffer
}

const MAGIC = 0x00053162
const HEADER = 26
const BTREE_META = 9
const INTERNAL = 3
const LEAF = 5
const OVERFLOW = 7
const KEY_DATA = 1
const OVERFLOW_ITEM = 3
/** Of an item's type: it is deleted, and only still there because somebody looked at it. */
const DELETED = 0x80
/** Metadata flag: pages have checksums, and a longer header. */
const CHECKSUMS = 1
/** Of the tree; a damaged file must not send us in circles. */
const DEPTH_LIMIT = 32
/** Longest key or value; Postgrey's are at most some 1,100 bytes. */
const ITEM_LIMIT = 64 * 1024

/** All pairs in the order of their keys. Throws BtreeFileError, and what node:fs throws. */
export function* readBtreeFile(path: string): Generator<BtreePair> {
  const fd = openSync(path, 'r')
  try {
    yield* new BtreeFile(fd).pairs()
  } finally {
    closeSync(fd)
  }
}

class BtreeFile {
  readonly #fd: number
  readonly #littleEndian: boolean
  readonly #pageSize: number
  readonly #pages: number
  readonly #root: number

  constructor(fd: number) {
    this.#fd = fd
    const { size } = fstatSync(fd)
    const meta = Buffer.alloc(512)
    if (readSync(fd, meta, 0, meta.length, 0) < meta.length) throw new BtreeFileError('the file is too short')
    this.#littleEndian = meta.readUInt32LE(12) === MAGIC
    if (!this.#littleEndian && meta.readUInt32BE(12) !== MAGIC)
      throw new BtreeFileError('this is no btree of Berkeley DB')
    const version = this.#u32(meta, 16)
    if (version < 8 || version > 10) throw new BtreeFileError(`cannot read version ${version}: 8 to 10 are known`)
    if (meta[25] !== BTREE_META) throw new BtreeFileError('the first page does not describe a btree')
    if (meta[24] !== 0) throw new BtreeFileError('the file is encrypted')
    if (((meta[26] ?? 0) & CHECKSUMS) !== 0) throw new BtreeFileError('files with checksums are not known')
    this.#pageSize = this.#u32(meta, 20)
    if (this.#pageSize < 512 || this.#pageSize > 65_536 || (this.#pageSize & (this.#pageSize - 1)) !== 0)
      throw new BtreeFileError(`cannot use a page size of ${this.#pageSize}`)
    this.#pages = Math.floor(size / this.#pageSize)
    this.#root = this.#u32(meta, 88)
  }

  *pairs(): Generator<BtreePair> {
    const seen = new Set<number>()
    for (let number = this.#firstLeaf(); number !== 0; ) {
      if (seen.has(number)) throw new BtreeFileError(`page ${number} comes twice`)
      seen.add(number)
      const page = this.#page(number)
      if (page[25] !== LEAF) throw new BtreeFileError(`page ${number} is no leaf`)
      yield* this.#leaf(page)
      number = this.#u32(page, 16)
    }
  }

  #firstLeaf(): number {
    let number = this.#root
    for (let depth = 0; depth < DEPTH_LIMIT; depth++) {
      const page = this.#page(number)
      if (page[25] === LEAF) return number
      if (page[25] !== INTERNAL) throw new BtreeFileError(`page ${number} has the unknown type ${page[25]}`)
      number = this.#u32(page, this.#item(page, 0) + 4)
    }
    throw new BtreeFileError('the tree is too deep')
  }

  *#leaf(page: Buffer): Generator<BtreePair> {
    const count = this.#u16(page, 20)
    for (let i = 0; i + 1 < count; i += 2) {
      const at = this.#item(page, i)
      const valueAt = this.#item(page, i + 1)
      if ((((page[at + 2] ?? 0) | (page[valueAt + 2] ?? 0)) & DELETED) !== 0) continue
      yield { key: this.#data(page, at), value: this.#data(page, valueAt) }
    }
  }

  #data(page: Buffer, at: number): Buffer {
    const type = page[at + 2] ?? 0
    if (type === OVERFLOW_ITEM) return this.#overflow(this.#u32(page, at + 4), this.#u32(page, at + 8))
    if (type !== KEY_DATA) throw new BtreeFileError(`an item has the unknown type ${type}`)
    const length = this.#u16(page, at)
    if (at + 3 + length > page.length) throw new BtreeFileError('an item is longer than its page')
    return page.subarray(at + 3, at + 3 + length)
  }

  /** What does not fit into a quarter of a page stands in a chain of pages of its own. */
  #overflow(first: number, length: number): Buffer {
    if (length > ITEM_LIMIT) throw new BtreeFileError(`an item has ${length} bytes`)
    const parts: Buffer[] = []
    let got = 0
    for (let number = first; number !== 0 && got < length; ) {
      const page = this.#page(number)
      const here = this.#u16(page, 22)
      if (page[25] !== OVERFLOW || here === 0 || HEADER + here > page.length)
        throw new BtreeFileError(`page ${number} does not go on with an item`)
      parts.push(page.subarray(HEADER, HEADER + here))
      got += here
      number = this.#u32(page, 16)
    }
    if (got < length) throw new BtreeFileError('the end of an item is missing')
    return Buffer.concat(parts).subarray(0, length)
  }

  #item(page: Buffer, index: number): number {
    const at = HEADER + index * 2 + 2 <= page.length ? this.#u16(page, HEADER + index * 2) : 0
    if (at < HEADER || at + 12 > page.length + 9) throw new BtreeFileError(`item ${index} is outside its page`)
    return at
  }

  #page(number: number): Buffer {
    if (number <= 0 || number >= this.#pages) throw new BtreeFileError(`page ${number} is not in the file`)
    const page = Buffer.alloc(this.#pageSize)
    if (readSync(this.#fd, page, 0, page.length, number * this.#pageSize) < page.length)
      throw new BtreeFileError(`page ${number} is cut off`)
    return page
  }

  #u16(bytes: Buffer, at: number): number {
    if (at + 2 > bytes.length) throw new BtreeFileError('an item is outside its page')
    return this.#littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)
  }

  #u32(bytes: Buffer, at: number): number {
    if (at + 4 > bytes.length) throw new BtreeFileError('an item is outside its page')
    return this.#littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
  }
}
