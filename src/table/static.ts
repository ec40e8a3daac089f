import { found } from '../model/lookup.ts'
import { readBraces } from '../util/words.ts'
import type { TableContext } from './context.ts'
import { failingTable, temporaryFailure } from './failing.ts'
import type { OpenTable } from './table.ts'

/** `static:value` and `static:{ text with spaces }`: one answer for every key. */
export function openStatic(name: string, body: string, context: TableContext): OpenTable {
  let value = body
  if (body.startsWith('{')) {
    const read = readBraces(body)
    if ('problem' in read) return failingTable(name, context, { text: `bad static:name syntax: ${read.problem}` })
    value = read.inside
  }
  return constantTable(name, 'fixed', async () => found(value))
}

/** `fail:reason`: every lookup fails for now; for trying out what happens then. */
export function openFail(name: string): OpenTable {
  return constantTable(name, 'pattern', async () => temporaryFailure(`${name} always fails`))
}

/** A table without a source. */
export function constantTable(name: string, kind: OpenTable['kind'], lookup: OpenTable['lookup']): OpenTable {
  return { name, kind, lookup, ready: async () => {}, close: () => {} }
}
