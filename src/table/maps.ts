import { ABSENT, type Lookup } from '../model/lookup.ts'
import { configurationFailure, toldFailure } from './failing.ts'
import type { Table } from './table.ts'

/** The tables of one parameter (virtual_alias_maps, …), asked in order; the first answer counts. Postfix: maps_find. */
export class Maps {
  /** The parameter's name, for messages. */
  readonly title: string
  readonly tables: readonly Table[]

  constructor(title: string, tables: readonly Table[]) {
    this.title = title
    this.tables = tables
  }

  /** `partial`: a key that is only part of what is sought; pattern tables are not asked for it. A failure ends the search. */
  async find(key: string, partial = false): Promise<Lookup<string>> {
    if (key === '') return ABSENT
    for (const table of this.tables) {
      if (partial && table.kind !== 'fixed') continue
      const answer = await table.lookup(key)
      if (answer.status === 'absent') continue
      if (answer.status === 'failed') return toldFailure(answer, table.name, `${table.name} lookup error for "${key}"`)
      if (answer.value === '') {
        return configurationFailure(`${this.title} lookup of ${key} returns an empty string result`)
      }
      return answer
    }
    return ABSENT
  }
}
