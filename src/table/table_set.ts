import type { TableContext } from './context.ts'
import { openTable } from './open.ts'
import type { OpenTable } from './table.ts'

/** The tables of one configuration, each opened once however often it is named. */
export class TableSet {
  readonly #context: TableContext
  readonly #tables = new Map<string, OpenTable>()

  constructor(context: TableContext) {
    this.#context = context
  }

  open(spec: string): OpenTable {
    let table = this.#tables.get(spec)
    if (table === undefined) {
      table = openTable(spec, this.#context)
      this.#tables.set(spec, table)
    }
    return table
  }

  /** Settles when all tables opened so far have been read and their problems told. */
  async ready(): Promise<void> {
    await Promise.all([...this.#tables.values()].map(table => table.ready()))
  }

  close(): void {
    for (const table of this.#tables.values()) table.close()
    this.#tables.clear()
  }
}
