/** How a record looks in Valkey: "first last count", or "first last count floor", decimal. Documented in docs/architecture.md. */
import type { MemoryKind } from '../../model/memory.ts'
import type { Sighting } from '../greylist_step.ts'

export interface RecordName {
  readonly kind: MemoryKind
  readonly key: string
}

const PREFIXES: Readonly<Record<MemoryKind, string>> = {
  triplet: 'postern:t:',
  client: 'postern:c:',
  correspondent: 'postern:r:',
}

/** All keys of a kind begin so. No character of it means anything in a SCAN pattern. */
export function keyPrefix(kind: MemoryKind): string {
  return PREFIXES[kind]
}

/** The name of a record in Valkey. */
export function remoteKey(kind: MemoryKind, key: string): string {
  return PREFIXES[kind] + key
}

export function formatRecord(known: Sighting | null): string {
  return known === null ? '' : `${known.first} ${known.last} ${known.count}`
}

/** Null for nothing, for what was forgotten (its count is 0), and for what we did not write. */
export function parseRecord(text: string | null): Sighting | null {
  const match = /^(-?\d{1,15}) (-?\d{1,15}) (\d{1,15})(?: -?\d{1,15})?$/.exec(text ?? '')
  if (match === null) return null
  const count = Number(match[3])
  return count === 0 ? null : { first: Number(match[1]), last: Number(match[2]), count }
}

/** Three numbers of a script's reply, from `at` on; a count of 0 stands for nothing. */
export function readSighting(reply: readonly unknown[], at: number): Sighting | null {
  const [first, last, count] = [reply[at], reply[at + 1], reply[at + 2]]
  if (typeof first !== 'number' || typeof last !== 'number' || typeof count !== 'number') return null
  return count === 0 ? null : { first, last, count }
}
