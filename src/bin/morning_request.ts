/** What postern_report_options and its like ask for. */
import type { Config } from '../config/config.ts'
import { localDay } from '../report/command/dates.ts'
import { parseArguments } from '../report/command/parse_arguments.ts'
import { makeRequest, type RequestResult } from '../report/command/request.ts'
import { parseCron } from '../report/schedule/cron.ts'

/** What main.cf asks for, when it is `dueMs`. */
export function morningRequest(config: Config, dueMs: number): RequestResult {
  const words = splitQuoted(config.postern_report_options)
  const parsed = parseArguments(words)
  if (!parsed.ok) return parsed
  // The day on which it was due, however late it is made.
  const made = makeRequest(parsed.args, localDay(dueMs))
  if (!made.ok) return made
  const format =
    parsed.args.has('format') || parsed.args.has('json') ? made.request.format : config.postern_report_format
  return { ok: true, request: { ...made.request, format } }
}

/** Why it cannot be made as main.cf says; null: it can, or nobody wants it. */
export function morningProblem(config: Config): { readonly name: string; readonly text: string } | null {
  if (config.postern_report_to.length === 0) return null
  const cron = config.postern_report_schedule === '' ? null : parseCron(config.postern_report_schedule)
  if (cron?.ok === false) return { name: 'postern_report_schedule', text: cron.message }
  const request = morningRequest(config, 0)
  return request.ok ? null : { name: 'postern_report_options', text: request.message }
}

/** Words of a command line; quotes, single or double, keep blanks. */
function splitQuoted(text: string): readonly string[] {
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  )
}
