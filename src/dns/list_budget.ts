import type { Clock } from '../util/clock.ts'
import { knownList } from './list_zones.ts'

/** Questions to one list on one day. */
export interface ListUsage {
  readonly zone: string
  /** "2026-11-24", UTC. */
  readonly day: string
  readonly queries: number
  /** Null: no limit is known. */
  readonly limit: number | null
}

export interface ListBudget {
  /** One question went out to the list. */
  count(zone: string): void
  /** Close to its limit of today: ask only when the answer is needed. */
  nearBudget(zone: string): boolean
  usage(): readonly ListUsage[]
}

export interface BudgetOptions {
  readonly clock: Clock
  readonly zones: readonly string[]
  /** Limits of the administrator, by zone; 0: none. They win over the known ones. */
  readonly limits?: ReadonlyMap<string, number>
  /** Processes that ask side by side, each counting for itself; default 1. */
  readonly processes?: number
  /** What was counted before a restart. */
  readonly earlier?: readonly ListUsage[]
}

/** The part of a limit from which on a list is spared: the rest must last for what is really needed until midnight. */
const NEAR = 0.8
const DAY_MS = 86_400_000

/** Counts in days of UTC; a new day begins at zero. */
export function makeListBudget(options: BudgetOptions): ListBudget {
  const { clock, processes = 1 } = options
  const limits = new Map(options.zones.map(zone => [zone, limitOf(zone, options.limits)]))
  const counts = new Map<string, number>()
  let day = dayOf(clock.now())
  for (const usage of options.earlier ?? []) if (usage.day === dayText(day)) counts.set(usage.zone, usage.queries)

  const turn = (): void => {
    const today = dayOf(clock.now())
    if (today === day) return
    day = today
    counts.clear()
  }

  return {
    count(zone) {
      turn()
      if (limits.has(zone)) counts.set(zone, (counts.get(zone) ?? 0) + 1)
    },
    nearBudget(zone) {
      turn()
      const limit = limits.get(zone) ?? null
      return limit !== null && (counts.get(zone) ?? 0) * processes >= limit * NEAR
    },
    usage() {
      turn()
      return [...limits].map(([zone, limit]) => ({ zone, day: dayText(day), queries: counts.get(zone) ?? 0, limit }))
    },
  }
}

function limitOf(zone: string, limits: ReadonlyMap<string, number> | undefined): number | null {
  const own = limits?.get(zone)
  if (own !== undefined) return own === 0 ? null : own
  return knownList(zone)?.freeQueries ?? null
}

function dayOf(now: number): number {
  return Math.floor(now / DAY_MS)
}

function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}
