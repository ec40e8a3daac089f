/** `postern import postgrey`: options, white lists and database of a real Postgrey. Nothing is dropped silently. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { readPostgreyOptions } from '../config/postgrey_options.ts'
import { fittingKey } from '../greylist/keys.ts'
import { parseClientLine, parseRecipientLine } from '../greylist/list_lines.ts'
import type { Lookup } from '../model/lookup.ts'
import type { Memory } from '../model/memory.ts'
import { BtreeFileError } from '../store/btree_file.ts'
import { type PostgreyRecord, readClients, readTriplets } from '../store/postgrey_database.ts'
import { systemClock } from '../util/clock.ts'
import { errnoCode, errnoText } from '../util/errno_text.ts'
import type { Call } from './command.ts'
import { configPath, readSource } from './config_source.ts'
import { CommandError, GOOD, NEGATIVE, TEMPORARY, USAGE } from './exit_status.ts'
import { memoryLifetimes, openMemory } from './memory.ts'

/** What is said, under what it is about. */
interface Report {
  /** Is so now. */
  readonly taken: string[]
  /** Lines for main.cf. */
  readonly lines: string[]
  /** Is not as in Postgrey, or not understood: the status is 1. */
  readonly differs: string[]
  readonly notes: string[]
}

export async function run({ options, operands, terminal }: Call): Promise<number> {
  if (operands[0] !== 'postgrey')
    throw new CommandError(`cannot import "${operands[0]}": only postgrey is known`, USAGE)
  const read = readSource(configPath(options), options.texts('override'))
  if (!read.ok) throw new CommandError(`${read.problem.place.file}: ${read.problem.text}`, NEGATIVE)
  const { config } = read.loaded
  const report: Report = { taken: [], lines: [], differs: [], notes: [] }
  const found = importOptions(options.text('defaults') ?? '/etc/default/postgrey', config, report)
  importLists(options.text('config-dir') ?? '/etc/postgrey', config, report)
  const directory = options.text('dbdir') ?? found.dbdir ?? '/var/lib/postgrey'
  const memory = options.has('dry-run')
    ? null
    : await openMemory(config, {
        clock: systemClock,
        pid: process.pid,
        use: 'command',
        warn: text => terminal.err(`postern import: ${text}\n`),
      })
  try {
    await importDatabase(directory, { config, memory, report })
  } finally {
    await memory?.close()
  }
  if (options.has('json')) terminal.out(`${JSON.stringify(report, null, 2)}\n`)
  else terminal.out(formatReport(report))
  return report.differs.length === 0 ? GOOD : NEGATIVE
}

function formatReport({ taken, lines, differs, notes }: Report): string {
  const part = (title: string, texts: readonly string[]): string =>
    texts.length === 0 ? '' : `${title}\n${texts.map(text => `  ${text}\n`).join('')}`
  return (
    part('Taken over:', taken) +
    (lines.length === 0 ? '' : `To be put into main.cf:\n${lines.map(line => `${line}\n`).join('')}`) +
    part('Different or not understood:', differs) +
    part('To know:', notes)
  )
}

function importOptions(path: string, config: Config, report: Report): { readonly dbdir: string | null } {
  if (!isThere(path)) {
    report.differs.push(`${path}: there is no such file, so no options are taken over (say --defaults FILE)`)
    return { dbdir: null }
  }
  const variables = new Map<string, string>()
  for (const [index, line] of readLines(path)) {
    const [, name, value = ''] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(line) ?? []
    if (name === 'POSTGREY_OPTS' || name === 'POSTGREY_TEXT') variables.set(name, value.trim())
    else if (name !== undefined) report.differs.push(`${path}:${index + 1}: the variable ${name} means nothing here`)
    else if (!/^\s*(?:#|$)/.test(line)) report.differs.push(`${path}:${index + 1}: not understood: ${line.trim()}`)
  }
  const options = variables.get('POSTGREY_OPTS') ?? ''
  const read = readPostgreyOptions(options, variables.get('POSTGREY_TEXT') ?? '')
  report.notes.push(...read.notes.map(text => `${path}: ${text}`))
  report.differs.push(...read.problems.map(text => `${path}: ${text}`))
  const values = new Map<string, unknown>(Object.entries(config))
  for (const { name, value, option } of read.settings) {
    report.lines.push(`${name} = ${value}`)
    report.taken.push(`${path}: ${option}`)
    if (!values.has(name)) report.differs.push(`${path}: ${option} has no parameter ${name}`)
  }
  return { dbdir: /--?dbdir[= ](\S+?)["']?(?:\s|$)/.exec(options)?.[1] ?? null }
}

function importLists(directory: string, config: Config, report: Report): void {
  const kinds = [
    { name: 'whitelist_clients', parse: parseClientLine, set: config.postern_greylist_whitelist_clients },
    { name: 'whitelist_recipients', parse: parseRecipientLine, set: config.postern_greylist_whitelist_recipients },
  ]
  for (const { name, parse, set } of kinds) {
    const paths = [`${directory}/${name}`, `${directory}/${name}.local`].filter(path => isThere(path))
    if (paths.length === 0) report.notes.push(`${directory}/${name}: there is no such file`)
    for (const path of paths) {
      let entries = 0
      for (const [index, line] of readLines(path)) {
        const { entry, problem } = parse(line)
        if (entry !== null) entries++
        if (problem !== null) report.differs.push(`${path}:${index + 1}: ${problem}`)
      }
      report.taken.push(`${path}: ${entries} entries, read where they are`)
    }
    const isRead = (set.includes('auto') && directory === '/etc/postgrey') || paths.every(path => set.includes(path))
    if (!isRead) report.lines.push(`postern_greylist_${name} = ${paths.join(' ')}`)
  }
}

/** Does what reads `path`; CommandError when the system does not let it. */
function reading<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const code = errnoCode(error)
    if (code === '') throw error
    const remedy = code === 'EACCES' || code === 'EPERM' ? '; run it as root' : ''
    throw new CommandError(`cannot read ${path}: ${errnoText(error)}${remedy}`, NEGATIVE)
  }
}

/** Its lines, from 0. */
function readLines(path: string): Iterable<[number, string]> {
  return reading(path, () => readFileSync(path, 'utf8'))
    .split('\n')
    .entries()
}

/** existsSync says no of what it may not see, which would be told as "no such file". */
function isThere(path: string): boolean {
  return reading(path, () => statSync(path, { throwIfNoEntry: false })) !== undefined
}

interface DatabaseImport {
  readonly config: Config
  /** Null: only tell. */
  readonly memory: Memory | null
  readonly report: Report
}

async function importDatabase(directory: string, context: DatabaseImport): Promise<void> {
  const { report } = context
  if (!isThere(`${directory}/postgrey.db`)) {
    report.differs.push(`${directory}/postgrey.db: there is no such file (say --dbdir DIR)`)
    return
  }
  const copy = mkdtempSync(join(tmpdir(), 'postern-import-'))
  try {
    recoverCopy(directory, copy, report)
    for (const [name, read] of [
      ['postgrey.db', readTriplets],
      ['postgrey_clients.db', readClients],
    ] as const) {
      const path = `${directory}/${name}`
      if (!isThere(`${copy}/${name}`)) report.notes.push(`${path}: there is no such file`)
      else await importFile(path, read(`${copy}/${name}`), context)
    }
  } finally {
    rmSync(copy, { recursive: true })
  }
}

/**
 * Berkeley DB writes to its log first and into the file within the hour. The database files and then the logs are copied (the
 * order that its manual gives for a hot backup), and Postgrey's own library, where it is there, works the logs in.
 */
function recoverCopy(directory: string, copy: string, report: Report): void {
  const names = reading(directory, () => readdirSync(directory))
  const files = names.filter(name => /^postgrey(?:_clients)?\.db$/.test(name))
  const logs = names.filter(name => /^log\.\d+$/.test(name))
  for (const name of [...files, ...logs]) {
    const path = join(directory, name)
    reading(path, () => copyFileSync(path, join(copy, name)))
  }
  if (logs.length === 0) return
  const { status } = spawnSync('perl', ['-MBerkeleyDB', '-e', RECOVER, copy], { stdio: 'ignore' })
  if (status !== 0)
    report.differs.push(
      `${directory}: what Postgrey noted since it last cleaned up (once an hour) is in its logs, which only perl's BerkeleyDB can read: install libberkeleydb-perl, or import again`,
    )
}

const RECOVER = `
my $env = BerkeleyDB::Env->new(-Home => $ARGV[0],
  -Flags => DB_CREATE | DB_RECOVER_FATAL | DB_INIT_TXN | DB_INIT_MPOOL | DB_INIT_LOG) or exit 1;
exit($env->txn_checkpoint(0, 0, DB_FORCE) ? 1 : 0);
`

async function importFile(path: string, records: Iterable<PostgreyRecord>, context: DatabaseImport): Promise<void> {
  const { config, memory, report } = context
  const { maxAge } = memoryLifetimes(config)
  const now = Math.floor(systemClock.now() / 1000)
  const count = { taken: 0, expired: 0, strange: 0, hashed: 0, byHost: 0 }
  let example = ''
  let batch: Promise<Lookup<true>>[] = []
  try {
    for (const record of records) {
      if (record.kind === 'strange') {
        example ||= `"${record.key}" with "${record.value}"`
        count.strange++
        continue
      }
      const { entry } = record
      if (now - entry.last > maxAge) {
        count.expired++
        continue
      }
      if (/^[0-9a-f]{40}$/.test(entry.key)) count.hashed++
      if (/^[^/]*\/(?:32|128)\//.test(entry.key)) count.byHost++
      count.taken++
      if (memory === null) continue
      batch.push(memory.put({ ...entry, key: fittingKey(entry.key) }))
      if (batch.length < BATCH) continue
      await settled(batch)
      batch = []
    }
    await settled(batch)
  } catch (error) {
    if (!(error instanceof BtreeFileError)) throw error
    report.differs.push(`${path}: cannot read all of it: ${error.message}`)
  }
  report.taken.push(`${path}: ${count.taken} entries`)
  if (count.expired > 0)
    report.notes.push(`${path}: ${count.expired} entries were not seen for longer than postern_greylist_max_age`)
  if (count.strange > 0) report.differs.push(`${path}: ${count.strange} entries are not understood, such as ${example}`)
  report.differs.push(...keyProblems(path, count, config))
}

/** One write to the disk, or one round to a server, for so many. */
const BATCH = 500

async function settled(batch: readonly Promise<Lookup<true>>[]): Promise<void> {
  for (const put of await Promise.all(batch))
    if (put.status === 'failed') throw new CommandError(`the memory did not answer: ${put.reason}`, TEMPORARY)
}

/** Entries that are kept and never found. */
function keyProblems(
  path: string,
  { taken, hashed, byHost }: { readonly taken: number; readonly hashed: number; readonly byHost: number },
  config: Config,
): readonly string[] {
  const problems: string[] = []
  const tell = (many: number, what: string, value: string): void => {
    if (many > 0) problems.push(`${path}: ${many} entries ${what}, and count only with ${value}`)
  }
  if (config.postern_greylist_privacy) tell(taken - hashed, 'are not hashed', 'postern_greylist_privacy = no')
  else tell(hashed, 'are hashed', 'postern_greylist_privacy = yes')
  if (path.endsWith('postgrey.db') && !config.postern_greylist_privacy) {
    if (config.postern_greylist_lookup_by_host)
      tell(taken - hashed - byHost, 'are by network', 'postern_greylist_lookup_by_host = no')
    else tell(byHost, 'are by host', 'postern_greylist_lookup_by_host = yes')
  }
  return problems
}
