/** Reads the source tree for our lints. Paths are relative to the root, with "/". */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** Files under `root` that match a pattern, sorted; nothing of node_modules, and no test data. */
export function readTree(root: string, patterns: readonly string[]): readonly SourceFile[] {
  const paths = globSync([...patterns], { cwd: root, exclude: ['**/node_modules/**', '**/testdata/**'] })
  return paths.sort().map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** Tests, properties and benchmarks may be longer than the rest, and may touch the world. */
export function isTest(path: string): boolean {
  return /\.(test|fuzz|bench)\.ts$/.test(path) || /(^|\/)test_support\.ts$/.test(path) || path.startsWith('test/')
}

/** Where the repository's root is, seen from a tool. */
export const REPOSITORY: string = join(import.meta.dirname, '..')

/** Prints problems, one a line, and ends the process: 0 without any, 1 with some. */
export function report(name: string, problems: readonly string[]): never {
  for (const problem of problems) process.stderr.write(problem + '\n')
  if (problems.length > 0)
    process.stderr.write(`${name}: ${problems.length} problem${problems.length === 1 ? '' : 's'}\n`)
  process.exit(problems.length > 0 ? 1 : 0)
}
