/** Parts of the report that are tables: by day, hour and domain. */
import type { ConnectionFacts, Day, Facts, MailFacts, RecipientDomainFacts, Traffic } from '../../facts.ts'
import { byCountThenSize } from './order.ts'
import { heading } from './sections.ts'
import { clockTime, count, duration, whole } from './units.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const TRAFFIC_HEAD =
  'received  delivered   deferred    bounced     rejected\n    --------------------------------------------------------------------\n'

function columnsOf({ received, delivered, deferred, bounced, rejected }: Traffic): readonly number[] {
  return [received, delivered, deferred, bounced, rejected]
}

function dateColumn({ year, month, day }: Day, iso: boolean): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  if (iso) return `    ${String(year).padStart(4, '0')}-${two(month)}-${two(day)} `
  return `    ${MONTHS[month - 1] ?? ''} ${String(day).padStart(2)} ${year}`
}

function hourColumn(hour: number, iso: boolean): string {
  const [from, to] = [hour, hour + 1].map(value => String(value).padStart(2, '0'))
  return iso ? `    ${from}:00-${to}:00` : `    ${from}00-${to}00  `
}

export function dayTable({ days }: Facts, iso: boolean): string {
  const rows = days.map(day => {
    const figures = columnsOf(day.traffic).slice(0, day.columns)
    return `${dateColumn(day, iso)}${figures.map(figure => `    ${count(figure)}`).join('')}\n`
  })
  return `${heading('Per-Day Traffic Summary')}    date          ${TRAFFIC_HEAD}${rows.join('')}`
}

export function hourTable({ hours, dayCount }: Facts, iso: boolean): string {
  const rows = hours.map((traffic, hour) => {
    const figures = columnsOf(traffic).map(figure => (dayCount > 0 ? figure / dayCount + 0.5 : figure))
    return `${hourColumn(hour, iso)}${figures.map(figure => `    ${count(figure)}`).join('')}\n`
  })
  const kind = dayCount > 1 ? 'Daily Average' : 'Summary'
  return `${heading(`Per-Hour Traffic ${kind}`)}    time          ${TRAFFIC_HEAD}${rows.join('')}`
}

function limited<Row>(rows: readonly Row[], limit: number): readonly Row[] {
  return limit > 0 ? rows.slice(0, limit) : rows
}

function title(text: string, limit: number): string {
  return heading(`${text} ${limit > 0 ? `(top ${limit})` : ''}`)
}

export function deliveryTable(domains: ReadonlyMap<string, RecipientDomainFacts>, limit: number): string {
  if (limit === 0) return ''
  const rows = limited(byCountThenSize(domains), limit).map(([name, facts]) => {
    const average = facts.messages > 0 ? facts.delaySum / facts.messages : 0
    const counts = [facts.messages, facts.bytes, facts.deferrals].map(figure => count(figure)).join('  ')
    return ` ${counts}  ${duration(average)}  ${duration(facts.delayMax)}  ${name}\n`
  })
  return `${title('Host/Domain Summary: Message Delivery', limit)} sent cnt  bytes   defers   avg dly max dly host/domain
 -------- -------  -------  ------- ------- -----------
${rows.join('')}`
}

export function receptionTable(domains: ReadonlyMap<string, MailFacts>, limit: number): string {
  if (limit === 0) return ''
  const rows = limited(byCountThenSize(domains), limit).map(
    ([name, { messages, bytes }]) => ` ${count(messages)}  ${count(bytes)}  ${name}\n`,
  )
  return `${title('Host/Domain Summary: Messages Received', limit)} msg cnt   bytes   host/domain
 -------- -------  -----------
${rows.join('')}`
}

/** --smtpd-stats. */
export function connectionTables(
  facts: ConnectionFacts,
  of: { readonly dayCount: number; readonly limit: number; readonly iso: boolean },
): string {
  return (
    (of.dayCount > 1 ? connectionDays(facts, of.iso) : '') +
    connectionHours(facts, of) +
    connectionDomains(facts, of.limit)
  )
}

function connectionDays({ days }: ConnectionFacts, iso: boolean): string {
  const rows = days.map(day => {
    const average = day.time / day.connections + 0.5
    return `${dateColumn(day, iso)}   ${count(day.connections)}       ${clockTime(day.time)}      ${whole(average, 6)}s      ${whole(day.longest, 6)}s\n`
  })
  return `${heading('Per-Day SMTPD Connection Summary')}    date        connections    time conn.    avg./conn.   max. time
    --------------------------------------------------------------------
${rows.join('')}`
}

function connectionHours({ hours }: ConnectionFacts, of: { readonly dayCount: number; readonly iso: boolean }): string {
  const isAverage = of.dayCount > 1
  let text = isAverage
    ? `${heading('Per-Hour SMTPD Connection Daily Average')}    hour        connections    time conn.
    -------------------------------------
`
    : `${heading('Per-Hour SMTPD Connection Summary')}    hour        connections    time conn.    avg./conn.   max. time
    --------------------------------------------------------------------
`
  for (const [hour, { connections, time, longest }] of hours.entries()) {
    if (connections === 0) continue
    const share = (figure: number): number => (isAverage ? figure / of.dayCount + 0.5 : figure)
    text += `${hourColumn(hour, of.iso)}   ${count(share(connections))}       ${clockTime(share(time))}`
    if (!isAverage) text += `      ${whole(time / connections + 0.5, 6)}s      ${whole(longest, 6)}s`
    text += '\n'
  }
  return text
}

function connectionDomains({ domains }: ConnectionFacts, limit: number): string {
  if (limit === 0) return ''
  const rows = [...domains].map(
    ([name, sum]) => [name, { ...sum, messages: sum.connections, bytes: sum.time }] as const,
  )
  const text = limited(byCountThenSize(rows), limit).map(([name, { connections, time, longest }]) => {
    const average = time / connections + 0.5
    return `  ${count(connections)}      ${clockTime(time)}     ${whole(average, 6)}s    ${whole(longest, 6)}s   ${name}\n`
  })
  return `${title('Host/Domain Summary: SMTPD Connections', limit)} connections  time conn.  avg./conn.  max. time  host/domain
 -----------  ----------  ----------  ---------  -----------
${text.join('')}`
}
