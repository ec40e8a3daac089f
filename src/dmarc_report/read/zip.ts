/** The little of ZIP (APPNOTE.TXT 6.3) that reports come in: stored or deflated files, no encryption, no ZIP64, one disk. */
import { crc32 } from 'node:zlib'
import { inflate } from './inflate.ts'
import { type Budget, ReportSyntaxError } from './problem.ts'

export interface ZipFile {
  readonly name: string
  readonly bytes: Uint8Array
}

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const END_LENGTH = 22
const CENTRAL_LENGTH = 46
const LOCAL_LENGTH = 30
/** The comment at the end has a 16-bit length. */
const MAX_COMMENT = 65_535
/** One report, one file; some senders put a second one beside it. */
const MAX_FILES = 100

export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && view(bytes).getUint32(0, true) === LOCAL
}

/** Every file of an archive. Throws ReportSyntaxError. */
export function readZip(bytes: Uint8Array, budget: Budget): readonly ZipFile[] {
  const data = view(bytes)
  const end = findEnd(data)
  const count = data.getUint16(end + 10, true)
  let at = data.getUint32(end + 16, true)
  if (count > MAX_FILES) fail(`${count} files`)
  const files: ZipFile[] = []
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_LENGTH > bytes.length || data.getUint32(at, true) !== CENTRAL) fail('the directory is damaged')
    const nameLength = data.getUint16(at + 28, true)
    const name = Buffer.from(bytes.subarray(at + CENTRAL_LENGTH, at + CENTRAL_LENGTH + nameLength)).toString('utf8')
    if (!name.endsWith('/')) files.push({ name, bytes: readFile(bytes, at, budget) })
    at += CENTRAL_LENGTH + nameLength + data.getUint16(at + 30, true) + data.getUint16(at + 32, true)
  }
  return files
}

function findEnd(data: DataView): number {
  const first = Math.max(0, data.byteLength - END_LENGTH - MAX_COMMENT)
  for (let at = data.byteLength - END_LENGTH; at >= first; at--) if (data.getUint32(at, true) === END) return at
  return fail('it is cut off')
}

/** `entry`: where its line of the directory begins. */
function readFile(bytes: Uint8Array, entry: number, budget: Budget): Uint8Array {
  const data = view(bytes)
  const flags = data.getUint16(entry + 8, true)
  const method = data.getUint16(entry + 10, true)
  const packedSize = data.getUint32(entry + 20, true)
  const local = data.getUint32(entry + 42, true)
  if ((flags & 1) !== 0) fail('it is encrypted')
  if (local + LOCAL_LENGTH > bytes.length || data.getUint32(local, true) !== LOCAL)
    fail('a file is not where it should be')
  const begin = local + LOCAL_LENGTH + data.getUint16(local + 26, true) + data.getUint16(local + 28, true)
  if (begin + packedSize > bytes.length) fail('it is cut off')
  const packed = bytes.subarray(begin, begin + packedSize)
  const unpacked = unpackFile(method, packed, budget)
  if (crc32(unpacked) !== data.getUint32(entry + 16, true)) fail('a file is damaged')
  return unpacked
}

function unpackFile(method: number, packed: Uint8Array, budget: Budget): Uint8Array {
  if (method === 8) return inflate(packed, budget)
  if (method !== 0) fail(`a file is packed in a way (${method}) that is not known here`)
  budget.take(packed.length)
  return packed
}

function fail(reason: string): never {
  throw new ReportSyntaxError(`Cannot unpack the report: zip: ${reason}`)
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
