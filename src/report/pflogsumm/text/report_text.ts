/** The report of pflogsumm 1.1.5, byte for byte. */
import type { Facts } from '../../facts.ts'
import type { ReportOptions } from '../../options.ts'
import { countSection, heading, messageSection, nestedSection, sizelessSection, userSection } from './sections.ts'
import { connectionTables, dayTable, deliveryTable, hourTable, receptionTable } from './tables.ts'
import { clockTime, count, whole } from './units.ts'

/** As latin1: a character for each byte of the log. */
export function renderText(facts: Facts, options: ReportOptions): string {
  const { limits, isoDateTime: iso, quiet, problemsFirst } = options
  const users = (title: string, of: 'senders' | 'recipients', by: 'messages' | 'bytes'): string =>
    userSection(facts[of], { title, by, limit: limits.users, quiet })
  const problems = renderProblems(facts, options)
  return [
    options.dates === null ? '' : `Postfix log summaries for ${options.dates.title}\n`,
    grandTotals(facts),
    '\n',
    problemsFirst ? problems : '',
    facts.dayCount > 1 ? dayTable(facts, iso) : '',
    hourTable(facts, iso),
    deliveryTable(facts.recipientDomains, limits.hosts),
    receptionTable(facts.senderDomains, limits.hosts),
    facts.connections === null
      ? ''
      : connectionTables(facts.connections, { dayCount: facts.dayCount, limit: limits.hosts, iso }),
    users('Senders by message count', 'senders', 'messages'),
    users('Recipients by message count', 'recipients', 'messages'),
    users('Senders by message size', 'senders', 'bytes'),
    users('Recipients by message size', 'recipients', 'bytes'),
    sizelessSection(facts.sizeless),
    problemsFirst ? '' : problems,
    options.messageDetail ? messageSection(facts.messages, quiet) : '',
    options.mailq ? heading('Current Mail Queue') : '',
  ].join('')
}

function grandTotals(facts: Facts): string {
  const { totals, connections } = facts
  const all = totals.delivered + totals.rejected + totals.discarded
  const percent = (part: number): number => (all > 0 ? Math.trunc((part / all) * 100) : 0)
  const lines = [
    ` ${count(totals.received)}  received`,
    ` ${count(totals.delivered)}  delivered`,
    ` ${count(totals.forwarded)}  forwarded`,
    ` ${count(totals.deferred)}  deferred${totals.deferrals > 0 ? `  (${count(totals.deferrals, 0)} deferrals)` : ''}`,
    ` ${count(totals.bounced)}  bounced`,
    ` ${count(totals.rejected)}  rejected (${percent(totals.rejected)}%)`,
    ` ${count(totals.rejectWarnings)}  reject warnings`,
    ` ${count(totals.held)}  held`,
    ` ${count(totals.discarded)}  discarded (${percent(totals.discarded)}%)`,
    '',
    ` ${count(totals.bytesReceived)}  bytes received`,
    ` ${count(totals.bytesDelivered)}  bytes delivered`,
    ` ${count(facts.senders.size)}  senders`,
    ` ${count(facts.senderDomains.size)}  sending hosts/domains`,
    ` ${count(facts.recipients.size)}  recipients`,
    // Domains that only got deferrals do not count.
    ` ${count([...facts.recipientDomains.values()].filter(({ messages }) => messages > 0).length)}  recipient hosts/domains`,
  ]
  if (connections !== null) {
    const { connections: number, time } = connections.total
    lines.push(
      ...['', 'smtpd', ''],
      `  ${count(number)}  connections`,
      `  ${count(connections.domains.size)}  hosts/domains`,
      `  ${whole(number > 0 ? time / number + 0.5 : 0, 6)}   avg. connect time (seconds)`,
      ` ${clockTime(time)}  total connect time`,
    )
  }
  if (facts.postscreen !== undefined) {
    const { connections: number, addresses, time } = facts.postscreen
    lines.push(
      ...['', 'postscreen', ''],
      `  ${count(number)}  connections`,
      `  ${count(addresses)}  IP addresses`,
      `  ${whole(number > 0 ? time / number + 0.5 : 0, 6)}   avg. connect time (seconds)`,
      ` ${clockTime(time)}  total connect time`,
    )
  }
  return `${heading('Grand Totals')}messages\n\n${lines.join('\n')}\n`
}

function renderProblems(facts: Facts, { limits, quiet }: ReportOptions): string {
  const nested = (counts: Parameters<typeof nestedSection>[0], title: string, limit: number): string =>
    limit === 0 ? '' : nestedSection(counts, { title, limit, quiet })
  return [
    nested(facts.deferrals, 'message deferral detail', limits.deferrals),
    nested(facts.bounces, 'message bounce detail (by relay)', limits.bounces),
    nested(facts.rejects, 'message reject detail', limits.rejects),
    nested(facts.rejectWarnings, 'message reject warning detail', limits.rejects),
    nested(facts.holds, 'message hold detail', limits.rejects),
    nested(facts.discards, 'message discard detail', limits.rejects),
    nested(facts.smtpFailures, 'smtp delivery failures', limits.smtp),
    nested(facts.warnings, 'Warnings', limits.smtpdWarnings),
    facts.postscreen === undefined ? '' : nested(facts.postscreen.actions, 'postscreen actions', limits.postscreen),
    nestedSection(facts.fatals, { title: 'Fatal Errors', limit: 0, quiet }),
    nestedSection(facts.panics, { title: 'Panics', limit: 0, quiet }),
    countSection(facts.masterMessages, 'Master daemon messages', quiet),
  ].join('')
}
