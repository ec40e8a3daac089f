import { ABSENT, found } from '../model/lookup.ts'
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

/** `nis:map`: nothing is found in it, as in a Postfix on a machine without an NIS domain (its default alias_maps names one). */
export function openNis(name: string, _body: string, context: TableContext): OpenTable {
  const text = `${name}: NIS lookups disabled`
  context.warn({ severity: 'warning', table: name, file: null, line: null, text, remedy: 'Postern has no NIS client' })
  return constantTable(name, 'fixed', async () => ABSENT)
}

/** A table without a source. */
export function constantTable(name: string, kind: OpenTable['kind'], lookup: OpenTable['lookup']): OpenTable {
  return { name, kind, lookup, ready: async () => {}, close: () => {} }
}
