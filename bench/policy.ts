/**
 * Greylisting answers of the policy server, beside Debian's Postgrey in the same run: requests a second over 4 and 100 connections,
 * processor time of one, and how long an answer takes at a tenth of that rate; with few and many triplets known.
 *
 *   npm run bench:policy [-- SECONDS [TRIPLETS...]]       default 4, 0 100000 1000000 10000000
 *
 * Half of the requests are about triplets that are known, half about new ones; both are written down. Postgrey syncs each; Postern
 * by default writes each before it answers and syncs once a second, with postern_store_sync = yes syncs before it answers. Without
 * Postgrey, or as an ordinary user, Postern alone. SPF and correspondents, which Postgrey does not have, are off.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { openMemory } from '../src/bin/memory.ts'
import { readConfig } from '../src/config/read.ts'
import { systemClock } from '../src/util/clock.ts'
import { freePort } from '../test/support/ports.ts'
import { startPostern } from '../test/support/postern_program.ts'
import { type LoadResult, tripletOf } from './policy_load.ts'

const POSTGREY = '/usr/sbin/postgrey'
const CONNECTIONS = [4, 100]
/** More takes Postgrey's database too long to fill. */
const POSTGREY_MOST = 1_000_000
const WARM_SECONDS = 1
const FILL_BATCH = 5000
const TICKS = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100
const MAIN_CF = `compatibility_level = 3.6
myhostname = mx.example.org
mydestination = example.org
alias_maps =
local_recipient_maps =
postern_next_hop = discard:
postern_greylist_spf = no
postern_greylist_correspondents = 0
`

const FILL = `
use BerkeleyDB;
my ($dir) = @ARGV;
my $env = BerkeleyDB::Env->new(-Home => $dir, -Flags => DB_CREATE|DB_RECOVER|DB_INIT_TXN|DB_INIT_MPOOL|DB_INIT_LOG,
  -SetFlags => DB_TXN_NOSYNC|DB_AUTO_COMMIT) or die;
tie(my %db, 'BerkeleyDB::Btree', -Filename => 'postgrey.db', -Flags => DB_CREATE, -Env => $env) or die;
my $now = time;
while (<STDIN>) { chomp; $db{$_} = "$now,$now"; }
untie %db;
$env->txn_checkpoint(0, 0);
`

interface Server {
  readonly name: string
  readonly port: number
  /** It and its children. */
  readonly pid: number
  /** Where it keeps what it knows. */
  readonly data: string
  stop(): Promise<void>
}

interface Row extends LoadResult {
  readonly cpuUs: number
  /** At a tenth of the rate. */
  readonly calmP99Ms: number
}

const [secondsText, ...sizesText] = process.argv.slice(2)
const seconds = Number(secondsText ?? 4)
const sizes = sizesText.length > 0 ? sizesText.map(Number) : [0, 100_000, 1_000_000, 10_000_000]
const root = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-bench-'))
fs.chmodSync(root, 0o755)
let firstNew = 1_000_000_000
process.on('exit', () => fs.rmSync(root, { recursive: true, force: true }))

say(`${os.cpus().length} cores, ${os.cpus()[0]?.model}; ${seconds} s for each figure`)
for (const known of sizes) {
  say(`\n${known.toLocaleString('en')} triplets known`)
  say(`  ${'server'.padEnd(20)} conn    rate/s  CPU us  p50 ms  p99 ms   worst   p99 at a tenth`)
  const postgrey = known <= POSTGREY_MOST && canRunPostgrey() ? await measure(await startPostgrey(known), known) : null
  const plain = await measure(await startOurs('Postern', known, []), known)
  const synced = await measure(await startOurs('Postern, sync = yes', known, ['postern_store_sync=yes']), known)
  if (postgrey !== null) {
    compare('Postern', plain, postgrey)
    compare('Postern, sync = yes', synced, postgrey)
  }
}

async function measure(server: Server, known: number): Promise<readonly Row[]> {
  const rows: Row[] = []
  try {
    const disk = diskBytes(server.data)
    await load(server, { connections: 4, seconds: WARM_SECONDS, rate: 0, known })
    say(space(server, known, disk))
    for (const connections of CONNECTIONS) {
      const before = cpuUs(server.pid)
      const flatOut = await load(server, { connections, seconds, rate: 0, known })
      const cpu = (cpuUs(server.pid) - before) / flatOut.requests
      const calm = await load(server, { connections, seconds, rate: Math.max(1, flatOut.perSecond / 10), known })
      const row = { ...flatOut, cpuUs: cpu, calmP99Ms: calm.p99Ms }
      rows.push(row)
      say(line(server.name, connections, row))
    }
  } finally {
    await server.stop()
  }
  return rows
}

/** What the known triplets take, before the measured load adds others. */
function space(server: Server, known: number, disk: number): string {
  const each = known > 0 ? `, ${(disk / known).toFixed(0)} bytes a triplet` : ''
  return `  ${server.name.padEnd(20)} memory ${(pssBytes(server.pid) / 1e6).toFixed(0)} MB, disk ${(disk / 1e6).toFixed(1)} MB${each}`
}

function line(name: string, connections: number, row: Row): string {
  const ms = (value: number): string => value.toFixed(2).padStart(8)
  return `  ${name.padEnd(20)} ${String(connections).padStart(4)} ${String(Math.round(row.perSecond)).padStart(9)} ${row.cpuUs.toFixed(1).padStart(7)}${ms(row.p50Ms)}${ms(row.p99Ms)}${ms(row.worstMs)}${ms(row.calmP99Ms).padStart(12)}`
}

function compare(name: string, ours: readonly Row[], theirs: readonly Row[]): void {
  for (const [index, connections] of CONNECTIONS.entries()) {
    const [our, their] = [ours[index], theirs[index]]
    if (our === undefined || their === undefined) continue
    const rate = (our.perSecond / their.perSecond).toFixed(1)
    say(
      `  ${name}, ${connections} connections: ${rate} x Postgrey's rate, ${(their.cpuUs / our.cpuUs).toFixed(1)} x less processor time`,
    )
  }
}

async function load(
  server: Server,
  what: { readonly connections: number; readonly seconds: number; readonly rate: number; readonly known: number },
): Promise<LoadResult> {
  const { connections, rate, known } = what
  const args = [server.port, connections, what.seconds, rate, known, firstNew].map(String)
  firstNew += 20_000_000
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'policy_load.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk
  })
  await new Promise(resolve => child.once('close', resolve))
  const result: LoadResult = JSON.parse(out)
  if (!/Greylisted/.test(result.answer)) throw new Error(`Cannot measure ${server.name}: it answers ${result.answer}`)
  return result
}

async function startOurs(name: string, known: number, overrides: readonly string[]): Promise<Server> {
  const dir = fs.mkdtempSync(path.join(root, 'postern-'))
  fs.writeFileSync(path.join(dir, 'main.cf'), MAIN_CF)
  await fill(dir, known)
  const port = await freePort()
  const postern = await startPostern({
    dir,
    dns: '127.0.0.1:9',
    workers: os.availableParallelism(),
    overrides: ['postern_smtp_listen=', `postern_policy_listen=inet:127.0.0.1:${port}`, ...overrides],
  })
  return {
    name,
    port,
    pid: postern.pid,
    data: path.join(dir, 'state', 'memory'),
    async stop() {
      await postern.stop()
      fs.rmSync(dir, { recursive: true })
    },
  }
}

/** By the memory itself, as if the requests had come. */
async function fill(dir: string, known: number): Promise<void> {
  if (known === 0) return
  const read = readConfig({ config: dir, overrides: [`postern_state_directory=${dir}/state`] })
  if (!read.ok) throw new Error(read.problem.text)
  const warn = (text: string): void => say(`  ${text}`)
  const memory = await openMemory(read.loaded.config, { clock: systemClock, pid: process.pid, use: 'command', warn })
  const now = Math.floor(Date.now() / 1000)
  const rules = { delay: 300, retryWindow: 172_800, maxAge: 3_024_000, autoAllow: 5 }
  for (let i = 0; i < known; i += FILL_BATCH) {
    const count = Math.min(FILL_BATCH, known - i)
    await Promise.all(
      Array.from({ length: count }, (_, j) => {
        const { address } = tripletOf(i + j)
        return memory.note({ triplet: keyOf(i + j), client: address, now, rules })
      }),
    )
  }
  await memory.close()
}

/** Postgrey's key: network, sender and recipient. */
function keyOf(i: number): string {
  const { address, sender, recipient } = tripletOf(i)
  // Postgrey do_sender_substitutions: numbers become "#".
  return `${address.replace(/\d+$/, '0')}/${sender.replace(/\b\d+\b(?=.*@)/g, '#')}/${recipient}`
}

function canRunPostgrey(): boolean {
  return fs.existsSync(POSTGREY) && process.getuid?.() === 0
}

async function startPostgrey(known: number): Promise<Server> {
  const dir = fs.mkdtempSync(path.join(root, 'postgrey-'))
  if (known > 0) fillPostgrey(dir, known)
  spawnSync('chown', ['-R', 'nobody', dir])
  const port = await freePort()
  const args = [`--inet=127.0.0.1:${port}`, `--dbdir=${dir}`, '--user=nobody', '--group=nogroup']
  const log = fs.openSync(path.join(root, 'postgrey.log'), 'w')
  const child = spawn(POSTGREY, args, { stdio: ['ignore', log, log] })
  fs.closeSync(log)
  await untilListening(port, child)
  return {
    name: 'Postgrey',
    port,
    pid: child.pid ?? 0,
    data: dir,
    async stop() {
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      fs.rmSync(dir, { recursive: true })
    },
  }
}

function fillPostgrey(dir: string, known: number): void {
  const keys = path.join(root, 'keys')
  const out = fs.openSync(keys, 'w')
  for (let i = 0; i < known; i += FILL_BATCH) {
    const count = Math.min(FILL_BATCH, known - i)
    fs.writeSync(out, Array.from({ length: count }, (_, j) => `${keyOf(i + j)}\n`).join(''))
  }
  fs.closeSync(out)
  const input = fs.openSync(keys, 'r')
  const filled = spawnSync('perl', ['-e', FILL, dir], { stdio: [input, 'inherit', 'inherit'] })
  fs.closeSync(input)
  fs.rmSync(keys)
  if (filled.status !== 0) throw new Error('Cannot fill the database of Postgrey')
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  const { connect } = await import('node:net')
  for (let i = 0; i < 200 && child.exitCode === null; i++) {
    const isOpen = await new Promise<boolean>(resolve => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('Cannot start Postgrey')
}

/** Processor time of a process and all below it, microseconds. */
function cpuUs(pid: number): number {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const own = ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1e6
  return childrenOf(pid).reduce((sum, child) => sum + cpuUs(child), own)
}

/** Memory of a process and all below it, shared pages counted by share. */
function pssBytes(pid: number): number {
  const own = Number(/^Pss:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024
  return childrenOf(pid).reduce((sum, child) => sum + pssBytes(child), own)
}

function childrenOf(pid: number): readonly number[] {
  return fs
    .readdirSync(`/proc/${pid}/task`)
    .flatMap(task =>
      fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
}

function diskBytes(dir: string): number {
  if (!fs.existsSync(dir)) return 0
  const files = fs.readdirSync(dir, { withFileTypes: true }).filter(entry => entry.isFile())
  return files.reduce((sum, { name }) => sum + fs.statSync(path.join(dir, name)).size, 0)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
