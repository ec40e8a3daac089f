/**
 * Questions per second of the own resolver beside node's c-ares, in one run against one loopback name server in a process
 * of its own: cold (every name new), and warm (names asked before; c-ares remembers nothing, so it asks again).
 *
 *   node bench/dns.ts [QUESTIONS] [IN_FLIGHT]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { Resolver as CAres } from 'node:dns/promises'
import { makeResolver } from '../src/dns/cache.ts'
import { FixtureDns } from '../src/dns/fixture_server.ts'
import { systemClock } from '../src/util/clock.ts'

const ROUNDS = 3
const WARM_NAMES = 1000

interface Figure {
  readonly perSecond: number
  /** Processor time of this process for one question. */
  readonly cpuUs: number
}

if (process.argv[2] === 'serve') await serve()
else await main(Number(process.argv[2] ?? 20_000), Number(process.argv[3] ?? 200))

/** The name server: every name has an address, an MX and a text. */
async function serve(): Promise<void> {
  const records = { '*.bench.example': { A: ['127.0.0.2'], MX: [[10, 'mx.bench.example']], TXT: ['v=spf1 -all'] } }
  const dns = new FixtureDns(
    { ttl: 3600, records: { ...records, 'bench.example': { A: ['192.0.2.1'] } } },
    { keepLog: false },
  )
  process.stdout.write(`${await dns.listen('127.0.0.1', 0)}\n`)
  process.on('disconnect', () => process.exit(0))
}

async function main(questions: number, inFlight: number): Promise<void> {
  const { child, port } = await startServer()
  const own = makeResolver({ servers: [{ address: '127.0.0.1', port }], clock: systemClock, cacheBytes: 256 << 20 })
  const cares = new CAres({ timeout: 5000, tries: 2 })
  cares.setServers([`127.0.0.1:${port}`])
  let serial = 0
  const fresh = (): string => `n${serial++}.bench.example`
  const warm = (): string => `w${serial++ % WARM_NAMES}.bench.example`
  const askOwn = async (name: string): Promise<void> => {
    const answer = await own.query(name, 'A')
    if (answer.status !== 'found') throw new Error(`Cannot measure: ${name} is ${answer.status}`)
  }
  const askCares = async (name: string): Promise<void> => {
    await cares.resolve4(name, { ttl: true })
  }
  const measure = (ask: (name: string) => Promise<void>, name: () => string, count: number): Promise<Figure> =>
    best(() => run({ ask, name, count, inFlight }))

  // Both are warmed up, so that neither pays for compiling.
  await run({ ask: askOwn, name: fresh, count: 5000, inFlight })
  await run({ ask: askCares, name: fresh, count: 5000, inFlight })
  await run({ ask: askOwn, name: warm, count: WARM_NAMES, inFlight })
  const rows: [string, Figure, Figure][] = [
    ['cold, every name new', await measure(askOwn, fresh, questions), await measure(askCares, fresh, questions)],
    [
      `warm, ${WARM_NAMES} names again and again`,
      await measure(askOwn, warm, questions * 10),
      await measure(askCares, warm, questions),
    ],
  ]
  print(rows, { questions, inFlight })
  own.close()
  child.disconnect()
}

async function startServer(): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [import.meta.filename, 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.stdout?.once('data', chunk => resolve(Number(String(chunk))))
  })
  return { child, port }
}

async function best(measure: () => Promise<Figure>): Promise<Figure> {
  const figures: Figure[] = []
  for (let i = 0; i < ROUNDS; i++) figures.push(await measure())
  return figures.reduce((a, b) => (b.perSecond > a.perSecond ? b : a))
}

async function run(job: {
  ask: (name: string) => Promise<void>
  name: () => string
  count: number
  inFlight: number
}): Promise<Figure> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  let left = job.count
  const worker = async (): Promise<void> => {
    while (left-- > 0) await job.ask(job.name())
  }
  await Promise.all(Array.from({ length: job.inFlight }, worker))
  const seconds = (performance.now() - began) / 1000
  const used = process.cpuUsage(cpu)
  return { perSecond: job.count / seconds, cpuUs: (used.user + used.system) / job.count }
}

function print(rows: readonly [string, Figure, Figure][], how: { questions: number; inFlight: number }): void {
  const show = (figure: Figure): string =>
    `${Math.round(figure.perSecond).toLocaleString('en')}/s  ${figure.cpuUs.toFixed(1)} us`.padStart(24)
  const lines = [
    `${how.questions} questions, ${how.inFlight} in flight, best of ${ROUNDS}; questions per second, processor time for each`,
    `${''.padEnd(36)}${'postern'.padStart(24)}${'c-ares (node)'.padStart(24)}`,
    ...rows.map(([name, own, cares]) => `${name.padEnd(36)}${show(own)}${show(cares)}`),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
