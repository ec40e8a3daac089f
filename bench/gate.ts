/**
 * How long a client waits: from connect to the reply to RCPT, with name servers that take their time. Postfix (alone, and behind an
 * Unbound) and Postern judge by the guide's nine DNS restrictions in one run on one machine.
 *
 *     npm run bench:gate            root, with Debian's Postfix and Unbound; else Postern only
 *
 * cold: names and addresses that nobody has asked for. warm: asked for before.
 */
import fs from 'node:fs'
import path from 'node:path'
import { FixtureDns } from '../test/support/fixture_dns.ts'
import { freePort } from '../test/support/ports.ts'
import { startPostern } from '../test/support/postern_program.ts'
import { makeInstanceDir, postfixUnavailable, startPostfix } from '../test/support/real_postfix.ts'
import { SmtpClient } from '../test/support/smtp_client.ts'
import { findUnbound, Unbound } from '../test/support/unbound.ts'

const DELAYS_MS = [0, 20, 50]
const COLD_SESSIONS = 20
const WARM_SESSIONS = 60
/** PTR, then the A record that must lead back: no answer can come sooner. */
const LONGEST_CHAIN = 2
const LOAD_CLIENTS = 20
const LOAD_MS = 4000
/** Unbound's address: the C library asks port 53 only. */
const CACHE_ADDRESS = '127.0.54.2'

/** in_flow_delay: Postfix would take each session without a message for one that its queue has yet to deliver, and slow down. */
const BASE = `compatibility_level = 3.6
myhostname = mx.example.org
mydestination = example.org
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
local_recipient_maps =
alias_maps =
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
local_transport = discard:
in_flow_delay = 0
smtpd_helo_required = yes
`
const NINE = `smtpd_helo_restrictions = reject_unknown_helo_hostname
smtpd_sender_restrictions =
    reject_unknown_sender_domain
    reject_unknown_reverse_client_hostname
    reject_unknown_client_hostname
smtpd_recipient_restrictions =
    reject_rhsbl_helo dbl.spamhaus.org,
    reject_rhsbl_reverse_client dbl.spamhaus.org,
    reject_rhsbl_sender dbl.spamhaus.org,
    permit_dnswl_client list.dnswl.org=127.0.[0..255].[1..3],
    reject_rbl_client zen.spamhaus.org
`
const NO_DNS = 'smtpd_peername_lookup = no\n'

interface Server {
  readonly name: string
  readonly port: number
  stop(): Promise<void>
}

interface Session {
  readonly address: string
  readonly helo: string
  readonly sender: string
}

let nextSession = 0
const records: Record<string, Record<string, readonly (string | readonly (string | number)[])[]>> = {}

/** A client nobody has heard of, with sound names. */
function freshSession(): Session {
  const n = nextSession++
  const address = `127.${100 + Math.floor(n / 65_536)}.${Math.floor(n / 256) % 256}.${n % 256}`
  return { address, helo: `helo${n}.example`, sender: `a@sender${n}.example` }
}

function addRecords({ address, helo, sender }: Session): void {
  const name = `client-${address.replaceAll('.', '-')}.example`
  records[`${address.split('.').reverse().join('.')}.in-addr.arpa`] = { PTR: [name] }
  records[name] = { A: [address] }
  records[helo] = { A: [address] }
  records[sender.slice(2)] = { MX: [[10, name]], A: [address] }
}

/** Milliseconds from connect to the reply to RCPT. */
async function measure(port: number, session: Session): Promise<number> {
  const began = performance.now()
  const client = new SmtpClient({ host: '127.0.0.1', port, from: session.address })
  await client.read()
  await client.command(`EHLO ${session.helo}`)
  await client.command(`MAIL FROM:<${session.sender}>`)
  const reply = await client.command('RCPT TO:<you@example.org>')
  const took = performance.now() - began
  await client.command('QUIT')
  client.destroy()
  if (!reply.startsWith('250')) throw new Error(`Cannot measure: ${reply}`)
  return took
}

async function measureAll(port: number, sessions: readonly Session[]): Promise<readonly number[]> {
  const times: number[] = []
  for (const session of sessions) times.push(await measure(port, session))
  return times.sort((a, b) => a - b)
}

/** Warm sessions per second with many clients at once; client and server share the machine. */
async function measureRate(port: number, sessions: readonly Session[]): Promise<number> {
  const until = performance.now() + LOAD_MS
  let done = 0
  const client = async (first: number): Promise<void> => {
    for (let i = first; performance.now() < until; i++) {
      const session = sessions[i % sessions.length]
      if (session) await measure(port, session)
      done++
    }
  }
  await Promise.all(Array.from({ length: LOAD_CLIENTS }, (_, i) => client(i)))
  return (done * 1000) / LOAD_MS
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

async function startPosternServer(name: string, restrictions: string, dns: string): Promise<Server> {
  const dir = makeInstanceDir('bench-')
  fs.writeFileSync(path.join(dir, 'main.cf'), BASE + restrictions)
  const overrides = ['postern_next_hop=discard:']
  const postern = await startPostern({ dir, dns, workers: 2, overrides })
  return { name, port: postern.port, stop: () => stopAndRemove(postern, dir) }
}

async function startPostfixServer(name: string, dnsAddress: string): Promise<Server> {
  const dir = makeInstanceDir('bench-')
  fs.writeFileSync(path.join(dir, 'main.cf'), BASE + NINE)
  const port = await freePort()
  const postfix = await startPostfix({ dir, port, dnsAddress })
  return { name, port, stop: () => stopAndRemove(postfix, dir) }
}

async function stopAndRemove(server: { stop(): Promise<void> }, dir: string): Promise<void> {
  await server.stop()
  fs.rmSync(dir, { recursive: true, force: true })
}

interface Row {
  readonly name: string
  readonly delayMs: number
  readonly cold: readonly number[]
  readonly warm: readonly number[]
}

async function measureServer(server: Server, dns: FixtureDns, plan: Plan): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const delayMs of DELAYS_MS) {
    dns.delay = delayMs
    // The first session of a process opens tables and sockets.
    await measureAll(server.port, plan.sessions(5))
    const coldSessions = plan.sessions(COLD_SESSIONS)
    const cold = await measureAll(server.port, coldSessions)
    // A server process that has a warm cache of its own needs a few rounds until each has seen each name.
    const known = coldSessions.slice(0, 10)
    for (let i = 0; i < 4; i++) await measureAll(server.port, known)
    const again = Array.from({ length: WARM_SESSIONS }, (_, i) => known[i % known.length]).filter(
      one => one !== undefined,
    )
    rows.push({ name: server.name, delayMs, cold, warm: await measureAll(server.port, again) })
  }
  dns.delay = 0
  return rows
}

/** Sessions made before the name server starts, handed out once each. */
class Plan {
  readonly #left: Session[]

  constructor(count: number) {
    this.#left = Array.from({ length: count }, freshSession)
    for (const session of this.#left) addRecords(session)
  }

  sessions(count: number): readonly Session[] {
    return this.#left.splice(0, count)
  }
}

function format(ms: number): string {
  return ms.toFixed(ms < 10 ? 2 : 1)
}

function printTable(lines: readonly (readonly string[])[]): void {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  for (const line of lines) {
    const cells = line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
    process.stdout.write(`${cells.join('  ')}\n`)
  }
}

function printLatencies(rows: readonly Row[]): void {
  const head = [
    'connect to RCPT reply, ms',
    'DNS delay',
    'cold median',
    'cold 95 %',
    'x longest chain',
    'warm median',
    'warm 95 %',
  ]
  const lines = rows.map(({ name, delayMs, cold, warm }) => [
    name,
    String(delayMs),
    format(quantile(cold, 0.5)),
    format(quantile(cold, 0.95)),
    delayMs === 0 ? '-' : (quantile(cold, 0.5) / (LONGEST_CHAIN * delayMs)).toFixed(2),
    format(quantile(warm, 0.5)),
    format(quantile(warm, 0.95)),
  ])
  printTable([head, ...lines])
}

async function main(): Promise<void> {
  const plan = new Plan(2000)
  const dns = new FixtureDns({ records }, { keepLog: false })
  const root = process.getuid?.() === 0
  const address = '127.0.54.1'
  const dnsPort = root ? await dns.listen(address, 53) : await dns.listen(address, 0)
  const unbound =
    root && findUnbound() !== null
      ? await Unbound.start({ address, port: dnsPort }, [`interface: ${CACHE_ADDRESS}@53`])
      : null
  const servers: (() => Promise<Server>)[] = [() => startPosternServer('Postern', NINE, `${address}:${dnsPort}`)]
  const obstacle = postfixUnavailable()
  if (obstacle === null) servers.unshift(() => startPostfixServer('Postfix', address))
  else process.stdout.write(`without Postfix: ${obstacle}\n`)
  if (obstacle === null && unbound !== null)
    servers.splice(1, 0, () => startPostfixServer('Postfix and Unbound', CACHE_ADDRESS))

  const rows: Row[] = []
  const rates: string[][] = []
  for (const start of servers) {
    const server = await start()
    process.stderr.write(`${server.name} …\n`)
    rows.push(...(await measureServer(server, dns, plan)))
    const sessions = plan.sessions(10)
    for (let i = 0; i < 4; i++) await measureAll(server.port, sessions)
    rates.push([server.name, (await measureRate(server.port, sessions)).toFixed(0)])
    await server.stop()
  }
  const bare = await startPosternServer('Postern without DNS', NO_DNS, `${address}:${dnsPort}`)
  const known = plan.sessions(10)
  await measureAll(bare.port, known)
  const baseline = await measureAll(bare.port, Array.from({ length: 20 }, () => known).flat())
  await bare.stop()
  unbound?.stop()
  dns.close()

  printLatencies(rows)
  process.stdout.write('\n')
  printTable([['warm sessions per second', ''], ...rates])
  const warm = rows.filter(row => row.name === 'Postern' && row.delayMs > 0).map(row => quantile(row.warm, 0.5))
  const extra = Math.max(...warm) - quantile(baseline, 0.5)
  process.stdout.write(
    `\nPostern without any DNS: ${format(quantile(baseline, 0.5))} ms; warm it takes ${format(extra)} ms more\n`,
  )
}

await main()
