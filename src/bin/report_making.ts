/** A report from the places of a log: read once, counted, and written in the formats that are wanted. */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { type CutLine, cutLine } from '../maillog/cut_line.ts'
import { splitLines } from '../maillog/split_lines.ts'
import type { ReportFormat, ReportLanguage, ReportRequest } from '../report/command/request.ts'
import { Summary } from '../report/pflogsumm/summary.ts'
import { renderText } from '../report/pflogsumm/text/report_text.ts'
import type { Clock } from '../util/clock.ts'
import { errnoText } from '../util/errno_text.ts'
import { LogInputError, openLogPlace } from './report_input.ts'
import type { LogPlace } from './report_log.ts'

export interface Making {
  readonly request: ReportRequest
  readonly places: readonly LogPlace[]
  readonly language: ReportLanguage
  readonly formats: readonly ReportFormat[]
  readonly clock: Clock
  /** So many more bytes, as they are on the disk, and lines. */
  progress(bytes: number, lines: number): void
}

export interface MadeReport {
  readonly outputs: ReadonlyMap<ReportFormat, Uint8Array>
  /** What could not be read, a sentence each. */
  readonly problems: readonly string[]
  /** Places that could be read, if not to their end. */
  readonly readable: number
}

export async function makeReport(making: Making): Promise<MadeReport> {
  const { request, places } = making
  const problems: string[] = []
  const summary = new Summary(request.options)
  const unprocessed = openUnprocessed(request.unprocessedFile, problems)
  let readable = 0
  for (const place of places) {
    try {
      const input = await openLogPlace({
        place,
        dates: request.options.dates,
        progress: bytes => making.progress(bytes, 0),
      })
      readable++
      for await (const lines of splitLines(input.chunks)) {
        making.progress(0, lines.length)
        for (const line of lines) {
          const cut = cutLine(line)
          if (!summary.take(cut) && isOfPostfix(cut)) unprocessed?.write(line)
        }
      }
    } catch (error) {
      if (!(error instanceof LogInputError)) throw error
      problems.push(error.message)
    }
  }
  unprocessed?.close()
  const facts = summary.facts()
  const outputs = new Map<ReportFormat, Uint8Array>()
  for (const format of making.formats) {
    if (format === 'text')
      outputs.set(
        format,
        Buffer.concat([Buffer.from(renderText(facts, request.options), 'latin1'), mailQueue(request)]),
      )
  }
  return { outputs, problems, readable }
}

function isOfPostfix(cut: CutLine | null): boolean {
  return cut?.text.includes('postfix') === true
}

/** --unprocd-file: null where it is not wanted, or cannot be written. */
function openUnprocessed(path: string | null, problems: string[]): { write(line: string): void; close(): void } | null {
  if (path === null) return null
  try {
    const fd = openSync(path, 'w', 0o600)
    return { write: line => void writeSync(fd, `${line}\n`, null, 'latin1'), close: () => closeSync(fd) }
  } catch (error) {
    problems.push(`cannot write ${path}: ${errnoText(error)}`)
    return null
  }
}

/** --mailq: what mailq(1) prints, after its heading. */
function mailQueue({ options }: ReportRequest): Uint8Array {
  if (!options.mailq) return new Uint8Array()
  const { stdout, error } = spawnSync('mailq', { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 })
  return error === undefined ? stdout : Buffer.from(`cannot run mailq: ${errnoText(error)}\n`)
}
