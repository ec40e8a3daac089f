/** Something wrong with a table's source, told when it is read. */
export interface TableProblem {
  /** 'error': the table cannot be used and every lookup fails. 'warning': a line is skipped or looks odd. */
  readonly severity: 'error' | 'warning'
  /** "cidr:/etc/postfix/client.cidr" */
  readonly table: string
  /** Null for tables without a file. */
  readonly file: string | null
  /** First physical line of the rule, from 1; null when it is about the whole table. */
  readonly line: number | null
  /** In Postfix's own words, with its place, so that a log reads the same. */
  readonly text: string
  /** What to do about it; null when the text says it. */
  readonly remedy: string | null
}

/** One line for logs and `postern check`. */
export function formatProblem(problem: TableProblem): string {
  return problem.remedy === null ? problem.text : `${problem.text} (${problem.remedy})`
}
