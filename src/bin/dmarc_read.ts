/** `postern dmarc read`: aggregate reports that others sent us. */
import type { Feedback, FeedbackRecord } from '../dmarc_report/feedback.ts'
import { ReportSyntaxError } from '../dmarc_report/read/problem.ts'
import { readReports } from '../dmarc_report/read/read_reports.ts'
import { errnoText } from '../util/errno_text.ts'
import { formatColumns } from './columns.ts'
import type { Call } from './command.ts'
import { GOOD, NEGATIVE } from './exit_status.ts'

interface ReadFile {
  readonly file: string
  readonly report: Feedback
}

/** Reads every file, tells which cannot be read, and prints what the others say. */
export function read(call: Call, files: readonly string[], readFile: (path: string) => Uint8Array): number {
  const { options, terminal } = call
  const found: ReadFile[] = []
  let status = GOOD
  for (const file of files) {
    try {
      found.push(...readReports(readFile(file)).map(report => ({ file, report })))
    } catch (error) {
      status = NEGATIVE
      const reason = error instanceof ReportSyntaxError ? error.message : errnoText(error)
      terminal.err(`postern dmarc: ${file}: ${reason}\n`)
    }
  }
  if (options.has('json')) terminal.out(`${JSON.stringify(found, null, 2)}\n`)
  else terminal.out(found.map(({ report }) => describe(report)).join('\n'))
  return status
}

function describe({ metadata, policy, records }: Feedback): string {
  const published = [
    `p=${policy.p}`,
    ...(['sp', 'np', 'adkim', 'aspf', 'fo', 'pct'] as const).flatMap(name =>
      policy[name] === '' ? [] : [`${name}=${policy[name]}`],
    ),
    ...(policy.testing === 'y' ? ['t=y'] : []),
  ]
  const total = records.reduce((sum, { count }) => sum + count, 0)
  const head = [
    ['report', metadata.reportId],
    ['from', `${metadata.orgName} <${metadata.email}>`],
    ['period', `${time(metadata.begin)} to ${time(metadata.end)}`],
    ['domain', `${policy.domain} ${published.join(' ')}`],
    ['messages', String(total)],
    ...metadata.errors.map(error => ['error', error]),
  ]
  const table = [
    ['count', 'source', 'disposition', 'dkim', 'spf', 'header from', 'envelope from', 'found', 'reasons'],
    ...records.map(row),
  ]
  return `${formatColumns(head)}${formatColumns(table)}`
}

function row(record: FeedbackRecord): readonly string[] {
  const dkim = record.dkimResults.map(({ domain, selector, result }) => `dkim=${result}:${domain}/${selector}`)
  const spf = record.spfResults.map(({ domain, result }) => `spf=${result}:${domain}`)
  return [
    String(record.count),
    record.sourceIp,
    record.disposition,
    record.dkim,
    record.spf,
    record.headerFrom,
    record.envelopeFrom,
    [...dkim, ...spf].join(' '),
    record.reasons.map(({ type, comment }) => (comment === '' ? type : `${type} (${comment})`)).join(', '),
  ]
}

/** "2026-11-24 00:00:00"; a number that is no date as it is. */
function time(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().slice(0, 19).replace('T', ' ')
}
