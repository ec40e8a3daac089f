import { failed } from '../model/lookup.ts'
import type { TableContext } from './context.ts'
import type { TableProblem } from './problem.ts'
import type { OpenTable } from './table.ts'

/** Why a lookup failed: `configuration: …` stays until somebody mends it, `temporary: …` may pass. */
export function configurationFailure(text: string): { readonly status: 'failed'; readonly reason: string } {
  return failed(`configuration: ${text}`)
}

export function temporaryFailure(text: string): { readonly status: 'failed'; readonly reason: string } {
  return failed(`temporary: ${text}`)
}

/** A table that could not be opened: told now, and every lookup fails. Postfix: dict_surrogate. */
export function failingTable(name: string, context: TableContext, why: { text: string; remedy?: string }): OpenTable {
  const problem: TableProblem = {
    severity: 'error',
    table: name,
    file: null,
    line: null,
    text: why.text,
    remedy: why.remedy ?? null,
  }
  context.warn(problem)
  const answer = configurationFailure(why.text)
  return {
    name,
    kind: 'pattern',
    lookup: async () => answer,
    ready: async () => {},
    close: () => {},
  }
}
