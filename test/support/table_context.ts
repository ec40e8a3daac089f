import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TableContext } from '../../src/table/context.ts'
import type { TableProblem } from '../../src/table/problem.ts'
import { seededRandom } from '../../src/util/random.ts'
import { ManualClock } from './manual_clock.ts'

/** A directory of table files for one test, and a context that notes what tables complain of. */
export class TableBench {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'postern-table-'))
  readonly clock = new ManualClock()
  readonly problems: TableProblem[] = []

  context(more: Partial<TableContext> = {}): TableContext {
    return {
      directory: this.directory,
      clock: this.clock,
      random: seededRandom(1),
      warn: problem => this.problems.push(problem),
      ...more,
    }
  }

  /** The texts of the problems so far. */
  get texts(): readonly string[] {
    return this.problems.map(problem => problem.text)
  }

  /** Writes a file; its name. */
  file(name: string, content: string | Uint8Array): string {
    writeFileSync(path.join(this.directory, name), content)
    return name
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** "value", "absent", or "failed: reason". */
export function answerText(
  answer: { status: 'found'; value: string } | { status: 'absent' } | { status: 'failed'; reason: string },
): string {
  if (answer.status === 'found') return answer.value
  return answer.status === 'absent' ? 'absent' : `failed: ${answer.reason}`
}
