/** `postern report`: the summary of a mail log, printed or sent. */
import { readFileSync, statSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { localDay } from '../report/command/dates.ts'
import { parseArguments, type ReportArguments } from '../report/command/parse_arguments.ts'
import { formatOptionsFile, makeRequest, parseOptionsFile, type ReportRequest } from '../report/command/request.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { type Call, Options } from './command.ts'
import { configPath, readSource } from './config_source.ts'
import { CommandError, GOOD, NEGATIVE, USAGE } from './exit_status.ts'
import { commandHelp } from './help.ts'
import { Progress } from './progress.ts'
import { sendReportNow } from './report_letter.ts'
import { chooseLog } from './report_log.ts'
import { makeReport } from './report_making.ts'
import { ownVersion } from './version.ts'

export function run(call: Call): Promise<number> {
  return runAt(systemClock, call)
}

/** The same at the time of `clock`, which days like "yesterday" depend on. */
export async function runAt(clock: Clock, { command, operands, terminal }: Call): Promise<number> {
  const parsed = parseArguments(operands)
  if (!parsed.ok) throw usage(parsed.message)
  const args = withOptionsFile(parsed.args)
  if (args.has('help')) terminal.out(commandHelp(command))
  else if (args.has('version')) terminal.out(`postern report ${ownVersion()} (as pflogsumm 1.1.5)\n`)
  else if (args.has('dump-config')) terminal.out(formatOptionsFile(args))
  else return report(clock, args, terminal)
  return GOOD
}

async function report(clock: Clock, args: ReportArguments, terminal: Call['terminal']): Promise<number> {
  const made = makeRequest(args, localDay(clock.now()))
  if (!made.ok) throw usage(made.message)
  const { request } = made
  for (const remark of request.remarks) terminal.err(`postern report: ${remark}\n`)
  const config = configFor(request, args)
  const language = request.language ?? config?.postern_report_language ?? 'en'
  const places = chooseLog({ ...request, dates: request.options.dates, config })
  const progress = new Progress({
    clock,
    totalBytes: totalSize(places.map(place => (place.kind === 'file' ? place.path : null))),
    target: {
      write: text => terminal.err(text),
      width: process.stderr.isTTY === true ? (process.stderr.columns ?? 80) : null,
    },
  })
  const sent = request.mail.to.length > 0
  const result = await makeReport({
    ...{ request, places, language, clock },
    formats: sent && request.format === 'html' ? ['text', 'html'] : [request.format],
    progress: (bytes, lines) => progress.add(bytes, lines),
  })
  progress.end()
  for (const problem of result.problems) terminal.err(`postern report: ${problem}\n`)
  // All of them: a report of nothing would look as if nothing had happened.
  if (result.readable === 0) return NEGATIVE
  if (sent) {
    if (config === null)
      throw new CommandError('there is no main.cf that says where mail is handed in: say --config PATH', NEGATIVE)
    const status = await sendReportNow({ request, result, config, clock })
    return status === GOOD && result.problems.length > 0 ? NEGATIVE : status
  }
  terminal.outBytes(result.outputs.get(request.format) ?? new Uint8Array())
  return result.problems.length > 0 ? NEGATIVE : GOOD
}

/** main.cf, where something in it has a say; null: there is none. */
function configFor(request: ReportRequest, args: ReportArguments): Config | null {
  const isAsked = args.has('config') || args.has('override')
  const isNeeded = request.mail.to.length > 0 || (request.files.length === 0 && !request.journal)
  if (!isAsked && !isNeeded) return null
  const asked = args.text('config')
  const options = new Options(asked === null ? {} : { config: asked })
  let path: string
  try {
    path = configPath(options)
  } catch (error) {
    if (error instanceof CommandError && !isAsked) return null
    throw error
  }
  const read = readSource(path, args.texts('override'))
  if (read.ok) return read.loaded.config
  throw new CommandError(`${read.problem.place.file}: ${read.problem.text}`, NEGATIVE)
}

/** pflogsumm's --config names a file of options, ours a main.cf: the file tells which it is. */
function withOptionsFile(args: ReportArguments): ReportArguments {
  const path = args.text('config')
  if (path === null || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return args
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    // readSource tells it.
    return args
  }
  const file = parseOptionsFile(text)
  return file.ok ? args.withDefaults(file.values).without('config') : args
}

/** Bytes of all files; null when one has no size that can be known. */
function totalSize(paths: readonly (string | null)[]): number | null {
  let total = 0
  for (const path of paths) {
    const stat = path === null ? undefined : statSync(path, { throwIfNoEntry: false })
    if (stat?.isFile() !== true) return null
    total += stat.size
  }
  return total
}

function usage(message: string): CommandError {
  return new CommandError(`${message}\nTry "postern help report".`, USAGE)
}
