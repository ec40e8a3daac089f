import { createInterface } from 'node:readline'
import { connectTable } from '../net/table_connection.ts'
import type { TableContext } from '../table/context.ts'
import { formatProblem } from '../table/problem.ts'
import { type QueryOutput, queryKey, queryKeys } from '../table/query.ts'
import { systemClock } from '../util/clock.ts'
import { systemRandom } from '../util/random.ts'
import type { Call } from './command.ts'
import { GOOD, NEGATIVE, TEMPORARY } from './exit_status.ts'

/** `postern map -q`. Tables are named as in main.cf; relative names start at the current directory, as postmap(1) has it. */
export async function run({ options, operands, terminal }: Call): Promise<number> {
  const key = options.text('query') ?? ''
  const context: TableContext = {
    directory: process.cwd(),
    clock: systemClock,
    warn: problem => terminal.err(`postern map: ${problem.severity}: ${formatProblem(problem)}\n`),
    random: systemRandom,
    connect: connectTable,
    asPostmap: true,
  }
  const output =
    key === '-'
      ? await queryKeys(operands, createInterface({ input: process.stdin }), context)
      : await queryKey(operands, key, context)
  for (const line of output.errors) terminal.err(`postern map: ${line}\n`)
  if (options.has('json')) terminal.out(asJson(key, output))
  else for (const line of output.lines) terminal.out(line + '\n')
  return output.status === 0 ? GOOD : failed(output) ? TEMPORARY : NEGATIVE
}

function failed({ errors, lines }: QueryOutput): boolean {
  return errors.length > 0 && lines.length === 0
}

function asJson(key: string, { lines }: QueryOutput): string {
  const pairs = lines.map(line => {
    const tab = line.indexOf('\t')
    return key === '-' ? { key: line.slice(0, tab), value: line.slice(tab + 1) } : { key, value: line }
  })
  return JSON.stringify(pairs, null, 2) + '\n'
}
