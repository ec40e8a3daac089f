/** Which log a report is about, where nobody names one. */
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { DateRange } from '../report/options.ts'
import { splitPlacedWords } from '../util/words.ts'
import { parseLogTarget } from './log.ts'

export type LogPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stdin' }
  | { readonly kind: 'journal' }

export interface LogChoice {
  readonly files: readonly string[]
  readonly journal: boolean
  readonly dates: DateRange | null
  /** Null: there is no main.cf. */
  readonly config: Pick<Config, 'postern_report_log' | 'postern_log' | 'maillog_file'> | null
}

const USUAL = ['/var/log/mail.log', '/var/log/maillog']

/** Where to read, in this order: oldest first. */
export function chooseLog(choice: LogChoice): readonly LogPlace[] {
  if (choice.journal) return [{ kind: 'journal' }]
  if (choice.files.length > 0)
    return choice.files.map(path => (path === '-' ? { kind: 'stdin' } : { kind: 'file', path }))
  // pflogsumm: without files it reads standard input. cron and a terminal have nothing to read there.
  if (isFed()) return [{ kind: 'stdin' }]
  return configuredLog(choice)
}

/** The log of this machine, as main.cf says or where it usually is. */
export function configuredLog({ dates, config }: Pick<LogChoice, 'dates' | 'config'>): readonly LogPlace[] {
  const named = config === null ? [] : splitPlacedWords(config.postern_report_log).map(word => word.text)
  if (named.length > 0)
    return named.flatMap((path): readonly LogPlace[] =>
      path === 'journal:' ? [{ kind: 'journal' }] : withRotated(path.replace(/^file:/, ''), dates),
    )
  const target = config === null ? null : parseLogTarget(config.postern_log)
  if (target?.kind === 'file') return withRotated(target.path, dates)
  const own = config?.maillog_file ?? ''
  const path = (own.startsWith('/') && own !== '/dev/stdout' ? [own] : USUAL).find(each => fs.existsSync(each))
  return path === undefined ? [{ kind: 'journal' }] : withRotated(path, dates)
}

/** Something sends us a log: a pipe, or a file behind "<". */
function isFed(): boolean {
  try {
    const stat = fs.fstatSync(0)
    return stat.isFIFO() || stat.isFile() || stat.isSocket()
  } catch {
    return false
  }
}

/** logrotate: "mail.log.1", "mail.log.2.gz", "mail.log-20261124.xz". Postfix: "maillog.20261124-040000". */
const ROTATED = /^[.-](?:\d{1,4}|\d{8}(?:-\d{4,6})?)(?:\.(?:gz|xz|zst))?$/

/**
 * The log, and before it what was rotated since the first day that is asked for: in the morning yesterday's lines are often in
 * "mail.log.1" already. Without days: only the log, as pflogsumm would be given it.
 */
function withRotated(path: string, dates: DateRange | null): readonly LogPlace[] {
  const place: LogPlace = { kind: 'file', path }
  if (dates === null) return [place]
  const { year, month, day } = dates.first
  const since = new Date(year, month - 1, day).getTime()
  return [...rotatedSince(path, since).map((each): LogPlace => ({ kind: 'file', path: each })), place]
}

function rotatedSince(path: string, since: number): readonly string[] {
  const directory = dirname(path)
  const name = basename(path)
  let names: readonly string[]
  try {
    names = fs.readdirSync(directory)
  } catch {
    return []
  }
  return names
    .filter(each => each.startsWith(name) && ROTATED.test(each.slice(name.length)))
    .flatMap(each => {
      // The time of the last line; compressing keeps it.
      const stat = fs.statSync(join(directory, each), { throwIfNoEntry: false })
      return stat !== undefined && stat.mtimeMs >= since ? [{ path: join(directory, each), mtimeMs: stat.mtimeMs }] : []
    })
    .sort((a, b) => a.mtimeMs - b.mtimeMs)
    .map(each => each.path)
}
