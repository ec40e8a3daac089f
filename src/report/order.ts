import type { Counts, Counts2, Counts3 } from './facts.ts'

export interface Row {
  readonly name: string
  readonly count: number
}

/** The most first, then by bytes; at most `limit`. */
export function topRows(counts: Counts, limit = Number.POSITIVE_INFINITY): readonly Row[] {
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .slice(0, limit)
}

/** "smtp: reason" */
export function flat2(counts: Counts2): Counts {
  const flat = new Map<string, number>()
  for (const [outer, inner] of counts) for (const [name, count] of inner) flat.set(`${outer}: ${name}`, count)
  return flat
}

/** The sums of the inmost level: "RCPT: reason". */
export function flat3(counts: Counts3): Counts {
  const flat = new Map<string, number>()
  for (const [outer, inner] of counts)
    for (const [name, last] of inner) {
      let sum = 0
      for (const count of last.values()) sum += count
      flat.set(`${outer}: ${name}`, sum)
    }
  return flat
}
