import { failed, type Lookup } from '../model/lookup.ts'
import type { TableContext } from './context.ts'
import type { TableProblem } from './problem.ts'
import type { OpenTable } from './table.ts'

const UNAVAILABLE = 'unavailable: '

/**
 * Why a lookup failed; the first word of the reason tells the kind, as Postfix's dict errors do.
 * `configuration:` an answer that must not be (empty, not UTF-8). Postfix: DICT_ERR_CONFIG, 451 4.3.5 from a parameter's maps.
 */
export function configurationFailure(text: string): { readonly status: 'failed'; readonly reason: string } {
  return failed(`configuration: ${text}`)
}

/** `unavailable:` there is no such table; stays until somebody mends it. Postfix: dict_surrogate, DICT_ERR_RETRY, 451 4.3.0. */
export function unavailableFailure(text: string): { readonly status: 'failed'; readonly reason: string } {
  return failed(`${UNAVAILABLE}${text}`)
}

/** `temporary:` may pass by itself. Postfix: DICT_ERR_RETRY. */
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
  const answer = unavailableFailure(why.text)
  return {
    name,
    kind: 'pattern',
    lookup: async () => answer,
    ready: async () => {},
    close: () => {},
  }
}

type Failure = Extract<Lookup<never>, { readonly status: 'failed' }>

/** A failure of one of several tables, with what Postfix logs of it: `line`, after why there is no such table (dict_surrogate). */
export function toldFailure(answer: Failure, table: string, line: string): Failure {
  const unavailable = answer.reason.startsWith(UNAVAILABLE)
    ? [`${table} is unavailable. ${answer.reason.slice(UNAVAILABLE.length)}`]
    : []
  return { ...answer, told: [...unavailable, line] }
}
