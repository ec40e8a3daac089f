/**
 * Notes of the embedded memory per second, 50 in each turn of the event loop, with so many triplets known; beside node:sqlite
 * doing the same (read the client, read the triplet, write it; WAL, one transaction a turn), in one run.
 *
 *   node bench/memory.ts [TRIPLETS...]       default 10000 1000000 10000000
 *
 * Both outlive kill -9 and may lose the last second at a power cut. "joining": while a thread joins all files.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { GreylistAttempt, GreylistRules, MemoryLifetimes } from '../src/model/memory.ts'
import { type EmbeddedMemory, openEmbeddedMemory } from '../src/store/embedded/memory.ts'
import { stepGreylist } from '../src/store/greylist_step.ts'
import { systemClock } from '../src/util/clock.ts'
import { seededRandom, systemRandom } from '../src/util/random.ts'

const DAY = 86_400
const RULES: GreylistRules = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, autoAllow: 5 }
const LIFETIMES: MemoryLifetimes = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, correspondent: 60 * DAY }
const BATCH = 50
const TURNS = 4000
const FILL_BATCH = 5000

interface Figures {
  readonly perSecond: number
  /** Processor time of one note. */
  readonly cpuUs: number
  readonly p50Us: number
  readonly p99Us: number
  readonly worstUs: number
}

const now = Math.floor(Date.now() / 1000)

/** About as long as those of real mail: 62 bytes. */
function attempt(i: number): GreylistAttempt {
  const client = `${20 + (i % 180)}.${(i >>> 8) & 255}.${(i >>> 3) & 255}`
  return {
    triplet: `${client}.0/newsletter-${i.toString(36)}@sender${i % 9973}.example/user${i % 499}@example.org`,
    client: `${client}.${i & 255}`,
    now,
    rules: RULES,
  }
}

/** Latency is that of one note: from asking to the answer, the write included. */
async function measure(
  triplets: number,
  noteBatch: (batch: readonly GreylistAttempt[]) => Promise<void>,
): Promise<Figures> {
  const random = seededRandom(1)
  const took = new Float64Array(TURNS)
  const cases = Array.from({ length: TURNS }, () =>
    Array.from({ length: BATCH }, () => attempt(random.below(Math.floor(triplets * 1.01)))),
  )
  for (const batch of cases.slice(0, 200)) await noteBatch(batch)
  const begun = performance.now()
  const cpuBegun = process.cpuUsage()
  for (const [turn, batch] of cases.entries()) {
    const at = performance.now()
    await noteBatch(batch)
    took[turn] = performance.now() - at
  }
  const seconds = (performance.now() - begun) / 1000
  const cpu = process.cpuUsage(cpuBegun)
  took.sort()
  const us = (share: number): number => (took[Math.min(TURNS - 1, Math.floor(TURNS * share))] ?? 0) * 1000
  const cpuUs = (cpu.user + cpu.system) / (TURNS * BATCH)
  return { perSecond: (TURNS * BATCH) / seconds, cpuUs, p50Us: us(0.5), p99Us: us(0.99), worstUs: us(1) }
}

function open(directory: string): Promise<EmbeddedMemory> {
  return openEmbeddedMemory({
    directory,
    lifetimes: LIFETIMES,
    sync: false,
    clock: systemClock,
    random: systemRandom,
    pid: process.pid,
    use: 'command',
    onProblem: text => process.stdout.write(`${text}\n`),
  })
}

async function benchEmbedded(directory: string, triplets: number): Promise<Figures> {
  let memory = await open(directory)
  const filling = performance.now()
  for (let i = 0; i < triplets; i += FILL_BATCH) {
    const length = Math.min(FILL_BATCH, triplets - i)
    await Promise.all(Array.from({ length }, (_, j) => memory.note(attempt(i + j))))
  }
  const filled = performance.now()
  await memory.close()
  memory = await open(directory)
  const loaded = performance.now()
  await memory.compact()
  const compacted = performance.now()
  const diskBytes = sizeOf(directory)
  await memory.close()
  const { openMs, grown, index, rss } = openElsewhere(directory)
  say(
    `  filled at ${whole((triplets / (filled - filling)) * 1000)} a second; logs read in ${ms(loaded - filled)}, joined in ${ms(compacted - loaded)}; base read in ${ms(openMs)}`,
  )
  say(
    `  on disk ${(diskBytes / triplets).toFixed(1)} bytes a triplet; in memory ${(grown / triplets).toFixed(1)} (index ${(index / triplets).toFixed(1)}), process ${whole(rss / 1e6)} MB`,
  )
  memory = await open(directory)
  const noteBatch = async (batch: readonly GreylistAttempt[]): Promise<void> => {
    const answers = await Promise.all(batch.map(one => memory.note(one)))
    if (answers.some(answer => answer.status !== 'found')) throw new Error('Cannot measure: a note failed')
  }
  const figures = await measure(triplets, noteBatch)
  await memory.close()
  memory = await open(directory)
  const joining = memory.compact()
  say(row('joining', await measure(triplets, noteBatch)))
  await joining
  await memory.close()
  return figures
}

interface Opened {
  readonly openMs: number
  /** By how many bytes the process grew. */
  readonly grown: number
  readonly index: number
  readonly rss: number
}

/** A fresh process reads everything, as a worker does when it starts. */
function openElsewhere(directory: string): Opened {
  const args = ['--expose-gc', import.meta.filename, 'open', directory]
  // What openAndTell prints.
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Opened
}

async function openAndTell(directory: string): Promise<void> {
  collect()
  const before = process.memoryUsage.rss()
  const opening = performance.now()
  const memory = await open(directory)
  const openMs = performance.now() - opening
  collect()
  const rss = process.memoryUsage.rss()
  say(JSON.stringify({ openMs, grown: rss - before, index: memory.size.bytes, rss } satisfies Opened))
  await memory.close()
}

async function benchSqlite(directory: string, triplets: number): Promise<Figures> {
  const db = new DatabaseSync(join(directory, 'bench.sqlite'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -262144')
  db.exec('CREATE TABLE triplet (key TEXT PRIMARY KEY, first INT, last INT, count INT) WITHOUT ROWID')
  db.exec('CREATE TABLE client (key TEXT PRIMARY KEY, first INT, last INT, count INT) WITHOUT ROWID')
  const read = (table: string) => db.prepare(`SELECT first, last, count FROM ${table} WHERE key = ?`)
  const write = (table: string) => db.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?, ?)`)
  const [readTriplet, writeTriplet, readClient, writeClient] = [
    read('triplet'),
    write('triplet'),
    read('client'),
    write('client'),
  ]
  db.exec('BEGIN')
  for (let i = 0; i < triplets; i++) writeTriplet.run(attempt(i).triplet, now, now, 1)
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  const known = (row: { [column: string]: unknown } | undefined) =>
    row === undefined ? null : { first: Number(row['first']), last: Number(row['last']), count: Number(row['count']) }
  const figures = await measure(triplets, batch => {
    db.exec('BEGIN')
    for (const one of batch) {
      const { triplet, client } = stepGreylist(
        one,
        known(readClient.get(one.client)),
        known(readTriplet.get(one.triplet)),
      )
      if (triplet !== null) writeTriplet.run(one.triplet, triplet.first, triplet.last, triplet.count)
      if (client !== null) writeClient.run(one.client, client.first, client.last, client.count)
    }
    db.exec('COMMIT')
    return new Promise(resolve => {
      setImmediate(resolve)
    })
  })
  db.close()
  say(`  sqlite on disk ${(sizeOf(directory) / triplets).toFixed(1)} bytes a triplet`)
  return figures
}

function sizeOf(directory: string): number {
  return fs.readdirSync(directory).reduce((sum, name) => sum + fs.statSync(join(directory, name)).size, 0)
}

/** Twice: what the first frees, the second finds gone. */
function collect(): void {
  globalThis.gc?.()
  globalThis.gc?.()
}

function row(name: string, { perSecond, cpuUs, p50Us, p99Us, worstUs }: Figures): string {
  return `  ${name.padEnd(9)} ${whole(perSecond).padStart(9)} notes/s, ${cpuUs.toFixed(2)} µs CPU each; a batch of ${BATCH}: p50 ${whole(p50Us)} µs, p99 ${whole(p99Us)} µs, worst ${whole(worstUs)} µs`
}

function whole(n: number): string {
  return Math.round(n).toString()
}

function ms(n: number): string {
  return n < 1000 ? `${whole(n)} ms` : `${(n / 1000).toFixed(1)} s`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

if (process.argv[2] === 'open') await openAndTell(process.argv[3] ?? '')
else await main(process.argv.slice(2).map(Number))

async function main(sizes: readonly number[]): Promise<void> {
  const all: Figures[] = []
  for (const triplets of sizes.length > 0 ? sizes : [10_000, 1_000_000, 10_000_000]) {
    const parent = fs.mkdtempSync(join(process.env['BENCH_DIRECTORY'] ?? tmpdir(), 'postern-bench-'))
    try {
      say(`${triplets} triplets`)
      const own = await benchEmbedded(join(parent, 'memory'), triplets)
      say(row('embedded', own))
      fs.mkdirSync(join(parent, 'sqlite'))
      const sqlite = await benchSqlite(join(parent, 'sqlite'), triplets)
      say(row('sqlite', sqlite))
      say(
        `  ratio ${(own.perSecond / sqlite.perSecond).toFixed(1)} in rate, ${(sqlite.cpuUs / own.cpuUs).toFixed(1)} in processor time, ${(sqlite.p99Us / own.p99Us).toFixed(1)} in p99`,
      )
      all.push(own)
    } finally {
      fs.rmSync(parent, { recursive: true })
    }
  }
  const [smallest, largest] = [all[0], all.at(-1)]
  if (smallest !== undefined && largest !== undefined && all.length > 1)
    say(
      `with the most triplets a note costs ${(largest.cpuUs / smallest.cpuUs).toFixed(2)} times as much as with the fewest`,
    )
}
