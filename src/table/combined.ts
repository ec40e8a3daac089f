import { ABSENT, found, type Lookup } from '../model/lookup.ts'
import { splitWords } from '../util/words.ts'
import type { TableContext } from './context.ts'
import { failingTable } from './failing.ts'
import { insideBraces } from './inline.ts'
import { constantTable } from './static.ts'
import type { OpenTable } from './table.ts'

/** Opens a table that another one is made of. */
export type OpenPart = (spec: string, context: TableContext) => OpenTable

/** The words between the braces of `{a, b}`; null when there are none or the braces are wrong. */
function listInBraces(body: string): readonly string[] | null {
  const words = splitWords(insideBraces(body) ?? '')
  return words.length === 0 ? null : words
}

function openParts(
  table: { name: string; body: string; context: TableContext },
  open: OpenPart,
): readonly OpenTable[] | OpenTable {
  const { name, body, context } = table
  const words = listInBraces(body)
  if (words === null || words.some(word => !word.includes(':'))) {
    const type = name.slice(0, name.indexOf(':'))
    return failingTable(name, context, { text: `bad syntax: "${type}:${body}"; need "${type}:{type:name...}"` })
  }
  return words.map(word => open(word, context))
}

function combine(name: string, parts: readonly OpenTable[], lookup: OpenTable['lookup']): OpenTable {
  return {
    name,
    // Postfix: the first table says whether partial keys make sense.
    kind: parts[0]?.kind ?? 'pattern',
    lookup,
    ready: async () => {
      await Promise.all(parts.map(part => part.ready()))
    },
    close: () => {
      for (const part of parts) part.close()
    },
  }
}

/** `unionmap:{type:name, …}`: the answers of all tables, joined with commas. */
export function openUnion(table: { name: string; body: string; context: TableContext }, open: OpenPart): OpenTable {
  const parts = openParts(table, open)
  if ('lookup' in parts) return parts
  return combine(table.name, parts, async (key): Promise<Lookup<string>> => {
    const values: string[] = []
    for (const part of parts) {
      const answer = await part.lookup(key)
      if (answer.status === 'failed') return answer
      if (answer.status === 'found') values.push(answer.value)
    }
    return values.length === 0 ? ABSENT : found(values.join(','))
  })
}

/** `pipemap:{type:name, …}`: the answer of each table is the key for the next. */
export function openPipe(table: { name: string; body: string; context: TableContext }, open: OpenPart): OpenTable {
  const parts = openParts(table, open)
  if ('lookup' in parts) return parts
  return combine(table.name, parts, async (key): Promise<Lookup<string>> => {
    let text = key
    for (const part of parts) {
      const answer = await part.lookup(text)
      if (answer.status !== 'found') return answer
      text = answer.value
    }
    return found(text)
  })
}

/** `randmap:{value, …}`: one of the values, by lot, for every key. */
export function openRandom(name: string, body: string, context: TableContext): OpenTable {
  const values = listInBraces(body)
  if (values === null) {
    return failingTable(name, context, { text: `bad syntax: "randmap:${body}"; need "randmap:{value...}"` })
  }
  return constantTable(name, 'pattern', async () => {
    const value = values[context.random.below(values.length)]
    return value === undefined ? ABSENT : found(value)
  })
}
