/** `postern dmarc show`: what was collected for reports on a day. */
import type { DomainReport } from '../dmarc_report/aggregation.ts'
import type { RowKey } from '../dmarc_report/row.ts'
import { aggregateDay } from '../dmarc_report/run.ts'
import { formatColumns } from './columns.ts'
import type { Call } from './command.ts'
import { GOOD, NEGATIVE } from './exit_status.ts'

export interface ShowWhat {
  /** Lower case; null: all. */
  readonly domain: string | null
  readonly day: string
}

export async function show({ options, terminal }: Call, directory: string, what: ShowWhat): Promise<number> {
  const { reports, damaged, leftOut } = await aggregateDay(directory, what.day)
  const found = what.domain === null ? reports : reports.filter(({ policy }) => policy.domain === what.domain)
  if (options.has('json'))
    terminal.out(`${JSON.stringify({ day: what.day, damaged, leftOut, domains: found }, null, 2)}\n`)
  else if (what.domain === null) terminal.out(summary(found))
  else for (const report of found) terminal.out(details(report))
  if (damaged > 0 && !options.has('json')) terminal.err(`postern dmarc: ${damaged} damaged rows of ${what.day}\n`)
  if (leftOut > 0 && !options.has('json'))
    terminal.err(
      `postern dmarc: ${leftOut} messages of ${what.day} are in no report: there are too many different ones\n`,
    )
  if (found.length > 0) return GOOD
  const about = what.domain === null ? '' : ` about ${what.domain}`
  terminal.err(`postern dmarc: nothing was collected${about} on ${what.day}\n`)
  return NEGATIVE
}

/** What became of a message, each of exactly one kind, so that the columns add up to the messages. */
const OUTCOMES: readonly (readonly [column: string, is: (key: RowKey) => boolean])[] = [
  ['passed', ({ dkim, spf }) => dkim || spf],
  // Failed, and neither refused nor held: p=none, an exception, or policies that are not enforced here.
  ['let pass', key => isFailure(key) && key.disposition !== 'quarantine' && key.disposition !== 'reject'],
  ['quarantine', key => isFailure(key) && key.disposition === 'quarantine'],
  ['reject', key => isFailure(key) && key.disposition === 'reject'],
]

function isFailure({ dkim, spf }: RowKey): boolean {
  return !dkim && !spf
}

function summary(reports: readonly DomainReport[]): string {
  // More different messages than a report holds: rare, and then part of the sum.
  const hasLeftOut = reports.some(({ leftOut }) => leftOut > 0)
  const rows = reports.map(({ policy, records, messages, leftOut }) => {
    const counts = OUTCOMES.map(([, is]) =>
      String(records.reduce((sum, { key, count }) => sum + (is(key) ? count : 0), 0)),
    )
    const rest = hasLeftOut ? [String(leftOut)] : []
    return [policy.domain, `p=${policy.p}`, String(messages), ...counts, ...rest, policy.rua.join(',')]
  })
  const columns = [...OUTCOMES.map(([column]) => column), ...(hasLeftOut ? ['left out'] : [])]
  return formatColumns([['domain', 'policy', 'messages', ...columns, 'rua'], ...rows])
}

function details({ policy, records, leftOut }: DomainReport): string {
  const rows = records.map(({ key, count }) => [
    String(count),
    key.sourceIp,
    key.disposition,
    key.dkim ? 'pass' : 'fail',
    key.spf ? 'pass' : 'fail',
    key.headerFrom,
    key.envelopeFrom || '<>',
    authResults(key),
    key.reasons.map(({ type, comment }) => (comment === '' ? type : `${type} (${comment})`)).join(', '),
  ])
  const head = ['count', 'source', 'disposition', 'dkim', 'spf', 'header from', 'envelope from', 'found', 'reasons']
  const rest =
    leftOut === 0 ? '' : `and ${leftOut} messages that are in no record: there were too many different ones\n`
  return `${policy.domain} p=${policy.p} rua=${policy.rua.join(',')}\n${formatColumns([head, ...rows])}${rest}`
}

function authResults({ dkimResults, spfResult }: RowKey): string {
  const dkim = dkimResults.map(({ domain, selector, result }) => `dkim=${result}:${domain}/${selector}`)
  return [...dkim, ...(spfResult === null ? [] : [`spf=${spfResult.result}:${spfResult.domain}`])].join(' ')
}
