import type { MemoryKind, MemoryLifetimes } from '../model/memory.ts'

export interface Aging {
  readonly kind: MemoryKind
  readonly first: number
  readonly last: number
}

/** How many seconds after `last` an entry is gone. Postgrey do_maintenance: a triplet that never passed goes earlier. */
export function lifetimeOf(entry: Aging, lifetimes: MemoryLifetimes): number {
  switch (entry.kind) {
    case 'triplet':
      return entry.last - entry.first < lifetimes.delay ? lifetimes.retryWindow : lifetimes.maxAge
    case 'client':
      return lifetimes.maxAge
    case 'correspondent':
      return lifetimes.correspondent
  }
}

/** `now` in whole seconds since 1970. */
export function isExpired(entry: Aging, lifetimes: MemoryLifetimes, now: number): boolean {
  return now - entry.last > lifetimeOf(entry, lifetimes)
}
