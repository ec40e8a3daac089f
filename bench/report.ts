/**
 * Lines per second and peak memory of `postern report` beside the real pflogsumm, `grep -c` and `wc -l`, on generated logs, in one
 * run: Postern built as it is published, on one processor (taskset) and on all. Best of ROUNDS.
 *
 *   node bench/report.ts [LINES ...]
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { generateLog } from '../test/support/log_generator.ts'

const REPOSITORY = path.join(import.meta.dirname, '..')
const ROUNDS = 3
const WEEK_SECONDS = 7 * 86_400

interface Row {
  readonly name: string
  readonly seconds: number
  readonly peakMb: number
}

main(process.argv.slice(2).map(Number))

function main(wanted: readonly number[]): void {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-report-'))
  try {
    build(dir)
    for (const lines of wanted.length > 0 ? wanted : [1_000_000, 10_000_000]) measure(dir, lines)
  } finally {
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

/** What users have are the built files, which need not be stripped of types at the start. */
function build(dir: string): void {
  const tsc = path.join(REPOSITORY, 'node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(tsc, [
    '-p',
    path.join(REPOSITORY, 'tsconfig.build.json'),
    '--outDir',
    `${dir}/dist`,
  ])
  if (status !== 0) throw new Error(stdout.toString())
  fs.copyFileSync(path.join(REPOSITORY, 'package.json'), path.join(dir, 'package.json'))
  fs.symlinkSync(path.join(REPOSITORY, 'node_modules'), path.join(dir, 'node_modules'))
}

function measure(dir: string, lines: number): void {
  const log = path.join(dir, 'mail.log')
  write(log, lines)
  const postern = [process.execPath, path.join(dir, 'dist/bin/postern.js'), 'report', log]
  const one = ['taskset', '-c', '1']
  const programs: readonly (readonly [string, readonly string[]])[] = [
    ['wc -l', ['wc', '-l', log]],
    ['grep -c', ['grep', '-c', 'status=sent', log]],
    ['pflogsumm', [...one, 'pflogsumm', log]],
    ['Postern, one processor', [...one, ...postern]],
    [`Postern, ${os.availableParallelism()} processors`, postern],
  ]
  const rows = programs.map(([name, command]) => best(name, command))
  const reference = rows.find(({ name }) => name === 'pflogsumm')?.seconds ?? Number.NaN
  const size = fs.statSync(log).size
  print(`\n${lines} lines, ${(size / 1e6).toFixed(0)} MB`)
  for (const { name, seconds, peakMb } of rows) {
    const columns = [
      name.padEnd(24),
      `${seconds.toFixed(2)} s`.padStart(9),
      `${Math.round(lines / seconds / 1000)} k lines/s`.padStart(17),
      `${(reference / seconds).toFixed(1)} × pflogsumm`.padStart(19),
      `${peakMb.toFixed(0)} MB`.padStart(8),
    ]
    print(columns.join(''))
  }
}

function write(log: string, lines: number): void {
  const fd = fs.openSync(log, 'w')
  const start = new Date(Date.now() - WEEK_SECONDS * 1000)
  const options = { seed: 1, lines, start, pace: WEEK_SECONDS / lines, form: 'rfc3164', odd: 0.001 } as const
  for (const chunk of generateLog(options)) fs.writeSync(fd, chunk, null, 'latin1')
  fs.closeSync(fd)
}

function best(name: string, command: readonly string[]): Row {
  const runs = Array.from({ length: ROUNDS }, () => timed(command))
  return {
    name,
    seconds: Math.min(...runs.map(({ seconds }) => seconds)),
    peakMb: Math.min(...runs.map(({ peakMb }) => peakMb)),
  }
}

/** By time(1), which knows the peak of memory. */
function timed(command: readonly string[]): { readonly seconds: number; readonly peakMb: number } {
  const { stderr, status } = spawnSync('/usr/bin/time', ['-f', '%e %M', ...command], {
    // A pipe: grep does not read at all when it writes to /dev/null.
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 1 << 28,
  })
  // pflogsumm has said what it thinks of the odd lines before.
  const last = stderr.toString().trimEnd().split('\n').at(-1) ?? ''
  const [seconds = Number.NaN, kilobytes = Number.NaN] = last.split(' ').map(Number)
  if (status !== 0 || Number.isNaN(seconds)) throw new Error(`${command.join(' ')}: ${last}`)
  return { seconds, peakMb: kilobytes / 1024 }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
