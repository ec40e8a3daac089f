/**
 * What keeps the morning report from being sent twice, or not at all: which time was served last, and letters that wait for the
 * relay. A letter is in the outbox before its time counts as served, so that kill -9 loses none.
 */
import { type Documents, openDocuments } from '../../store/report/documents.ts'
import type { CronSchedule } from '../schedule/cron.ts'

/** The folder "report" of a state directory. */
export interface ReportState {
  readonly served: Documents
  readonly outbox: Documents
}

export interface WaitingLetter {
  /** When it was due, milliseconds since 1970. */
  readonly dueMs: number
  readonly from: string
  /** Those who have not got it yet. */
  readonly to: readonly string[]
  /** base64. */
  readonly message: string
}

export function openReportState(directory: string): ReportState {
  return { served: openDocuments(directory), outbox: openDocuments(`${directory}/outbox`) }
}

const SERVED = 'served'

export interface Plan {
  /** As main.cf says it: a new plan has nothing to catch up with. */
  readonly text: string
  readonly schedule: CronSchedule
}

/** The time that is due and not served, the last one only; null: none. The first call for a plan makes `now` its beginning. */
export function dueTime(state: ReportState, plan: Plan, now: number): number | null {
  const served = readServed(state)
  if (served === null || served.plan !== plan.text) {
    markServed(state, plan, now)
    return null
  }
  const last = plan.schedule.last(now)
  return last !== null && last > served.ms ? last : null
}

export function markServed({ served }: ReportState, plan: Pick<Plan, 'text'>, ms: number): void {
  served.put(SERVED, { plan: plan.text, ms })
}

/** The plan was given up: the next one has nothing to catch up with. */
export function forgetServed(state: ReportState): void {
  if (readServed(state) !== null) state.served.remove(SERVED)
}

function readServed({ served }: ReportState): { readonly plan: string; readonly ms: number } | null {
  const value = served.get(SERVED)
  if (typeof value !== 'object' || value === null || !('plan' in value) || !('ms' in value)) return null
  return typeof value.plan === 'string' && typeof value.ms === 'number' ? { plan: value.plan, ms: value.ms } : null
}

export function putLetter({ outbox }: ReportState, letter: WaitingLetter): void {
  outbox.put(String(letter.dueMs), letter)
}

export function removeLetter({ outbox }: ReportState, letter: Pick<WaitingLetter, 'dueMs'>): void {
  outbox.remove(String(letter.dueMs))
}

/** Oldest first. What is damaged is taken away. */
export function waitingLetters({ outbox }: ReportState): readonly WaitingLetter[] {
  const letters: WaitingLetter[] = []
  for (const name of outbox.names()) {
    const letter = outbox.get(name)
    if (isLetter(letter)) letters.push(letter)
    else outbox.remove(name)
  }
  return letters.sort((a, b) => a.dueMs - b.dueMs)
}

function isLetter(value: unknown): value is WaitingLetter {
  if (typeof value !== 'object' || value === null) return false
  const { dueMs, from, to, message } = value as Partial<Record<keyof WaitingLetter, unknown>>
  const isList = Array.isArray(to) && to.every(each => typeof each === 'string')
  return typeof dueMs === 'number' && typeof from === 'string' && isList && typeof message === 'string'
}
