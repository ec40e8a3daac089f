/**
 * The directory of the memory. Every process that writes has a file of its own; a *base* is the sum of other files, its sources,
 * which it replaces. Names are never used again, and a file appears under its name with its header in it.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../../util/errno_text.ts'
import type { Random } from '../../util/random.ts'
import { makeDirectories } from '../make_directories.ts'
import type { Owner } from './owner.ts'
import { FrameBuffer, readFrames } from './record.ts'

export interface Source {
  readonly name: string
  /** It had bytes that nobody can read: it is put aside, not deleted. */
  readonly damaged: boolean
}

export interface Header {
  readonly format: 1
  readonly owner: Owner
  /** Milliseconds since 1970. */
  readonly created: number
  /** Of a base: what it replaces; else empty. */
  readonly sources: readonly Source[]
  /** Of a base: about how many keys it has. */
  readonly entries: number
}

export interface OpenFile {
  readonly name: string
  readonly fd: number
  /** Null: its beginning is damaged. */
  readonly header: Header | null
}

export interface AllFiles {
  /** Those that count, in the order of `inOrder`. */
  readonly files: readonly OpenFile[]
  /** Bases among them of which a part is in an earlier one, too: their counts are not to be added. */
  readonly overlapping: ReadonlySet<string>
  /** Names, whether or not they are still there, of what is in one of the files. */
  readonly replaced: ReadonlySet<string>
}

const LOG = /^[0-9a-z-]+\.log$/
const HEADER_BYTES = 1_048_576
const BASE_PREFIX = 'base-'

/** Names of all files with records; throws what readdir(3) says. A directory that is not there is empty. */
export function listFiles(directory: string): readonly string[] {
  try {
    return fs
      .readdirSync(directory)
      .filter(name => LOG.test(name))
      .sort()
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}

/** Null: it is gone, or cannot be read; then its name is added to `unreadable`, and it is not tried again. */
export function openFile(directory: string, name: string, unreadable: Set<string>): OpenFile | null {
  let fd = -1
  try {
    fd = fs.openSync(join(directory, name), 'r')
    return { name, fd, header: readHeader(fd) }
  } catch (error) {
    if (fd >= 0) fs.closeSync(fd)
    if (errnoCode(error) !== 'ENOENT') unreadable.add(name)
    return null
  }
}

/**
 * All files that count, oldest first, from one moment: those that a base replaces are left out, and listing is begun again when
 * a file went away meanwhile, because then a base has come.
 */
export function openAll(directory: string, unreadable: Set<string>): AllFiles {
  for (;;) {
    const names = listFiles(directory)
    const files = names.map(name => openFile(directory, name, unreadable)).filter(file => file !== null)
    const isWhole = names.every(name => unreadable.has(name) || files.some(file => file.name === name))
    if (isWhole && listFiles(directory).join() === names.join()) return withoutReplaced(files)
    for (const { fd } of files) fs.closeSync(fd)
  }
}

function withoutReplaced(files: readonly OpenFile[]): AllFiles {
  const replaced = replacedNames(files)
  for (const { name, fd } of files) if (replaced.has(name)) fs.closeSync(fd)
  const counted = inOrder(files.filter(({ name }) => !replaced.has(name)))
  return { files: counted, overlapping: overlappingBases(counted), replaced }
}

/** Bases first, because what overlaps must be known before anything is added to it; then oldest first. */
export function inOrder(files: readonly OpenFile[]): readonly OpenFile[] {
  return [...files].sort(
    (a, b) =>
      Number(isBase(b)) - Number(isBase(a)) ||
      (a.header?.created ?? 0) - (b.header?.created ?? 0) ||
      (a.name < b.name ? -1 : 1),
  )
}

/** Files that are in a base. */
export function replacedNames(files: readonly OpenFile[]): ReadonlySet<string> {
  return new Set(files.flatMap(({ header }) => (header?.sources ?? []).map(source => source.name)))
}

/**
 * Bases that have a source in common with an earlier one. Two processes made them at the same time, or one did not know of the
 * other's. Each may have what the other has not, and their sources may be gone: none of them may be left out.
 */
export function overlappingBases(files: readonly OpenFile[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const overlapping = new Set<string>()
  for (const { name, header } of files) {
    const sources = header?.sources ?? []
    if (sources.some(source => seen.has(source.name))) overlapping.add(name)
    for (const source of sources) seen.add(source.name)
  }
  return overlapping
}

/** A base that is not among `names`: somebody made it meanwhile, perhaps of the same files. One that cannot be read does not count. */
export function hasOtherBase(directory: string, names: ReadonlySet<string>): boolean {
  return listFiles(directory)
    .filter(name => name.startsWith(BASE_PREFIX) && !names.has(name))
    .some(name => {
      const file = openFile(directory, name, new Set())
      if (file !== null) fs.closeSync(file.fd)
      return file !== null
    })
}

function isBase({ header }: OpenFile): boolean {
  return (header?.sources.length ?? 0) > 0
}

function readHeader(fd: number): Header | null {
  let header: Header | null = null
  const small = Buffer.allocUnsafe(4096)
  const parse = (bytes: Buffer): void => {
    const length = fs.readSync(fd, bytes, 0, bytes.length, 0)
    let isFirst = true
    readFrames(
      { bytes, length, isEnd: true },
      {
        header(json) {
          if (isFirst) header = parseHeader(json)
          isFirst = false
        },
        record() {
          isFirst = false
        },
        end() {
          isFirst = false
        },
      },
    )
  }
  parse(small)
  // The list of sources can be long.
  if (header === null) parse(Buffer.allocUnsafe(HEADER_BYTES))
  return header
}

function parseHeader(json: string): Header | null {
  try {
    // The checksum was right: a process of ours wrote it, with this shape if the format is this one.
    const header = JSON.parse(json) as Header
    return header.format === 1 ? header : null
  } catch {
    return null
  }
}

/** Begins a file that others do not see before `publish`. Throws the error of the system call. */
export function createFile(directory: string, name: string, header: Header): { fd: number; length: number } {
  makeDirectory(directory)
  const frames = new FrameBuffer()
  frames.addHeader(JSON.stringify(header))
  const path = join(directory, name)
  const fd = fs.openSync(`${path}.new`, 'wx+', 0o600)
  try {
    giveToOwnerOf(directory, fd)
    const bytes = frames.frames
    writeWhole(fd, bytes, 0)
    return { fd, length: bytes.length }
  } catch (error) {
    discard(directory, name, fd)
    throw error
  }
}

export function publish(directory: string, name: string): void {
  fs.renameSync(join(directory, `${name}.new`), join(directory, name))
}

export function discard(directory: string, name: string, fd: number): void {
  fs.closeSync(fd)
  fs.rmSync(join(directory, `${name}.new`), { force: true })
}

/** All or an error: a file system without room writes a part and says so only at the next call. */
export function writeWhole(fd: number, bytes: Uint8Array, position: number): void {
  let done = 0
  while (done < bytes.length) done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done)
}

function makeDirectory(directory: string): void {
  if (!makeDirectories(directory, 0o700)) return
  if (process.geteuid?.() === 0) {
    const { uid, gid } = fs.statSync(join(directory, '..'))
    fs.chownSync(directory, uid, gid)
  }
}

/** `postern greylist allow` may be run by root: the gateway, another user, must be able to read what it wrote. */
function giveToOwnerOf(directory: string, fd: number): void {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = fs.statSync(directory)
  fs.fchownSync(fd, uid, gid)
}

export function newFileName(kind: 'log' | 'base', created: number, random: Random): string {
  const letters = Buffer.from(random.bytes(6)).toString('hex')
  return `${kind === 'base' ? BASE_PREFIX : ''}${created.toString(36).padStart(9, '0')}-${letters}.log`
}
