import type { Lookup } from '../model/lookup.ts'
import type { TableContext } from './context.ts'
import { openTable } from './open.ts'
import type { OpenTable } from './table.ts'

/** What `postern map` prints and returns, as postmap(1) does. */
export interface QueryOutput {
  /** Complete lines for standard output. */
  readonly lines: readonly string[]
  /** Complete lines for standard error. */
  readonly errors: readonly string[]
  /** 0 found, 1 not found or failed. */
  readonly status: 0 | 1
}

/** `postmap -q key table …`: the first table's value that is found, alone. */
export async function queryKey(specs: readonly string[], key: string, context: TableContext): Promise<QueryOutput> {
  return withTables(specs, context, async tables => {
    const answer = await firstAnswer(tables, key)
    if (answer.status === 'failed') return { lines: [], errors: [answer.reason], status: 1 }
    if (answer.status === 'absent') return { lines: [], errors: [], status: 1 }
    return { lines: [answer.value], errors: emptyWarnings(answer.value, answer.table, key), status: 0 }
  })
}

/** `postmap -q - table …`: "key<tab>value" for each key that is found. A failed lookup ends it. */
export async function queryKeys(
  specs: readonly string[],
  keys: AsyncIterable<string> | Iterable<string>,
  context: TableContext,
): Promise<QueryOutput> {
  return withTables(specs, context, async tables => {
    const lines: string[] = []
    const errors: string[] = []
    for await (const key of keys) {
      const answer = await firstAnswer(tables, key)
      if (answer.status === 'failed') return { lines, errors: [...errors, answer.reason], status: 1 }
      if (answer.status === 'absent') continue
      errors.push(...emptyWarnings(answer.value, answer.table, key))
      lines.push(`${key}\t${answer.value}`)
    }
    return { lines, errors, status: lines.length > 0 ? 0 : 1 }
  })
}

/** `postmap -s table …`: all entries, one a line. */
export async function dumpTable(specs: readonly string[], context: TableContext): Promise<QueryOutput> {
  return withTables(specs, context, async tables => {
    const lines: string[] = []
    for (const table of tables) {
      if (table.entries === undefined) {
        return { lines, errors: [`table ${table.name} does not list its entries`], status: 1 }
      }
      const entries = await table.entries()
      if (entries.status === 'failed') return { lines, errors: [entries.reason], status: 1 }
      if (entries.status === 'found') for (const [key, value] of entries.value) lines.push(`${key}\t${value}`)
    }
    return { lines, errors: [], status: 0 }
  })
}

async function withTables(
  specs: readonly string[],
  context: TableContext,
  run: (tables: readonly OpenTable[]) => Promise<QueryOutput>,
): Promise<QueryOutput> {
  const tables = specs.map(spec => openTable(withType(spec), { ...context, asPostmap: true }))
  try {
    return await run(tables)
  } finally {
    for (const table of tables) table.close()
  }
}

/** Postfix: a name without type is of $default_database_type, which makes no difference to a text source. */
function withType(spec: string): string {
  return spec.includes(':') ? spec : `hash:${spec}`
}

type Answer = Exclude<Lookup<string>, { status: 'found' }> | { status: 'found'; value: string; table: string }

async function firstAnswer(tables: readonly OpenTable[], key: string): Promise<Answer> {
  for (const table of tables) {
    const answer = await table.lookup(key)
    if (answer.status === 'found') return { ...answer, table: table.name }
    if (answer.status === 'failed')
      return { status: 'failed', reason: `table ${table.name}: query error: ${answer.reason}` }
  }
  return { status: 'absent' }
}

function emptyWarnings(value: string, table: string, key: string): readonly string[] {
  if (value !== '') return []
  return [
    `warning: table ${table}: key ${key}: empty string result is not allowed`,
    `warning: table ${table} should return NO RESULT in case of NOT FOUND`,
  ]
}
