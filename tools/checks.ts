/**
 * What `npm run ok`, `npm test`, `npm run test:slow` and `npm run fuzz` run.
 *
 *     node tools/checks.ts ok | test | slow | fuzz [MINUTES]
 */
import { globSync } from 'node:fs'
import { runSteps, type Step } from './steps.ts'
import { REPOSITORY } from './tree.ts'

const BIN = 'node_modules/.bin'
/** How long `npm run fuzz` goes on; `npm run fuzz -- 60` for an hour. */
const FUZZ_MINUTES = 5

/** Tests named *.e2e.test.ts stand beside their code, but need real programs as those of test/e2e do. */
const E2E = '**/*.e2e.test.ts'

function find(patterns: readonly string[], exclude: readonly string[] = []): readonly string[] {
  return globSync([...patterns], { cwd: REPOSITORY, exclude: ['**/node_modules/**', ...exclude] }).sort()
}

function testStep(
  name: string,
  files: readonly string[],
  more: Partial<Step> & { readonly atOnce?: number; readonly reporter?: 'dot' | 'spec' } = {},
): Step {
  // The dot reporter is silent about what is well and tells failures in full.
  const { atOnce = 2, reporter = 'dot', ...rest } = more
  const args = ['--test', `--test-concurrency=${atOnce}`, `--test-reporter=${reporter}`, ...files]
  return { name: `${name}: ${files.length} files`, program: process.execPath, args, ...rest }
}

const unitTests = () =>
  find(
    ['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/*.test.ts', 'test/{contract,scenarios,support}/**/*.test.ts'],
    [E2E],
  )
const properties = () => find(['src/**/*.fuzz.ts', 'test/**/*.fuzz.ts'])

function tool(name: string, ...args: readonly string[]): Step {
  return { name, program: process.execPath, args: [`tools/${name}.ts`, ...args] }
}

const lints = (): readonly Step[] => [
  { name: 'types', program: `${BIN}/tsc`, args: ['-p', 'tsconfig.json'] },
  { name: 'lint and format', program: `${BIN}/biome`, args: ['check', '--error-on-warnings'] },
  tool('check_imports'),
  tool('check_budgets'),
  tool('check_registry'),
  tool('gen_docs', '--check'),
]

async function ok(): Promise<boolean> {
  const lintsPass = await runSteps(lints(), 2)
  const testsPass = await runSteps([testStep('unit tests', unitTests()), testStep('properties', properties())], 1)
  return lintsPass && testsPass
}

async function endToEnd(env: Readonly<Record<string, string>>): Promise<boolean> {
  // End-to-end tests share loopback ports and start whole Postfixes: one after the other.
  const install: Step = {
    name: 'Debian packages',
    program: process.execPath,
    args: ['test/support/install.ts'],
    live: true,
  }
  if (!(await runSteps([install], 1))) return false
  const files = find(['test/e2e/**/*.test.ts', `src/${E2E}`])
  // Names each test, so that G01 … can be found, and ends with Node's summary.
  return runSteps([testStep('end to end', files, { live: true, env, atOnce: 1, reporter: 'spec' })], 1)
}

const programs: Readonly<Record<string, () => Promise<boolean>>> = {
  ok,
  async test() {
    const okPassed = await ok()
    return (await endToEnd({})) && okPassed
  },
  slow: () => endToEnd({ POSTERN_SLOW: '1' }),
  async fuzz() {
    const minutes = Number(process.argv[3] ?? FUZZ_MINUTES)
    const until = performance.now() + minutes * 60_000
    do {
      // Each run draws other inputs; a failure prints the seed that repeats it.
      if (!(await runSteps([testStep('properties', properties())], 1))) return false
    } while (performance.now() < until)
    return true
  },
}

const program = programs[process.argv[2] ?? '']
if (program === undefined) {
  process.stderr.write(`usage: node tools/checks.ts ${Object.keys(programs).join(' | ')}\n`)
  process.exit(2)
}
process.exit((await program()) ? 0 : 1)
