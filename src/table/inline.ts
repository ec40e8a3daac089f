import { ABSENT, found } from '../model/lookup.ts'
import { readBraces, splitWords, trimBlanks } from '../util/words.ts'
import type { TableContext } from './context.ts'
import { failingTable } from './failing.ts'
import { foldKey } from './fold_key.ts'
import type { OpenTable } from './table.ts'

/** `inline:{ key=value, { key = text with spaces } }`. Postfix: DATABASE_README; of two entries for a key the last counts. */
export function openInline(name: string, body: string, context: TableContext): OpenTable {
  const parsed = parseInline(body)
  if (typeof parsed === 'string') {
    return failingTable(name, context, { text: `${parsed}: "inline:${body}"; need "inline:{name=value...}"` })
  }
  return {
    name,
    kind: 'fixed',
    lookup: async key => {
      const value = parsed.get(foldKey(key))
      return value === undefined ? ABSENT : found(value)
    },
    entries: async () => found(parsed),
    ready: async () => {},
    close: () => {},
  }
}

function parseInline(body: string): ReadonlyMap<string, string> | string {
  const inside = insideBraces(body)
  if (inside === null || inside === '') return 'bad syntax'
  const entries = new Map<string, string>()
  for (const word of splitWords(inside)) {
    let pair = word
    if (word.startsWith('{')) {
      const read = readBraces(word)
      if ('problem' in read) return read.problem
      pair = read.inside
    }
    const split = splitPair(pair)
    if (typeof split === 'string') return split
    entries.set(foldKey(split.key), split.value)
  }
  return entries.size === 0 ? 'empty table' : entries
}

/** What is between the outer braces, blanks kept; null when the braces do not close at the very end. */
export function insideBraces(text: string): string | null {
  return 'inside' in readBraces(text) ? text.slice(1, -1) : null
}

/** `key = value` with a key that may have quoted parts. Postfix: split_qnameval(3), in its words. */
function splitPair(text: string): { key: string; value: string } | string {
  const pair = trimBlanks(text)
  if (pair === '') return 'no key found; expected format: key = value'
  let end = 0
  let quoted = false
  for (; end < pair.length; end++) {
    const char = pair.charAt(end)
    if (char === '\\') end++
    else if (char === '"') quoted = !quoted
    else if (!quoted && /[ \t\n\v\f\r=]/.test(char)) break
  }
  if (quoted) return `unbalanced '"'`
  const rest = trimBlanks(pair.slice(end))
  if (!rest.startsWith('=')) return "missing '=' after attribute name"
  return { key: pair.slice(0, end), value: trimBlanks(rest.slice(1)) }
}
