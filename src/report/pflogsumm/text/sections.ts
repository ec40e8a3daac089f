/** Parts of the report that are lists: of reasons, of addresses, of messages. */
import type { Counts, Counts2, Counts3, MailFacts } from '../../facts.ts'
import { byBytes, byDomainThenUser, mostFirst } from './order.ts'
import { count } from './units.ts'

/** "\nTitle\n-----\n" */
export function heading(title: string): string {
  return `\n${title}\n${'-'.repeat(title.length)}\n`
}

/** The heading of a list that may be empty; null: there is none to print. */
function listHeading(title: string, size: number, quiet: boolean): string | null {
  if (size > 0) return heading(title)
  return quiet ? null : `\n${title}: none\n`
}

function rows(counts: Iterable<readonly [string, number]>, limit: number, indent: string): string {
  // Most reasons hit one thing.
  if (counts instanceof Map && counts.size === 1)
    for (const [name, figure] of counts) return `${indent}${count(figure)}  ${name}\n`
  const lines: string[] = []
  for (const { figure, names } of mostFirst(counts)) {
    const head = `${indent}${count(figure)}  `
    for (const name of names) {
      lines.push(head, name, '\n')
      if (lines.length === limit * 3) return lines.join('')
    }
  }
  return lines.join('')
}

/** Senders or recipients by one of their figures. */
export function userSection(
  users: ReadonlyMap<string, MailFacts>,
  of: { readonly title: string; readonly by: 'messages' | 'bytes'; readonly limit: number; readonly quiet: boolean },
): string {
  const { title, by, limit, quiet } = of
  if (limit === 0) return ''
  const head = listHeading(limit > 0 ? `top ${limit} ${title}` : title, users.size, quiet)
  if (head === null) return ''
  const figures: [string, number][] = []
  for (const [name, facts] of users) figures.push([name, facts[by]])
  return head + rows(figures, limit, ' ')
}

/** Reasons and what they hit; `limit` 0 is all. */
export function nestedSection(
  counts: Counts2 | Counts3,
  of: { readonly title: string; readonly limit: number; readonly quiet: boolean },
): string {
  const head = listHeading(of.title, counts.size, of.quiet)
  return head === null ? '' : head + walk(counts, of.limit, '  ')
}

function walk(counts: Counts2 | Counts3 | Counts, limit: number, indent: string): string {
  const parts: string[] = []
  for (const [name, below] of [...counts].sort(([a], [b]) => byBytes(a, b))) {
    if (typeof below === 'number') return rows(counts as Counts, limit, indent)
    let sum = 0
    let isLast = true
    for (const value of below.values())
      if (typeof value === 'number') sum += value
      else isLast = false
    const total = isLast ? ` (total: ${sum})` : ''
    const top = isLast && limit > 0 ? ` (top ${limit})` : ''
    parts.push(`${indent}${name}${top}${total}\n`, walk(below, limit, `${indent}  `))
  }
  return parts.join('')
}

/** Messages of master(8). */
export function countSection(counts: Counts, title: string, quiet: boolean): string {
  const head = listHeading(title, counts.size, quiet)
  return head === null ? '' : head + rows(counts, 0, ' ')
}

/** Queue ids and a recipient of what has no size. An empty one has no heading, ever. */
export function sizelessSection(sizeless: ReadonlyMap<string, string>): string {
  const head = listHeading('Messages with no size data', sizeless.size, true)
  if (head === null) return ''
  const sorted = [...sizeless].sort(([a], [b]) => byBytes(a, b))
  return head + sorted.map(([id, address]) => ` ${id}  ${address}\n`).join('')
}

export function messageSection(messages: ReadonlyMap<string, readonly string[]>, quiet: boolean): string {
  const head = listHeading('Message detail', messages.size, quiet)
  if (head === null) return ''
  return (
    head +
    byDomainThenUser(messages)
      .map(([id, [first = '', ...others]]) => ` ${id}  ${first}\n${others.map(other => `   ${other}\n`).join('')}\n`)
      .join('')
  )
}
