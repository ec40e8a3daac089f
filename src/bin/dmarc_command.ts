/** `postern dmarc`: what was collected for aggregate reports, sending them, and reading those of others. */
import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { parseDestination, verifyDestination } from '../dmarc_report/destinations.ts'
import type { MadeReport } from '../dmarc_report/make_report.ts'
import { getReport } from '../dmarc_report/outbox.ts'
import { aggregateDay, dayOf, dueDays, openOutbox, wantedReports } from '../dmarc_report/run.ts'
import type { EmitEvent } from '../model/event.ts'
import { systemClock } from '../util/clock.ts'
import type { Call } from './command.ts'
import { configPath, readSource } from './config_source.ts'
import { read } from './dmarc_read.ts'
import {
  openSender,
  type ReportSender,
  reportDirectory,
  reportProblem,
  reportSettings,
  sendReports,
} from './dmarc_reports.ts'
import { show } from './dmarc_show.ts'
import { CommandError, GOOD, NEGATIVE, TEMPORARY, USAGE } from './exit_status.ts'
import { becomeUser, findUser } from './identity.ts'

export async function run(call: Call): Promise<number> {
  const [action = '', ...operands] = call.operands
  switch (action) {
    case 'send':
      refuseOperands(operands)
      return send(call, readReportConfig(call))
    case 'show':
      refuseOperands(operands.slice(1))
      return show(call, reportDirectory(readReportConfig(call)), {
        domain: operands[0]?.toLowerCase() ?? null,
        day: dayOption(call) ?? dayOf(systemClock.now()),
      })
    case 'read':
      if (operands.length === 0) throw new CommandError('read: of which file?', USAGE)
      return read(call, operands, path => readFileSync(path === '-' ? 0 : path))
    default:
      throw new CommandError(`cannot use "${action}": expected send, show or read`, USAGE)
  }
}

function refuseOperands(operands: readonly string[]): void {
  if (operands[0] !== undefined) throw new CommandError(`cannot use "${operands[0]}": too many arguments`, USAGE)
}

function readReportConfig({ options }: Call): Config {
  const source = readSource(configPath(options), options.texts('override'))
  if (!source.ok) throw new CommandError(`${source.problem.place.file}: ${source.problem.text}`, NEGATIVE)
  return source.loaded.config
}

/** "2026-11-24"; null: not given. */
function dayOption({ options }: Call): string | null {
  const day = options.text('date')
  if (day === null) return null
  const time = Date.parse(`${day}T00:00:00Z`)
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(time) || dayOf(time) !== day)
    throw new CommandError(`cannot use "${day}" for --date: expected a day such as 2026-11-24`, USAGE)
  return day
}

async function send(call: Call, config: Config): Promise<number> {
  if (config.postern_dmarc_report_from === '')
    throw new CommandError('reports are off: postern_dmarc_report_from names no sender', NEGATIVE)
  const problem = reportProblem(config)
  if (problem !== null) throw new CommandError(`${problem.name}: ${problem.text}`, NEGATIVE)
  const { terminal, options } = call
  const day = dayOption(call)
  const emit: EmitEvent = event => {
    if ('text' in event && event.kind !== 'verdict') terminal.err(`postern dmarc: ${event.text}\n`)
  }
  if (options.has('dry-run')) return rehearse(call, { config, day, emit })
  // What root writes the gateway could not read.
  const user = findUser(config.postern_user)
  if (user !== null && process.getuid?.() === 0) becomeUser(user)
  const run = await sendReports({ config, clock: systemClock, pid: process.pid, emit, settleMs: 0, day })
  if (run.status === 'busy') throw new CommandError('another process is sending reports', TEMPORARY)
  if (run.status === 'problem') throw new CommandError(run.text, NEGATIVE)
  const { result } = run
  if (options.has('json')) terminal.out(`${JSON.stringify(result, null, 2)}\n`)
  else {
    const { days, made, sent, deferred, dropped } = result
    terminal.out(`days: ${days.join(', ') || 'none'}\nreports made: ${made}\nmails sent: ${sent}\n`)
    terminal.out(`to be tried again: ${deferred}\ngiven up: ${dropped}\n`)
  }
  if (result.deferred > 0) return TEMPORARY
  return result.dropped > 0 ? NEGATIVE : GOOD
}

interface Rehearsal {
  readonly config: Config
  readonly day: string | null
  readonly emit: EmitEvent
}

interface RehearsedReport
  extends Pick<MadeReport, 'reportId' | 'domain' | 'day' | 'fileName' | 'records' | 'messages'> {
  readonly destinations: readonly RehearsedDestination[]
}

interface RehearsedDestination {
  readonly uri: string
  /** Who would get it. */
  readonly addresses: readonly string[]
  /** Why nobody would; '' where somebody would. */
  readonly problem: string
  /** The DNS could not be asked: it may be wanted, and is tried again. */
  readonly deferred: boolean
}

/** What would be sent to whom; asks the DNS, and writes and sends nothing. */
async function rehearse(call: Call, { config, day, emit }: Rehearsal): Promise<number> {
  const directory = reportDirectory(config)
  const sender = openSender({ config, clock: systemClock, emit })
  if ('problem' in sender) throw new CommandError(sender.problem, NEGATIVE)
  const found: RehearsedReport[] = []
  try {
    for (const each of day === null ? dueDays(directory, systemClock.now(), 0) : [day]) {
      const { reports, damaged } = await aggregateDay(directory, each)
      if (damaged > 0) call.terminal.err(`postern dmarc: ${damaged} damaged rows of ${each}\n`)
      for (const { made, rua } of wantedReports(reports, each, reportSettings(config))) {
        const { reportId, domain, fileName, records, messages } = made
        const destinations = await Promise.all(rua.map(uri => rehearseDestination(domain, uri, sender)))
        found.push({ reportId, domain, day: each, fileName, records, messages, destinations })
      }
    }
  } finally {
    await sender.close()
  }
  const unsent = unsentReports(directory)
  if (call.options.has('json')) call.terminal.out(`${JSON.stringify({ reports: found, unsent }, null, 2)}\n`)
  else printRehearsal(call, found, unsent)
  const isUnsure = found.some(({ destinations }) => destinations.some(({ deferred }) => deferred))
  return isUnsure ? TEMPORARY : GOOD
}

function printRehearsal(call: Call, found: readonly RehearsedReport[], unsent: readonly UnsentReport[]): void {
  const { terminal } = call
  for (const { domain, day, records, messages, fileName, destinations } of found) {
    terminal.out(`${domain} ${day}: ${messages} messages, ${records} records, ${fileName}\n`)
    for (const { uri, addresses, problem } of destinations)
      terminal.out(`  ${uri}: ${problem === '' ? `to ${addresses.join(', ')}` : problem}\n`)
  }
  for (const { domain, day, destinations } of unsent)
    for (const { uri, tries } of destinations) terminal.out(`${domain} ${day}: unsent to ${uri} after ${tries} tries\n`)
}

async function rehearseDestination(domain: string, uri: string, sender: ReportSender): Promise<RehearsedDestination> {
  const destination = parseDestination(uri)
  const nobody = { uri, addresses: [], deferred: false }
  if (destination === null) return { ...nobody, problem: 'not an address that mail can be sent to' }
  const verified = await verifyDestination(domain, destination, sender.world)
  if (verified.status === 'failed')
    return { ...nobody, problem: `cannot be verified now: ${verified.reason}`, deferred: true }
  if (verified.status === 'unwanted') return { ...nobody, problem: verified.reason }
  return { ...nobody, addresses: verified.destinations.map(({ address }) => address), problem: '' }
}

interface UnsentReport {
  readonly domain: string
  readonly day: string
  readonly destinations: readonly { readonly uri: string; readonly tries: number }[]
}

function unsentReports(directory: string): readonly UnsentReport[] {
  const outbox = openOutbox(directory)
  return outbox.names().flatMap(name => {
    const report = getReport(outbox, name)
    return report === null ? [] : [{ domain: report.domain, day: report.day, destinations: report.destinations }]
  })
}
