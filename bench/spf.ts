/**
 * SPF checks per second of Postern beside Debian's policyd-spf, in one run over one name server in a process of its own:
 * the same policy requests (HELO name and sender, the sender's record with an include), asked of the decision in this
 * process, of Postern's policy socket, and of policyd-spf on its pipes. Warm (names asked before; policyd-spf remembers
 * nothing) and cold with an answer time of 20 ms (every name new).
 *
 *   sudo node bench/spf.ts [REQUESTS]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { makeResolver } from '../src/dns/cache.ts'
import { FixtureDns } from '../src/dns/fixture_server.ts'
import { makeSpfPolicy } from '../src/mailauth/spf/policyd/policy.ts'
import { policydDefaults } from '../src/mailauth/spf/policyd/settings.ts'
import { systemClock } from '../src/util/clock.ts'
import { askPolicy } from '../test/support/policy_asker.ts'
import { type Attributes, policydSpfSkip, RealPolicydSpf } from '../test/support/policyd_spf.ts'
import { freePort } from '../test/support/ports.ts'
import { spfRequest } from '../test/support/spf_requests.ts'

const NAME_SERVER = '127.0.84.53'
const COLD_DELAY_MS = 20
const WARM_DOMAINS = 1000
const COLD_REQUESTS = 60
/** Requests that are under way at once where a door allows several. */
const IN_FLIGHT = 32
const ROUNDS = 3

/** Of the next request. */
let serial = 0

type Ask = (request: Attributes) => Promise<string>
interface Row {
  readonly name: string
  readonly perSecond: number
  /** Mean time of one request, milliseconds, one at a time; null: not measured. */
  readonly latencyMs: number | null
}

if (process.argv[2] === 'serve') await serve()
else await main(Number(process.argv[2] ?? 100_000))

/** Every name below the two domains has a record; the HELO names have one of their own. */
async function serve(): Promise<void> {
  const zone = {
    ttl: 3600,
    minimum: 3600,
    records: {
      '*.warm.example': { TXT: ['v=spf1 ip4:198.51.100.0/24 include:_spf.provider.example ~all'] },
      '*.cold.example': { TXT: ['v=spf1 ip4:198.51.100.0/24 include:_spf.provider.example ~all'] },
      '_spf.provider.example': { TXT: ['v=spf1 ip4:203.0.113.0/24 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all'] },
    },
  }
  const dns = new FixtureDns(zone, { keepLog: false })
  await dns.listen(NAME_SERVER, 53)
  process.on('message', delay => {
    dns.delay = Number(delay)
    process.send?.('set')
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')
}

async function main(requests: number): Promise<void> {
  const skip = policydSpfSkip()
  if (skip !== false) throw new Error(`Cannot measure: ${skip}`)
  const server = spawn(process.execPath, [import.meta.filename, 'serve'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  await heard(server)
  const real = await RealPolicydSpf.start('debugLevel = 1\n', NAME_SERVER)
  const postern = await startPostern()
  const resolver = makeResolver({ servers: [{ address: NAME_SERVER, port: 53 }], clock: systemClock })
  const settings = policydDefaults(os.hostname())
  const policy = makeSpfPolicy({ settings, resolver, clock: systemClock, hostname: os.hostname() })
  const decide: Ask = async request => {
    const { action } = await policy.decide({
      instance: request['instance'] ?? '',
      address: request['client_address'] ?? '',
      helo: request['helo_name'] ?? '',
      sender: request['sender'] ?? '',
      recipient: request['recipient'] ?? '',
      queueId: '',
    })
    return action
  }
  const askReal: Ask = request => real.ask(request)
  const doors = await Promise.all([askPolicy(postern.port), askPolicy(postern.port)])
  let turn = 0
  const askDoor: Ask = request => (doors[turn++ % doors.length] ?? fail()).ask(request)
  try {
    const warm = [
      await measure('policyd-spf', askReal, { count: Math.min(requests, 5000), inFlight: 1, next: warmRequest }),
      await measure('Postern, policy socket', askDoor, { count: requests, inFlight: IN_FLIGHT, next: warmRequest }),
      await measure('Postern, the decision alone', decide, { count: requests * 2, inFlight: 1, next: warmRequest }),
    ]
    print(`warm, ${WARM_DOMAINS} domains, DNS without delay`, warm)
    server.send(COLD_DELAY_MS)
    await heard(server)
    const cold = { count: COLD_REQUESTS, inFlight: 1, next: coldRequest }
    print(`cold, every domain new, ${COLD_DELAY_MS} ms per DNS answer, one request at a time`, [
      await measure('policyd-spf', askReal, cold),
      await measure('Postern, policy socket', askDoor, cold),
    ])
    print(`warm, the same delay: policyd-spf asks again each time`, [
      await measure('policyd-spf', askReal, { ...cold, next: warmRequest }),
      await measure('Postern, policy socket', askDoor, { count: requests, inFlight: 1, next: warmRequest }),
    ])
  } finally {
    for (const door of doors) door.close()
    real.stop()
    postern.stop()
    resolver.close()
    server.disconnect()
  }
}

function fail(): never {
  throw new Error('There is no door')
}

function heard(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', () => reject(new Error('The name server ended')))
  })
}

function warmRequest(): Attributes {
  const name = `d${serial++ % WARM_DOMAINS}.warm.example`
  return request(name, `mx.${name}`)
}

function coldRequest(): Attributes {
  const name = `d${serial++}.cold.example`
  return request(name, `mx.${name}`)
}

function request(domain: string, helo: string): Attributes {
  const said = { client: '192.0.2.1', helo, sender: `user@${domain}`, recipient: 'user@here.example' }
  return spfRequest(said, `bench.${serial}`)
}

interface Load {
  readonly count: number
  readonly inFlight: number
  readonly next: () => Attributes
}

/** The best of a few rounds, after one that warms up; every answer is looked at. */
async function measure(name: string, ask: Ask, load: Load): Promise<Row> {
  if (load.next === warmRequest) await run(ask, { ...load, count: Math.min(load.count, 2 * WARM_DOMAINS) })
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) best = Math.min(best, await run(ask, load))
  return { name, perSecond: load.count / best, latencyMs: load.inFlight === 1 ? (best * 1000) / load.count : null }
}

/** Seconds. */
async function run(ask: Ask, { count, inFlight, next }: Load): Promise<number> {
  const begin = performance.now()
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const action = await ask(next())
      if (!action.startsWith('prepend Received-SPF: Pass (mailfrom)')) throw new Error(`Wrong answer: ${action}`)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, one))
  return (performance.now() - begin) / 1000
}

async function startPostern(): Promise<{ readonly port: number; stop(): void }> {
  const port = await freePort()
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-bench-'))
  const conf = path.join(directory, 'policyd-spf.conf')
  fs.writeFileSync(conf, 'debugLevel = 1\n')
  fs.writeFileSync(
    path.join(directory, 'main.cf'),
    `
compatibility_level = 3.6
mydestination = here.example
postern_smtp_listen =
postern_policy_listen = inet:127.0.0.1:${port} { check_spf }
postern_milter_listen =
postern_spf_policyd_conf = ${conf}
postern_dns_servers = ${NAME_SERVER}
postern_state_directory = ${directory}/state
postern_log = file:${directory}/log
postern_workers = 1
`,
  )
  const program = path.join(import.meta.dirname, '../src/bin/postern.ts')
  const child = spawn(process.execPath, [program, 'serve', '-c', directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', chunk => String(chunk).includes('postern: ready') && resolve())
    child.once('exit', status => reject(new Error(`Postern ended with ${status}`)))
  })
  return {
    port,
    stop() {
      child.once('exit', () => fs.rmSync(directory, { recursive: true, force: true }))
      child.kill('SIGTERM')
    },
  }
}

function print(title: string, rows: readonly Row[]): void {
  process.stdout.write(`\n${title}\n`)
  const base = rows[0]?.perSecond ?? 1
  for (const { name, perSecond, latencyMs } of rows) {
    const latency = latencyMs === null ? '' : `  ${latencyMs.toFixed(3)} ms each`
    process.stdout.write(
      `  ${name.padEnd(30)} ${perSecond.toFixed(0).padStart(8)} requests/s  ${(perSecond / base).toFixed(1).padStart(7)} x${latency}\n`,
    )
  }
}
