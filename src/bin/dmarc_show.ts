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
  const { reports, damaged } = await aggregateDay(directory, what.day)
  const found = what.domain === null ? reports : reports.filter(({ policy }) => policy.domain === what.domain)
  if (options.has('json')) terminal.out(`${JSON.stringify({ day: what.day, damaged, domains: found }, null, 2)}\n`)
  else if (what.domain === null) terminal.out(summary(found))
  else for (const report of found) terminal.out(details(report))
  if (damaged > 0 && !options.has('json')) terminal.err(`postern dmarc: ${damaged} damaged rows of ${what.day}\n`)
  if (found.length > 0) return GOOD
  const about = what.domain === null ? '' : ` about ${what.domain}`
  terminal.err(`postern dmarc: nothing was collected${about} on ${what.day}\n`)
  return NEGATIVE
}

function summary(reports: readonly DomainReport[]): string {
  const rows = reports.map(({ policy, records, messages }) => {
    const sum = (wanted: (key: RowKey) => boolean): string =>
      String(records.reduce((count, record) => count + (wanted(record.key) ? record.count : 0), 0))
    const passed = sum(({ dkim, spf }) => dkim || spf)
    const refused = sum(({ disposition }) => disposition === 'reject')
    const marked = sum(({ disposition }) => disposition === 'quarantine')
    return [policy.domain, `p=${policy.p}`, String(messages), passed, marked, refused, policy.rua.join(',')]
  })
  return formatColumns([['domain', 'policy', 'messages', 'passed', 'quarantine', 'reject', 'rua'], ...rows])
}

function details({ policy, records }: DomainReport): string {
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
  return `${policy.domain} p=${policy.p} rua=${policy.rua.join(',')}\n${formatColumns([head, ...rows])}`
}

function authResults({ dkimResults, spfResult }: RowKey): string {
  const dkim = dkimResults.map(({ domain, selector, result }) => `dkim=${result}:${domain}/${selector}`)
  return [...dkim, ...(spfResult === null ? [] : [`spf=${spfResult.result}:${spfResult.domain}`])].join(' ')
}
