/** From the place of a log to its bytes: files plain or packed, standard input, the systemd journal. */
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import { PassThrough, Readable, type Transform } from 'node:stream'
import { promisify } from 'node:util'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { DateRange } from '../report/options.ts'
import { errnoText } from '../util/errno_text.ts'
import type { LogPlace } from './report_log.ts'

export interface LogInput {
  /** Unpacked. A chunk is good until the next one is asked for. Throws LogInputError when it ends before its time. */
  readonly chunks: AsyncIterable<Buffer>
}

/** Why a log, or the rest of it, cannot be read; the message is a sentence that names it. */
export class LogInputError extends Error {}

export interface OpenOptions {
  readonly place: LogPlace
  /** The journal is only asked for these. */
  readonly dates: DateRange | null
  /** Bytes that were read, as they are on the disk. */
  progress(bytes: number): void
}

/** One read(2). Larger ones gain nothing. */
const CHUNK_BYTES = 1 << 16
const FILE_CHUNK_BYTES = 1 << 18

const readInto = promisify(fs.read)

const GZIP = Buffer.from([0x1f, 0x8b])
const XZ = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** Opens it; what is packed is told by its first bytes, not by its name. */
export async function openLogPlace(options: OpenOptions): Promise<LogInput> {
  const { place } = options
  if (place.kind === 'journal') return { chunks: readJournal(options.dates) }
  if (place.kind === 'file') return { chunks: openFile(place.path, options) }
  const raw = process.stdin
  raw.on('data', chunk => options.progress(chunk.length))
  raw.pause()
  return { chunks: unpack(raw, 'standard input') }
}

function openFile(path: string, options: OpenOptions): AsyncIterable<Buffer> {
  try {
    // Opened here, so that what is wrong is known before anything is counted.
    const fd = fs.openSync(path, 'r')
    const stat = fs.fstatSync(fd)
    if (stat.isDirectory()) {
      fs.closeSync(fd)
      throw new LogInputError(`cannot read ${path}: it is a directory`)
    }
    // A pipe cannot be read at a place, so its head would be gone.
    if (stat.isFile() && unpackerFor(headOf(fd)) === null) return readPlainFile(fd, path, options)
    const raw = fs.createReadStream(path, { fd, highWaterMark: CHUNK_BYTES })
    raw.on('data', chunk => options.progress(chunk.length))
    raw.pause()
    return unpack(raw, path)
  } catch (error) {
    if (error instanceof LogInputError) throw error
    throw new LogInputError(`cannot read ${path}: ${errnoText(error)}`)
  }
}

function headOf(fd: number): Buffer {
  const head = Buffer.alloc(XZ.length)
  return head.subarray(0, fs.readSync(fd, head, 0, head.length, 0))
}

/** The chunks share their memory: a stream's would be garbage by the gigabyte. */
async function* readPlainFile(fd: number, path: string, options: OpenOptions): AsyncGenerator<Buffer> {
  const chunk = Buffer.alloc(FILE_CHUNK_BYTES)
  try {
    for (;;) {
      const { bytesRead } = await readInto(fd, chunk, 0, chunk.length, null)
      if (bytesRead === 0) return
      options.progress(bytesRead)
      yield chunk.subarray(0, bytesRead)
    }
  } catch (error) {
    throw new LogInputError(`cannot read ${path} to its end: ${errnoText(error)}`)
  } finally {
    fs.closeSync(fd)
  }
}

async function* unpack(raw: Readable, name: string): AsyncGenerator<Buffer> {
  try {
    const iterator: AsyncIterator<Buffer> = raw[Symbol.asyncIterator]()
    const first = await iterator.next()
    if (first.done === true) return
    const head = first.value
    const rest = again(head, iterator)
    const unpacker = unpackerFor(head)
    if (unpacker === null) yield* rest
    else yield* through(rest, unpacker)
  } catch (error) {
    if (error instanceof LogInputError) throw error
    throw new LogInputError(`cannot read ${name} to its end: ${errnoText(error)}`)
  }
}

async function* again(head: Buffer, iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield head
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
}

function unpackerFor(head: Buffer): 'xz' | Transform | null {
  if (head.subarray(0, GZIP.length).equals(GZIP)) return createGunzip({ chunkSize: CHUNK_BYTES })
  if (head.subarray(0, ZSTD.length).equals(ZSTD)) return createZstdDecompress({ chunkSize: CHUNK_BYTES })
  return head.subarray(0, XZ.length).equals(XZ) ? 'xz' : null
}

async function* through(packed: AsyncGenerator<Buffer>, unpacker: 'xz' | Transform): AsyncGenerator<Buffer> {
  if (unpacker !== 'xz') {
    const source = Readable.from(packed)
    // pipe() does not hand errors on.
    source.on('error', error => unpacker.destroy(error))
    for await (const chunk of source.pipe(unpacker)) yield chunk
    return
  }
  // Node has no xz; logrotate that packs with it has the program.
  const child = spawn('xz', ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] })
  Readable.from(packed).pipe(child.stdin)
  child.stdin.on('error', () => undefined)
  yield* outputOf(child, 'xz')
}

/** What a program prints; LogInputError with what it says when it fails. */
async function* outputOf(child: ChildProcess, name: string): AsyncGenerator<Buffer> {
  let said = ''
  child.stderr?.on('data', chunk => {
    if (said.length < 1000) said += String(chunk)
  })
  const ended = new Promise<string | null>(resolve => {
    child.once('error', error => resolve(errnoText(error)))
    child.once('close', code => resolve(code === 0 ? null : (said.split('\n')[0] ?? '').trim() || `status ${code}`))
  })
  for await (const chunk of child.stdout ?? new PassThrough().end()) yield chunk
  const problem = await ended
  if (problem !== null) throw new LogInputError(`cannot read by way of ${name}: ${problem}`)
}

/** journalctl(1), a JSON object a line. Its own filter knows mail by facility and by unit. */
function readJournal(dates: DateRange | null): AsyncIterable<Buffer> {
  const span =
    dates === null ? [] : ['--since', `${isoDay(dates.first)} 00:00:00`, '--until', `${isoDay(dates.last)} 23:59:59`]
  // Facility 2 is mail; what a gateway prints to stdout under systemd has its identifier.
  const matches = ['SYSLOG_FACILITY=2', '+', 'SYSLOG_IDENTIFIER=postern']
  const child = spawn('journalctl', ['-q', '--no-pager', '-o', 'json', ...span, ...matches], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return outputOf(child, 'journalctl')
}

function isoDay({ year, month, day }: DateRange['first']): string {
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}
