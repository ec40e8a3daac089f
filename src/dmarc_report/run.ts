/** One run: reports are made of the days that are over, and what is unsent is sent. */
import { collectedDays, readDay, removeDay } from '../store/report/day_lines.ts'
import { type Documents, openDocuments } from '../store/report/documents.ts'
import { Aggregation, type DomainReport } from './aggregation.ts'
import { type Delivered, type DeliveryServices, deliverReports } from './deliver.ts'
import { type MadeReport, makeReport } from './make_report.ts'
import { getReport, putReport } from './outbox.ts'
import { parseRow } from './row.ts'
import { isSkipped, type ReportSettings } from './settings.ts'

/** The folders of a state directory's "dmarc". */
export function openOutbox(directory: string): Documents {
  return openDocuments(`${directory}/outbox`)
}

/** Which days need no more reports. */
function openMadeDays(directory: string): Documents {
  return openDocuments(`${directory}/made`)
}

const DAY_MS = 86_400_000

/** "2026-11-24" in UTC, of milliseconds since 1970. */
export function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10)
}

/** The days that are over for `settleMs` at least and have no reports yet, oldest first. */
export function dueDays(directory: string, now: number, settleMs: number): readonly string[] {
  const made = new Set(openMadeDays(directory).names())
  return collectedDays(directory).filter(day => Date.parse(day) + DAY_MS + settleMs <= now && !made.has(day))
}

/** Whether a run would have something to do. Reads names of files only. */
export function hasWork(directory: string, now: number, settleMs: number): boolean {
  return openOutbox(directory).names().length > 0 || dueDays(directory, now, settleMs).length > 0
}

/** What was collected on a day. */
export async function aggregateDay(
  directory: string,
  day: string,
): Promise<{
  readonly reports: readonly DomainReport[]
  /** Rows that cannot be read, and rows that there was no room for. */
  readonly damaged: number
  readonly leftOut: number
}> {
  const aggregation = new Aggregation()
  let damaged = 0
  for await (const line of readDay(directory, day)) {
    const row = line === null ? null : parseRow(line)
    if (row === null) damaged++
    else aggregation.add(row)
  }
  return { reports: aggregation.reports(), damaged, leftOut: aggregation.leftOut }
}

/**
 * A spammer can have one report made for each of his messages, by a name of its own in each. So many a day, those about most
 * messages first, are sent and no more.
 */
export const MAX_REPORTS = 10_000

/**
 * The reports of a day that the settings want, those about most messages first, made one after the other. Names that are none are left out: they go into file names
 * and headers.
 */
export function* wantedReports(
  reports: readonly DomainReport[],
  day: string,
  settings: ReportSettings,
): Generator<{ readonly made: MadeReport; readonly rua: readonly string[] }> {
  const wanted = reports.filter(({ policy: { domain, rua }, records }) => {
    const isName = /^[a-z0-9_.-]{1,253}$/.test(domain)
    return isName && rua.length > 0 && records.length > 0 && !isSkipped(domain, settings.skipDomains)
  })
  for (const report of wanted.toSorted((a, b) => b.messages - a.messages).slice(0, MAX_REPORTS))
    yield { made: makeReport(report, day, settings), rua: report.policy.rua }
}

export interface RunOptions extends Omit<DeliveryServices, 'outbox' | 'now'> {
  readonly directory: string
  /** Milliseconds since 1970. */
  readonly clock: { now(): number }
  /** Milliseconds that a day has to be over. */
  readonly settleMs: number
  /** This day, whether or not it is over or has been reported; null: all that are due. */
  readonly day: string | null
}

export interface RunResult extends Delivered {
  readonly days: readonly string[]
  readonly made: number
}

/** Throws only when the files cannot be read or written. The caller holds the lock. */
export async function runReports(options: RunOptions): Promise<RunResult> {
  const { directory, clock, settings, settleMs, warn } = options
  const outbox = openOutbox(directory)
  forgetOld(directory, clock.now() - settings.retention * 1000, options)
  const days = options.day === null ? dueDays(directory, clock.now(), settleMs) : [options.day]
  let made = 0
  for (const day of days) {
    const { reports, damaged, leftOut } = await aggregateDay(directory, day)
    if (damaged > 0) warn(`${damaged} damaged rows of ${day} are left out of the reports`)
    if (leftOut > 0) warn(`${leftOut} messages of ${day} are in no report: there are too many different ones`)
    if (reports.length > MAX_REPORTS)
      warn(`${reports.length} domains on ${day}: ${MAX_REPORTS} reports at most are sent`)
    for (const report of wantedReports(reports, day, settings))
      if (putReport(outbox, report.made, report.rua) !== null) made++
    // Before the first is sent: from now on the outbox alone knows what there is to do.
    // Of a day that goes on there will be more to report.
    if (Date.parse(day) + DAY_MS <= clock.now()) openMadeDays(directory).put(day, { made })
  }
  const delivered = await deliverReports({ ...options, outbox, now: () => Math.floor(clock.now() / 1000) })
  return { days, made, ...delivered }
}

/** Rows, marks and unsent reports of days before `limit` (milliseconds since 1970). */
function forgetOld(directory: string, limit: number, { warn }: Pick<RunOptions, 'warn'>): void {
  const isOld = (day: string): boolean => Date.parse(day) + DAY_MS < limit
  for (const day of collectedDays(directory)) if (isOld(day)) removeDay(directory, day)
  const made = openMadeDays(directory)
  for (const day of made.names()) if (isOld(day)) made.remove(day)
  const outbox = openOutbox(directory)
  for (const name of outbox.names()) {
    const report = getReport(outbox, name)
    if (report === null || !isOld(report.day)) continue
    warn(`report about ${report.domain} of ${report.day}: given up: it is too old`)
    outbox.remove(name)
  }
}
