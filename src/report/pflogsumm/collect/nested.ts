/**
 * Counts in maps of maps, which end in the facts as they are. A key that is new is copied: a piece of a line would keep the whole
 * chunk of the log in memory that it was cut from.
 */
import { flatCopy } from '../../../maillog/read_line.ts'

export type Map1 = Map<string, number>
export type Map2 = Map<string, Map1>
export type Map3 = Map<string, Map2>

export function count1(map: Map1, key: string, by = 1): void {
  const before = map.get(key)
  if (before === undefined) map.set(flatCopy(key), by)
  else map.set(key, before + by)
}

export function count2(map: Map2, first: string, second: string): void {
  count1(inner(map, first), second)
}

/** `keys`: of the three levels. */
export function count3(map: Map3, keys: readonly [string, string, string]): void {
  count1(inner(inner(map, keys[0]), keys[1]), keys[2])
}

/** The map at `key`, a new one if there is none. */
export function inner<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let found = map.get(key)
  if (found === undefined) {
    found = new Map()
    map.set(flatCopy(key), found)
  }
  return found
}
