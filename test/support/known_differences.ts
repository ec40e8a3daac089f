import fs from 'node:fs'
import path from 'node:path'
import type { Outcome } from './side.ts'

/** A difference to Postfix that docs/compatibility.md argues for. */
export interface KnownDifference {
  readonly name: string
  /** "file / dialogue", "*" for any text. */
  readonly dialogues: readonly RegExp[]
  /** Every line that one side has and the other has not matches this. */
  readonly lines: RegExp
}

const DOCUMENT = path.join(import.meta.dirname, '../../docs/compatibility.md')
const SECTION = '## Differences in dialogues'

/**
 * The table of that section: | name | dialogues | lines | why |, where the dialogues are `file / name` patterns in backticks and
 * the lines are one regular expression in backticks, "|" written as "\|".
 */
export function readKnownDifferences(): readonly KnownDifference[] {
  const text = fs.readFileSync(DOCUMENT, 'utf8')
  const start = text.indexOf(SECTION)
  if (start < 0) throw new Error(`Cannot read known differences: no "${SECTION}" in docs/compatibility.md`)
  const section = text.slice(start + SECTION.length).split(/^## /m)[0] ?? ''
  const rows = section.split('\n').filter(line => line.startsWith('| `'))
  return rows.map(parseRow)
}

function parseRow(row: string): KnownDifference {
  const cells = row.split(/(?<!\\)\|/).map(cell => cell.trim())
  const [, name = '', dialogues = '', lines = '', why = ''] = cells
  if (why.length < 20) throw new Error(`Cannot read known differences: "${name}" gives no reason`)
  return {
    name: codes(name)[0] ?? '',
    dialogues: codes(dialogues).map(pattern => new RegExp(`^${pattern.split('*').map(escapePattern).join('.*')}$`)),
    lines: new RegExp((codes(lines)[0] ?? '').replaceAll('\\|', '|')),
  }
}

/** The texts between backticks. */
function codes(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(match => match[1] ?? '')
}

function escapePattern(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\/]/g, '\\$&')
}

/** The known differences that together account for everything that differs in a dialogue; null when something is left. */
export function explain(
  title: string,
  sides: { readonly want: Outcome; readonly got: Outcome },
  known: readonly KnownDifference[],
): readonly KnownDifference[] | null {
  const candidates = known.filter(difference => difference.dialogues.some(pattern => pattern.test(title)))
  const used = new Set<KnownDifference>()
  for (const line of differingLines(sides.want, sides.got)) {
    const difference = candidates.find(candidate => candidate.lines.test(line))
    if (!difference) return null
    used.add(difference)
  }
  return [...used]
}

/** Lines, tagged "S: ", "L: " or "M: ", that only one side has. With the same lines in another order: all of them. */
function differingLines(want: Outcome, got: Outcome): readonly string[] {
  const a = tagged(want)
  const b = tagged(got)
  const only = [...leftOver(a, b), ...leftOver(b, a)]
  return only.length > 0 || JSON.stringify(a) === JSON.stringify(b) ? only : a
}

function leftOver(lines: readonly string[], others: readonly string[]): readonly string[] {
  const rest = [...others]
  return lines.filter(line => {
    const at = rest.indexOf(line)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
}

function tagged(outcome: Outcome): readonly string[] {
  return [
    ...outcome.transcript.flat().map(line => `S: ${line}`),
    ...outcome.log.map(line => `L: ${line}`),
    ...outcome.mail.map(line => `M: ${line}`),
  ]
}
