/**
 * Notes per second through the shared memory, 100 in flight, beside a bare GET by the same client with the same pipelining, in one
 * run on one Redis of loopback. A note is two reads, a merge, Postgrey's step, one or two writes with expiry, and what the local
 * memory learns; the local one is embedded, as in production, or only a Map.
 *
 *   node bench/valkey.ts [NOTES] [IN_FLIGHT]       default 100000 100
 */
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GreylistAttempt, GreylistRules, Memory, MemoryLifetimes } from '../src/model/memory.ts'
import { openEmbeddedMemory } from '../src/store/embedded/memory.ts'
import { makeSharedMemory } from '../src/store/valkey/shared_memory.ts'
import { systemClock } from '../src/util/clock.ts'
import { seededRandom, systemRandom } from '../src/util/random.ts'
import { FakeMemory } from '../test/support/fake_memory.ts'
import { Redis } from '../test/support/redis.ts'
import { connectTo } from '../test/support/shared_memories.ts'

const DAY = 86_400
const RULES: GreylistRules = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, autoAllow: 5 }
const LIFETIMES: MemoryLifetimes = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, correspondent: 60 * DAY }
/** Slower than any answer here: what is measured must not give up. */
const TIMEOUT_MS = 5000
const WARM_UP = 20_000

interface Figures {
  readonly perSecond: number
  /** Processor time of this process for one. */
  readonly cpuUs: number
  /** Of Redis. */
  readonly redisCpuUs: number
  readonly p50Us: number
  readonly p99Us: number
}

const [notes, inFlight] = [Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 100)]
const now = Math.floor(Date.now() / 1000)
const attempts = makeAttempts()
await main()

async function main(): Promise<void> {
  const redis = await Redis.start()
  const directory = fs.mkdtempSync(join(tmpdir(), 'postern-bench-'))
  try {
    const embedded = await openEmbeddedMemory({
      directory,
      lifetimes: LIFETIMES,
      sync: false,
      clock: systemClock,
      random: systemRandom,
      pid: process.pid,
      use: 'command',
      onProblem: say,
    })
    say(`${notes} of each, ${inFlight} in flight; microseconds`)
    say('                                 a second   own CPU   Redis CPU    p50      p99')
    say(row('GET', await benchGet(redis)))
    say(row('note, a Map behind it', await benchNotes(redis, new FakeMemory(LIFETIMES, systemClock))))
    say(row('note, embedded memory behind it', await benchNotes(redis, embedded)))
    say(row('GET again', await benchGet(redis)))
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
    await redis.stop()
  }
}

async function benchGet(redis: Redis): Promise<Figures> {
  const remote = connectTo(redis.url, TIMEOUT_MS)
  await new Promise<void>(resolve => remote.listen({ lost: () => undefined, connected: resolve }))
  const figures = await measure(redis, async i => {
    await remote.get(`postern:t:${attempts[i]?.triplet}`)
  })
  remote.close()
  return figures
}

async function benchNotes(redis: Redis, local: Memory): Promise<Figures> {
  await redis.cli('flushall')
  const memory = await makeSharedMemory({
    remote: connectTo(redis.url, TIMEOUT_MS),
    local,
    lifetimes: LIFETIMES,
    clock: systemClock,
    hostName: 'bench',
    timeoutMs: TIMEOUT_MS,
    onProblem: say,
  })
  const figures = await measure(redis, async i => {
    const one = attempts[i]
    if (one === undefined) throw new Error(`Cannot measure: no attempt ${i}`)
    const answer = await memory.note(one)
    if (answer.status !== 'found') throw new Error(`Cannot measure: a note is ${answer.status}`)
  })
  await memory.close()
  return figures
}

/** Made beforehand; half of the triplets come back. */
function makeAttempts(): readonly GreylistAttempt[] {
  const random = seededRandom(1)
  return Array.from({ length: Math.max(notes, WARM_UP) }, () => attempt(random.below(notes / 2)))
}

/** About as long as those of real mail. */
function attempt(n: number): GreylistAttempt {
  const client = `${20 + (n % 180)}.${(n >>> 8) & 255}.${(n >>> 3) & 255}`
  return {
    triplet: `${client}.0/newsletter-${n.toString(36)}@sender${n % 9973}.example/user${n % 499}@example.org`,
    client: `${client}.${n & 255}`,
    now,
    rules: RULES,
  }
}

async function measure(redis: Redis, one: (i: number) => Promise<void>): Promise<Figures> {
  await run(WARM_UP, one, null)
  const took = new Float64Array(notes)
  const redisBegun = await redisCpu(redis)
  const cpuBegun = process.cpuUsage()
  const begun = performance.now()
  await run(notes, one, took)
  const seconds = (performance.now() - begun) / 1000
  const cpu = process.cpuUsage(cpuBegun)
  const redisCpuUs = (((await redisCpu(redis)) - redisBegun) * 1e6) / notes
  took.sort()
  const us = (share: number): number => (took[Math.floor((notes - 1) * share)] ?? 0) * 1000
  return {
    perSecond: notes / seconds,
    cpuUs: (cpu.user + cpu.system) / notes,
    redisCpuUs,
    p50Us: us(0.5),
    p99Us: us(0.99),
  }
}

async function run(count: number, one: (i: number) => Promise<void>, took: Float64Array | null): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const at = performance.now()
      await one(i)
      if (took !== null) took[i] = performance.now() - at
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}

/** Seconds of processor time that Redis has used. */
async function redisCpu(redis: Redis): Promise<number> {
  const info = await redis.cli('info', 'cpu')
  const part = (name: string): number => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1] ?? Number.NaN)
  return part('used_cpu_sys') + part('used_cpu_user')
}

function row(name: string, { perSecond, cpuUs, redisCpuUs, p50Us, p99Us }: Figures): string {
  const cells = [
    Math.round(perSecond).toString(),
    cpuUs.toFixed(1),
    redisCpuUs.toFixed(1),
    p50Us.toFixed(0),
    p99Us.toFixed(0),
  ]
  return `${name.padEnd(31)}${cells.map(cell => cell.padStart(10)).join('')}`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
