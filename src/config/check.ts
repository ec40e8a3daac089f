/** `postern check`: what is wrong, as lines to print. */
import { formatProblem, type Problem } from './place.ts'

export interface Findings {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** One line each, sorted by place: problems as they are, warnings with "warning: " behind the place. No line twice. */
export function formatFindings({ problems, warnings }: Findings): readonly string[] {
  const marked = warnings.map(({ place, text }) => ({ place, text: `warning: ${text}` }))
  const all = [...problems, ...marked].toSorted(
    (a, b) =>
      a.place.file.localeCompare(b.place.file) || a.place.line - b.place.line || a.place.column - b.place.column,
  )
  return [...new Set(all.map(formatProblem))]
}

/** Types of tables whose values stand behind the first blank of a line. */
const PLAIN_TYPES = /^(?:hash|btree|lmdb|cdb|dbm|texthash|cidr)$/

/**
 * Comments that are none: Postfix knows only whole lines that begin with "#". `example.com OK // my friend` and
 * `example.com REJECT # spam` make the comment part of the value, which a client gets to read. `type` is the table's.
 */
export function findFalseComments(
  text: string,
  table: { readonly type: string; readonly file: string },
): readonly Problem[] {
  if (!PLAIN_TYPES.test(table.type)) return []
  const warnings: Problem[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue
    const match = /^\s*\/\/|\s(?:\/\/|#(?=\s))/.exec(line)
    if (match === null) continue
    const at = match[0].length - match[0].trimStart().length + match.index
    const sign = line[at] === '#' ? '#' : '//'
    const comment = line.slice(at).trim()
    const what = /^\s/.test(line) || line.slice(0, at).trim() !== '' ? 'part of the value' : 'the key of an entry'
    const place = { file: table.file, line: index + 1, column: at + 1 }
    const remedy = 'put the comment on a line of its own that begins with "#"'
    warnings.push({ place, text: `"${sign}" begins no comment here: "${comment.slice(0, 40)}" is ${what}; ${remedy}` })
  }
  return warnings
}
