/**
 * `npm run demo`: spam and ham against a gateway of its own, over a made-up DNS, without any outside network. Prints each
 * verdict and one whole trace; exit status 0 when every verdict is as expected and exactly the good mail was delivered.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FixtureDns } from '../dns/fixture_server.ts'
import type { Zone } from '../dns/fixture_zone.ts'
import { keepRunning, sleep, systemClock } from '../util/clock.ts'
import { commands } from './commands.ts'
import { readSource } from './config_source.ts'
import { playDialogue } from './demo_client.ts'
import { type DemoPlay, demoPlays } from './demo_plays.ts'
import { dispatch } from './dispatch.ts'
import { GOOD, NEGATIVE } from './exit_status.ts'
import { startLocalWorker } from './local_worker.ts'
import { Supervisor } from './supervisor.ts'
import { processTerminal, type Terminal } from './terminal.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/demo', import.meta.url))
/** The one whose trace is shown. */
const EXPLAINED = 'client on a block list'

interface Result {
  readonly play: DemoPlay
  readonly reply: string
  readonly good: boolean
  readonly ms: number
}

async function main(terminal: Terminal): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-demo-'))
  // Our own JSON, of that shape.
  const dns = new FixtureDns(JSON.parse(readFileSync(join(EXAMPLE, 'zone.json'), 'utf8')) as Zone)
  const dnsPort = await dns.listen('127.0.0.1', 0)
  const overrides = [
    `postern_state_directory=${directory}`,
    `postern_dns_servers=127.0.0.1:${dnsPort}`,
    'postern_hosts_file=',
    'postern_smtp_listen=inet:127.0.0.1:0',
  ]
  const supervisor = await startGateway(overrides)
  const [name = ''] = supervisor.listening('smtp')
  terminal.out(`A gateway with the guide's lists listens on ${name}; its DNS is ${join(EXAMPLE, 'zone.json')}.\n\n`)
  const port = Number(name.slice(name.lastIndexOf(':') + 1))
  const results = await playAll({ address: '127.0.0.1', port }, terminal)
  await supervisor.end(0)

  terminal.out(`\nWhy was "${EXPLAINED}" refused? This is what "postern explain" says:\n\n`)
  await explain(overrides, terminal)
  dns.close()
  const delivered = countFiles(join(directory, 'mail/new'))
  rmSync(directory, { recursive: true })
  return sumUp(results, delivered, terminal)
}

async function startGateway(overrides: readonly string[]): Promise<Supervisor> {
  const read = readSource(EXAMPLE, overrides)
  if (!read.ok) throw new Error(read.problem.text)
  const supervisor = new Supervisor({
    configPath: EXAMPLE,
    overrides,
    source: read.source,
    loaded: read.loaded,
    clock: systemClock,
    workers: 1,
    startWorker: startLocalWorker(systemClock),
    inherited: [],
  })
  await supervisor.listen()
  await supervisor.begin()
  return supervisor
}

async function playAll(
  server: { readonly address: string; readonly port: number },
  terminal: Terminal,
): Promise<readonly Result[]> {
  const titleWidth = Math.max(...demoPlays.map(play => play.title.length))
  const results: Result[] = []
  for (const play of demoPlays) {
    if (play.waitMs !== undefined) await sleep(systemClock, play.waitMs)
    const began = systemClock.monotonic()
    const reply = await playDialogue(play, server, systemClock)
    const ms = systemClock.monotonic() - began
    const good = reply.startsWith(play.expect)
    results.push({ play, reply, good, ms })
    const colour = reply.startsWith('2') ? 'green' : 'red'
    const mark = good ? ' ' : '!'
    terminal.out(`${mark} ${play.title.padEnd(titleWidth)}  ${terminal.style(colour, reply || '(closed)')}\n`)
    if (!good) terminal.out(`  ${' '.repeat(titleWidth)}  expected ${play.expect}\n`)
  }
  return results
}

async function explain(overrides: readonly string[], terminal: Terminal): Promise<void> {
  const play = demoPlays.find(each => each.title === EXPLAINED)
  if (play === undefined || play.helo === null) return
  const words = ['--client', play.from, '--helo', play.helo, '--from', play.sender, '--to', play.recipient]
  await dispatch(['explain', '-c', EXAMPLE, ...overrides.flatMap(each => ['-o', each]), ...words], commands, terminal)
}

function countFiles(directory: string): number {
  return readdirSync(directory).length
}

function sumUp(results: readonly Result[], delivered: number, terminal: Terminal): number {
  const wrong = results.filter(result => !result.good)
  const accepted = results.filter(result => result.play.expect.startsWith('250')).length
  const ms = results.reduce((sum, result) => sum + result.ms, 0)
  terminal.out(
    `\n${results.length} dialogues in ${Math.round(ms)} ms: ${results.length - accepted} to be refused, ${accepted} to be delivered; ` +
      `${wrong.length} wrong, ${delivered} delivered.\n`,
  )
  return wrong.length === 0 && delivered === accepted ? GOOD : NEGATIVE
}

const running = keepRunning()
process.exitCode = await main(processTerminal())
running.end()
