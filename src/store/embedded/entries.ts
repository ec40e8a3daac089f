import type { MemoryEntry, MemoryKind } from '../../model/memory.ts'
import { openAll } from './files.ts'
import { IndexTable, KINDS } from './index_table.ts'
import { FileReader, SLICE } from './reader.ts'
import type { MemoryState } from './state.ts'

export interface EntriesOptions {
  readonly directory: string
  readonly state: MemoryState
  /** Whole seconds since 1970. */
  now(): number
  pause(): Promise<void>
}

/** The index knows no texts: they come from the files, and the index says what is known of each, and which were told already. */
export async function* listEntries(options: EntriesOptions, kind: MemoryKind): AsyncGenerator<MemoryEntry> {
  const { directory, state, now, pause } = options
  const wanted = KINDS.indexOf(kind)
  const told = new IndexTable()
  const readers = openAll(directory, new Set()).files.map(file => new FileReader(file))
  try {
    for (const reader of readers) {
      let isMore = true
      while (isMore) {
        const found: MemoryEntry[] = []
        isMore = reader.readChunk(record => {
          if (record.kind !== wanted || record.forget) return
          const seen = state.sighting(record, now())
          const { a, b } = state.fingerprint
          if (seen === null || told.seek(a, b, wanted)) return
          told.set(1, 1, 1)
          const { bytes, keyStart, keyEnd } = record
          found.push({ kind, key: Buffer.from(bytes.subarray(keyStart, keyEnd)).toString('utf8'), ...seen })
        }, SLICE)
        yield* found
        await pause()
      }
    }
  } finally {
    for (const reader of readers) reader.close()
  }
}
