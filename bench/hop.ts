/**
 * Messages per second to smtp-sink, in one run: smtp-source straight to it, the next hop alone (this process speaks to the sink),
 * and smtp-source through a whole gateway with one worker.
 *
 *   node bench/hop.ts [MESSAGES] [SESSIONS] [BYTES]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startSmtpSink } from '../test/support/daemons.ts'
import { envelope, hopBench, PLAIN_RCPT } from '../test/support/hop_bench.ts'
import { freePort } from '../test/support/ports.ts'

const ROUNDS = 3
const postern = fileURLToPath(new URL('../bin/postern', import.meta.url))

interface Load {
  readonly messages: number
  readonly sessions: number
  readonly bytes: number
}

await main({ messages: number(2, 5000), sessions: number(3, 10), bytes: number(4, 4096) })

function number(index: number, fallback: number): number {
  return Number(process.argv[index] ?? fallback)
}

async function main(load: Load): Promise<void> {
  const sink = await startSmtpSink()
  const gateway = await startGateway(sink.port)
  const ways: readonly (readonly [string, () => Promise<void>])[] = [
    ['smtp-source to smtp-sink', () => source(sink.port, load)],
    ['next hop to smtp-sink', () => hopOnly(sink.port, load)],
    ['smtp-source through the gateway', () => source(gateway.port, load)],
  ]
  print(`${load.messages} messages of ${load.bytes} bytes in ${load.sessions} sessions, best of ${ROUNDS}`)
  try {
    for (const [name, run] of ways)
      print(`${name.padEnd(34)} ${(await best(run, load)).toFixed(0).padStart(7)} messages/s`)
  } finally {
    gateway.stop()
    await sink.stop()
  }
  process.exit(0)
}

async function best(run: () => Promise<void>, load: Load): Promise<number> {
  let most = 0
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now()
    await run()
    most = Math.max(most, load.messages / ((performance.now() - start) / 1000))
  }
  return most
}

function source(port: number, load: Load): Promise<void> {
  const args = [
    '-s',
    load.sessions,
    '-m',
    load.messages,
    '-l',
    load.bytes,
    '-d',
    '-f',
    'a@sender.example',
    '-t',
    'b@ours.example',
  ]
  const child = spawn('smtp-source', [...args.map(String), `127.0.0.1:${port}`], { stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`smtp-source ended with ${code}`))))
    child.once('error', reject)
  })
}

async function hopOnly(port: number, load: Load): Promise<void> {
  const { hops } = hopBench(`smtp:[127.0.0.1]:${port}`)
  const message = Buffer.from(`Subject: bench\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(load.bytes / 78)}`)
  let left = load.messages
  const session = async (): Promise<void> => {
    while (left-- > 0) {
      const tx = hops.main.begin(envelope())
      const answer = await tx.addRecipient('b@ours.example', PLAIN_RCPT)
      const result = await tx.data(once(message))
      if (!answer.ok || result.outcome !== 'taken') throw new Error(`refused: ${result.reply}`)
    }
  }
  await Promise.all(Array.from({ length: load.sessions }, session))
  await hops.close()
}

async function* once(message: Uint8Array): AsyncGenerator<Uint8Array> {
  yield message
}

async function startGateway(sinkPort: number): Promise<{ readonly port: number; stop(): void }> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-hop'))
  const port = await freePort()
  const lines = [
    'compatibility_level = 3.6',
    'myhostname = gate.example',
    'mydestination = ours.example',
    'local_recipient_maps =',
    'smtpd_peername_lookup = no',
    'mynetworks = 127.0.0.0/8',
    'smtpd_client_connection_count_limit = 0',
    `postern_smtp_listen = inet:127.0.0.1:${port}`,
    'postern_policy_listen =',
    'postern_milter_listen =',
    'postern_http_listen =',
    `postern_next_hop = smtp:[127.0.0.1]:${sinkPort}`,
    `postern_state_directory = ${dir}/state`,
    `postern_log = file:${dir}/log`,
    'postern_workers = 1',
    'postern_dns_servers = 127.0.0.1:1',
  ]
  fs.writeFileSync(path.join(dir, 'main.cf'), `${lines.join('\n')}\n`)
  const child = spawn(postern, ['serve', '--config', dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  await ready(child)
  const stop = (): void => {
    child.kill('SIGTERM')
    fs.rmSync(dir, { recursive: true, force: true })
  }
  return { port, stop }
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.once('exit', code => reject(new Error(`postern ended with ${code}: ${text}`)))
    child.stdout?.on('data', data => {
      text += String(data)
      if (text.includes('postern: ready')) resolve()
    })
  })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
