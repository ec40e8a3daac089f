/** The database of a real Postgrey 1.37 (postgrey.db, postgrey_clients.db) as entries of the memory. */
import type { MemoryEntry } from '../model/memory.ts'
import { readBtreeFile } from './btree_file.ts'

export type PostgreyRecord =
  | { readonly kind: 'entry'; readonly entry: MemoryEntry }
  /** A value that is not what Postgrey writes. */
  | { readonly kind: 'strange'; readonly key: string; readonly value: string }

/** "first,last" or, from old versions, "first,last,host" of each triplet. Throws as readBtreeFile does. */
export function* readTriplets(path: string): Generator<PostgreyRecord> {
  for (const { key, value } of readBtreeFile(path)) {
    const [, first, last] = /^(\d{1,12}),(\d{1,12})(?:,.*)?$/s.exec(value.toString()) ?? []
    yield record('triplet', { key, value, first, last, count: '1' })
  }
}

/** "count,last" of each client. */
export function* readClients(path: string): Generator<PostgreyRecord> {
  for (const { key, value } of readBtreeFile(path)) {
    const [, count, last] = /^(\d{1,12}),(\d{1,12})$/.exec(value.toString()) ?? []
    yield record('client', { key, value, first: last, last, count })
  }
}

interface Raw {
  readonly key: Buffer
  readonly value: Buffer
  readonly first: string | undefined
  readonly last: string | undefined
  readonly count: string | undefined
}

function record(kind: 'triplet' | 'client', { key, value, first, last, count }: Raw): PostgreyRecord {
  if (first === undefined || last === undefined || count === undefined)
    return { kind: 'strange', key: key.toString(), value: value.toString() }
  const entry = { kind, key: key.toString(), first: Number(first), last: Number(last), count: Number(count) }
  return { kind: 'entry', entry }
}
