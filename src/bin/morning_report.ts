/** The report that main.cf asks for by mail: what it is about, making it, and handing it in. */
import type { Config } from '../config/config.ts'
import type { EmitEvent } from '../model/event.ts'
import {
  dueTime,
  markServed,
  openReportState,
  putLetter,
  type ReportState,
  removeLetter,
  type WaitingLetter,
  waitingLetters,
} from '../report/command/outbox.ts'
import { takeRunLock } from '../store/report/run_lock.ts'
import type { Clock } from '../util/clock.ts'
import { morningRequest } from './morning_request.ts'
import { postLetter, writeLetter } from './report_letter.ts'
import { chooseLog, configuredLog } from './report_log.ts'
import { makeReport } from './report_making.ts'
import { morningReportDirectory, reportPlan } from './report_schedule.ts'

/** A report of yesterday that could not be handed in until tomorrow is of no use. */
const KEEP_MS = 86_400_000

export interface MorningServices {
  readonly config: Config
  readonly clock: Clock
  readonly pid: number
  readonly emit: EmitEvent
}

/** Makes the report that is due, and hands in what waits. Another process that is at it has it done. */
export async function sendMorningReport(services: MorningServices): Promise<void> {
  const { config, clock, pid } = services
  const directory = morningReportDirectory(config)
  const release = takeRunLock(directory, pid, clock.now())
  if (release === null) return
  try {
    const state = openReportState(directory)
    // Under the lock: an instance beside us may have served this time in between.
    const plan = reportPlan(config)
    const dueMs = plan === null ? null : dueTime(state, plan, clock.now())
    if (plan !== null && dueMs !== null) {
      putLetter(state, await writeMorningLetter(services, dueMs))
      markServed(state, plan, dueMs)
    }
    for (const letter of waitingLetters(state)) await deliver(letter, state, services)
  } finally {
    release()
  }
}

async function writeMorningLetter({ config, clock, emit }: MorningServices, dueMs: number): Promise<WaitingLetter> {
  const made = morningRequest(config, dueMs)
  // The configuration was examined when it was read.
  if (!made.ok) throw new Error(made.message)
  const { request } = made
  const { dates } = request.options
  const isNamed = request.files.length > 0 || request.journal
  const places = isNamed ? chooseLog({ ...request, dates, config }) : configuredLog({ dates, config })
  const result = await makeReport({
    ...{ request, places, clock },
    language: request.language ?? config.postern_report_language,
    formats: request.format === 'html' ? ['text', 'html'] : [request.format],
    progress: () => undefined,
  })
  for (const text of result.problems) emit({ kind: 'warning', text, daemon: 'postern/report' })
  const letter = writeLetter({ request, result, config, clock }, `report.${dueMs}`)
  const { from, message } = letter
  return { dueMs, from, to: config.postern_report_to, message: Buffer.from(message).toString('base64') }
}

async function deliver(letter: WaitingLetter, state: ReportState, services: MorningServices): Promise<void> {
  const { clock, emit } = services
  const { from, to, message, dueMs } = letter
  const tell = (kind: 'info' | 'warning', text: string): void => emit({ kind, text, daemon: 'postern/report' })
  const posted = await postLetter({ from, to, message: Buffer.from(message, 'base64') }, services)
  if ('problem' in posted) {
    tell('warning', `cannot send the report: ${posted.problem}`)
    return
  }
  for (const { kind, text } of posted.remarks) tell(kind, text)
  if (posted.deferred.length === 0) removeLetter(state, letter)
  else if (clock.now() - dueMs < KEEP_MS) putLetter(state, { ...letter, to: posted.deferred })
  else {
    removeLetter(state, letter)
    tell('warning', `report to ${posted.deferred.map(each => `<${each}>`).join(', ')}: given up after a day`)
  }
}
