/** A report from the places of a log: read once, counted, and written in the formats that are wanted. */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { readLogLines } from '../maillog/lines.ts'
import { type CalendarDay, localDay } from '../report/command/dates.ts'
import type { ReportFormat, ReportLanguage, ReportRequest } from '../report/command/request.ts'
import type { ReportDocument } from '../report/document.ts'
import type { Facts } from '../report/facts.ts'
import { renderHtml } from '../report/html/page.ts'
import { InsightCollector } from '../report/insights/collector.ts'
import { type FilterHops, makeFilterHops } from '../report/insights/filter_hops.ts'
import type { Insights } from '../report/insights/insights.ts'
import { renderJson } from '../report/json/render.ts'
import { BlockSummary, type LogSummary } from '../report/pflogsumm/block_summary.ts'
import { Summary } from '../report/pflogsumm/summary.ts'
import { renderText } from '../report/pflogsumm/text/report_text.ts'
import { ThreadedSummary } from '../report/pflogsumm/threaded_summary.ts'
import { renderPrometheus } from '../report/prometheus/render.ts'
import { renderInsights } from '../report/text/render.ts'
import type { Clock } from '../util/clock.ts'
import { errnoText } from '../util/errno_text.ts'
import { type LogInput, LogInputError, openLogPlace } from './report_input.ts'
import type { LogPlace } from './report_log.ts'
import { ownVersion } from './version.ts'

/** Bytes; packed ones are more lines. */
const LARGE_LOG = 8 << 20

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
  const problems: string[] = []
  const isPlain = isPlainText(making)
  const { facts, insights, readable } = isPlain ? await countOnly(making, problems) : await countAll(making, problems)
  const outputs = new Map<ReportFormat, Uint8Array>()
  const document = insights === null ? null : { facts, insights, about: aboutThis(making) }
  for (const format of making.formats) {
    // What a log holds stays what it is, byte for byte; the other views have made UTF-8 of it.
    if (format === 'text' || document === null) outputs.set(format, Buffer.concat(textParts(making, facts, document)))
    else outputs.set(format, Buffer.from(renderView(document, format, making.language)))
  }
  return { outputs, problems, readable }
}

interface Read {
  readonly facts: Facts
  readonly insights: Insights | null
  /** Places that could be read, if not to their end. */
  readonly readable: number
}

/** Whether pflogsumm's figures are all that is wanted, which can be had much faster. */
function isPlainText({ request, formats }: Making): boolean {
  const { insights, filterHops, unprocessedFile, options } = request
  const isText = formats.every(format => format === 'text')
  return isText && !insights && filterHops === null && unprocessedFile === null && !options.postscreenStats
}

/** Hands each place that can be opened to `read`; how many could be. */
async function readPlaces(
  making: Making,
  problems: string[],
  read: (chunks: LogInput['chunks'], place: LogPlace) => Promise<void>,
): Promise<number> {
  let readable = 0
  for (const place of making.places) {
    try {
      const { chunks } = await openLogPlace({
        place,
        dates: making.request.options.dates,
        progress: bytes => making.progress(bytes, 0),
      })
      readable++
      await read(chunks, place)
    } catch (error) {
      if (!(error instanceof LogInputError)) throw error
      problems.push(error.message)
    }
  }
  return readable
}

async function countOnly(making: Making, problems: string[]): Promise<Read> {
  const summary = openSummary(making)
  try {
    const readable = await readPlaces(making, problems, (chunks, place) =>
      summary.add(chunks, { newest: newestDay(making, place) }, lines => making.progress(0, lines)),
    )
    return { facts: await summary.facts(), insights: null, readable }
  } finally {
    await summary.close()
  }
}

/** One thread alone would have read a small log before another one has begun. */
function openSummary({ request, places }: Making): LogSummary {
  const sizes = places.map(place => (place.kind === 'file' ? sizeOf(place.path) : Number.POSITIVE_INFINITY))
  const isLarge = sizes.reduce((sum, size) => sum + size, 0) >= LARGE_LOG
  return isLarge && availableParallelism() > 1
    ? new ThreadedSummary(request.options)
    : new BlockSummary(request.options)
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

async function countAll(making: Making, problems: string[]): Promise<Read> {
  const { request } = making
  const summary = new Summary(request.options)
  const hops = openFilterHops(request)
  const insights =
    request.insights || making.formats.some(format => format !== 'text')
      ? new InsightCollector({
          year: localDay(making.clock.now()).year,
          ...(hops === null ? {} : { filterHops: hops }),
        })
      : null
  const unprocessed = openUnprocessed(request.unprocessedFile, problems)
  const readable = await readPlaces(making, problems, async (chunks, place) => {
    for await (const { lines, headless } of readLogLines(chunks, { newest: newestDay(making, place) })) {
      making.progress(0, lines.length + headless.length)
      for (const line of lines) {
        if (hops?.keep(line) === false) continue
        const isCounted = summary.take(line)
        if (!summary.wants(line.time)) continue
        if (!isCounted && line.program.includes('postfix')) unprocessed?.write(line.raw)
        insights?.add(line)
      }
      for (const line of headless) if (line.includes('postfix')) unprocessed?.write(line)
      summary.skip(headless.length)
    }
  })
  unprocessed?.close()
  return { facts: summary.facts(), insights: insights === null ? null : insights.finish(), readable }
}

function aboutThis({ request, clock }: Making): ReportDocument['about'] {
  const now = clock.now()
  const { year, month, day } = localDay(now)
  const two = (value: number): string => String(value).padStart(2, '0')
  return {
    host: hostname(),
    period: request.options.dates?.title ?? null,
    made: `${year}-${two(month)}-${two(day)} ${new Date(now).toTimeString().slice(0, 8)}`,
    program: `postern ${ownVersion()}`,
  }
}

/** pflogsumm's report, then what else is asked for. */
function textParts(
  { request, language }: Making,
  facts: Facts,
  document: ReportDocument | null,
): readonly Uint8Array[] {
  const insights = request.insights && document !== null ? renderInsights(document.insights, language) : ''
  return [Buffer.from(renderText(facts, request.options), 'latin1'), mailQueue(request), Buffer.from(insights)]
}

function renderView(document: ReportDocument, format: Exclude<ReportFormat, 'text'>, language: ReportLanguage): string {
  switch (format) {
    case 'html':
      return renderHtml(document, language)
    case 'json':
      return renderJson(document)
    case 'prometheus':
      return renderPrometheus(document)
  }
}

/** Null: not asked for. */
function openFilterHops({ filterHops }: ReportRequest): FilterHops | null {
  const made = filterHops === null ? null : makeFilterHops(filterHops)
  // That they can be used was seen when the command line was read.
  return made?.status === 'ok' ? made.hops : null
}

/** From what day on years are reckoned back, where the log has none; null: as pflogsumm does it, by the month alone. */
function newestDay({ request, clock }: Making, place: LogPlace): CalendarDay | null {
  if (request.options.years === 'guessed') return null
  const written = place.kind === 'file' ? statSync(place.path, { throwIfNoEntry: false })?.mtimeMs : undefined
  return localDay(written ?? clock.now())
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
