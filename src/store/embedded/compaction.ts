/** Makes one file, a base, of many: each key once, what has expired left out. Takes as long as it takes; runs in a thread of its own. */
import fs from 'node:fs'
import { join } from 'node:path'
import type { MemoryLifetimes } from '../../model/memory.ts'
import { BulkLoader } from './bulk.ts'
import {
  createFile,
  discard,
  hasOtherBase,
  inOrder,
  type OpenFile,
  openFile,
  overlappingBases,
  publish,
  replacedNames,
  writeWhole,
} from './files.ts'
import type { HashSeed } from './fingerprint.ts'
import type { Owner } from './owner.ts'
import { FileReader } from './reader.ts'
import { FrameBuffer, type Record } from './record.ts'
import { MemoryState } from './state.ts'

export interface CompactionJob {
  readonly directory: string
  /** Names of complete files. */
  readonly sources: readonly string[]
  /** Name of the base. */
  readonly target: string
  readonly lifetimes: MemoryLifetimes
  readonly seed: HashSeed
  readonly owner: Owner
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface CompactionResult {
  readonly entries: number
  readonly damaged: readonly { readonly name: string; readonly unsound: number }[]
}

/** One bad byte costs so much of a base at most. */
const BASE_FRAME = 4096
const WRITE_BYTES = 262_144
/**
 * Files that are written to are younger than a day. What they add to an entry was known to their writer as not expired, so that
 * the entry's older part has to stay for longer than that. Seconds.
 */
const GRACE = 2 * 86_400
/** No file that is not among the sources has records from before so long ago; a key forgotten earlier may be forgotten itself. */
const FORGOTTEN_MS = 7 * 86_400_000

/** `mayPublish` is asked before the base takes the place of its sources; `breathe` after each piece. Throws what the system says. */
export function compactFiles(
  job: CompactionJob,
  { mayPublish, breathe }: { mayPublish(): boolean; breathe(): void },
): CompactionResult | null {
  const files = openSources(job)
  if (files === null) return null
  const state = new MemoryState(job.seed, job.lifetimes)
  state.now = Math.floor(job.now / 1000)
  const replaced = replacedNames(files)
  const overlapping = overlappingBases(files)
  const readers = files.map(file => new FileReader(file))
  const bulk = new BulkLoader(state)
  try {
    for (const reader of readers) {
      const { name } = reader.file
      if (replaced.has(name)) continue
      if (!overlapping.has(name)) readWhole(reader, bulk.add, breathe)
      else {
        bulk.finish()
        readWhole(reader, record => state.apply(record, 'raise'), breathe)
      }
    }
    bulk.finish()
    const damaged = readers.flatMap(reader => {
      const isTorn = (reader.file.header?.sources.length ?? 0) > 0 && !reader.isEnded
      const unsound = reader.unsound + (isTorn ? 1 : 0)
      return unsound > 0 ? [{ name: reader.file.name, unsound }] : []
    })
    const entries = writeBase(job, {
      state,
      files,
      damaged: new Set(damaged.map(({ name }) => name)),
      breathe,
      mayPublish,
    })
    return entries === null ? null : { entries, damaged }
  } finally {
    for (const reader of readers) reader.close()
  }
}

/** Null: one has gone, or there is a base that we do not know: somebody else was at work. */
function openSources({ directory, sources }: CompactionJob): readonly OpenFile[] | null {
  if (hasOtherBase(directory, new Set(sources))) return null
  const files = sources.map(name => openFile(directory, name, new Set())).filter(file => file !== null)
  if (files.length === sources.length) return inOrder(files)
  for (const { fd } of files) fs.closeSync(fd)
  return null
}

interface BaseParts {
  readonly state: MemoryState
  readonly files: readonly OpenFile[]
  readonly damaged: ReadonlySet<string>
  mayPublish(): boolean
  breathe(): void
}

/** Returns how many keys it has; null: it may not be published. */
function writeBase(job: CompactionJob, { state, files, damaged, mayPublish, breathe }: BaseParts): number | null {
  const { directory, target, owner, now } = job
  const sources = files.flatMap(({ name, header }) => [
    { name, damaged: damaged.has(name) },
    // Those of an older base that nobody has taken away yet: without it they would count again.
    ...(header?.sources ?? []).filter(source => fs.existsSync(join(directory, source.name))),
  ])
  const { fd, length } = createFile(directory, target, {
    format: 1,
    owner,
    created: now,
    sources,
    entries: state.index.size,
  })
  let position = length
  let isPublished = false
  const frames = new FrameBuffer(BASE_FRAME)
  const writeOut = (): void => {
    const bytes = frames.frames
    writeWhole(fd, bytes, position)
    position += bytes.length
    frames.clear()
  }
  try {
    let entries = 0
    const take = makeTake(state, now)
    for (const file of files) {
      const onRecord = (record: Record): void => {
        if (!take(record)) return
        frames.add(record)
        if (!record.forget) entries++
        if (frames.length > WRITE_BYTES) writeOut()
      }
      readWhole(new FileReader(file), onRecord, breathe)
    }
    frames.addEnd()
    writeOut()
    fs.fsyncSync(fd)
    if (!mayPublish() || hasOtherBase(directory, new Set(job.sources))) return null
    publish(directory, target)
    isPublished = true
    syncDirectory(directory)
    return entries
  } finally {
    if (isPublished) fs.closeSync(fd)
    else discard(directory, target, fd)
  }
}

/** Whether the record's key is to be written now; then the record is made to say all that is known of it. */
function makeTake(state: MemoryState, nowMs: number): (record: Record) => boolean {
  const now = Math.floor(nowMs / 1000)
  const forgotten = new Set<string>()
  return record => {
    const known = state.seek(record)
    const generation = state.generation(record.kind)
    if (!known) {
      const id = `${state.fingerprint.a} ${state.fingerprint.b} ${record.kind}`
      // What another file still knows of it must not come back.
      if (!record.forget || record.generation !== generation || forgotten.has(id)) return false
      forgotten.add(id)
      return nowMs - generation < FORGOTTEN_MS
    }
    const { index } = state
    record.forget = false
    record.first = index.first
    record.last = index.last
    record.count = index.count
    record.generation = generation
    // It is written once: the next record with this key finds it no more.
    index.remove()
    return !state.isGone(record.kind, record, now - GRACE)
  }
}

function readWhole(reader: FileReader, onRecord: (record: Record) => void, breathe: () => void): void {
  while (reader.readChunk(onRecord)) breathe()
}

function syncDirectory(directory: string): void {
  const fd = fs.openSync(join(directory, '.'), 'r')
  fs.fsyncSync(fd)
  fs.closeSync(fd)
}
