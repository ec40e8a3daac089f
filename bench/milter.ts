/**
 * The milter beside OpenDKIM and OpenDMARC, under one real Postfix in the same run: messages a second, what a message costs each
 * program in processor time, how much longer it takes, and whether memory stays flat.
 *
 *   npm run bench:milter [-- SECONDS]       default 5
 *
 * Messages are signed (RSA 2048), of a domain with SPF and p=reject, of 5 KB and 100 KB; they go to Postfix's discard(8). All
 * programs ask one Unbound, and log. Postern is measured over TCP and over a Unix socket, after it has run for a while: a server is
 * not started for each message. Where OpenDKIM, OpenDMARC, Postfix or Unbound are missing: nothing is measured.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { FixtureDns } from '../test/support/fixture_dns.ts'
import { sendMessages } from '../test/support/message_sender.ts'
import { joinMessage, messageOf } from '../test/support/messages.ts'
import { connectMilter } from '../test/support/milter_client.ts'
import { mta } from '../test/support/milter_packets.ts'
import { opendmarcSkip, RealOpendmarc } from '../test/support/opendmarc.ts'
import { freePort } from '../test/support/ports.ts'
import { startPostern } from '../test/support/postern_program.ts'
import { makeInstanceDir, startPostfix } from '../test/support/real_postfix.ts'
import { makeRsaKey, signedWith } from '../test/support/signed.ts'
import { Unbound } from '../test/support/unbound.ts'

const RESOLVER = '127.0.61.1'
const UPSTREAM = '127.0.61.2'
const CLIENT = '127.0.61.9'
const SESSIONS = 8
/** Messages of one SMTP session; each session is a connection of its own to each milter. */
const BATCH = 10
const SIZES = [5_000, 100_000]
/** Until V8 has compiled what is hot. */
const WARM_SECONDS = 10
const TICKS = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100

const MAIN_CF = `compatibility_level = 3.6
myhostname = mx.example.com
mydestination = example.com
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
local_transport = discard:
local_header_rewrite_clients =
default_process_limit = 200
smtpd_peername_lookup = no
in_flow_delay = 0
`

const skip = opendmarcSkip()
if (skip !== false) throw new Error(`Cannot measure: ${skip}`)
const seconds = Number(process.argv[2] ?? 5)
const key = makeRsaKey()
const dns = new FixtureDns({
  ttl: 3600,
  minimum: 3600,
  records: {
    'client.example': { A: [CLIENT], TXT: [`v=spf1 ip4:${CLIENT} -all`] },
    '_dmarc.client.example': { TXT: ['v=DMARC1; p=reject'] },
    'sel._domainkey.client.example': { TXT: [[key.record.slice(0, 200), key.record.slice(200)]] },
  },
})
await dns.listen(UPSTREAM, 53)
const unbound = await Unbound.start({ address: UPSTREAM, port: 53 }, [
  `interface: ${RESOLVER}@53`,
  'access-control: 127.0.0.0/8 allow',
])
const open = await RealOpendmarc.start({ conf: '', authservId: 'mx.example.com', nameServer: RESOLVER })
const dir = makeInstanceDir('po-bench-')
fs.writeFileSync(path.join(dir, 'main.cf'), MAIN_CF)
const milterPort = await freePort()
const milterSocket = path.join(dir, 'milter')
const workers = os.availableParallelism()
const postern = await startPostern({
  dir,
  dns: `${RESOLVER}:53`,
  workers,
  overrides: [
    'postern_smtp_listen=',
    `postern_milter_listen=inet:127.0.0.1:${milterPort},unix:${milterSocket}`,
    'postern_milter_socket_mode=0666',
    'postern_dmarc_ignore_hosts=192.0.2.255',
    'postern_next_hop=discard:',
  ],
})

const tcp = (port: number): string => `inet:127.0.0.1:${port}`
/** A door of Postfix for each combination, none first. */
const milters: readonly (readonly [name: string, doors: readonly string[], programs: () => readonly number[]])[] = [
  ['no milter', [], () => []],
  ['Postern', [tcp(milterPort)], () => treeOf(postern.pid)],
  ['Postern, Unix socket', [`unix:${milterSocket}`], () => treeOf(postern.pid)],
  ['OpenDKIM', [tcp(open.dkimPort)], () => named('opendkim')],
  ['OpenDMARC', [tcp(open.dmarcPort)], () => named('opendmarc')],
  [
    'OpenDKIM, OpenDMARC',
    [tcp(open.dkimPort), tcp(open.dmarcPort)],
    () => [...named('opendkim'), ...named('opendmarc')],
  ],
]
const ports = await Promise.all(milters.map(() => freePort()))
const services = milters.map(
  ([, doors], i) => `127.0.0.1:${ports[i]} inet n - n - - smtpd -o smtpd_milters=${doors.join(',')}\n`,
)
const pfDir = makeInstanceDir('pf-bench-')
fs.writeFileSync(path.join(pfDir, 'main.cf'), MAIN_CF)
const postfix = await startPostfix({
  dir: pfDir,
  port: await freePort(),
  dnsAddress: RESOLVER,
  services: services.join(''),
})

try {
  say(`${os.cpus().length} cores, ${os.cpus()[0]?.model}; ${seconds} s for each figure, ${SESSIONS} sessions at once`)
  for (const size of SIZES) {
    const messages = Array.from({ length: 20 }, (_, i) => signedMessage(size, i))
    say(`\nmessages of ${size.toLocaleString('en')} bytes`)
    say(`  ${'milters'.padEnd(22)} messages/s   CPU ms a message   ms a message, one session`)
    let alone = 0
    for (const [i, [name, , programs]] of milters.entries()) {
      const port = ports[i] ?? 0
      await load(port, messages, name.startsWith('Postern') ? WARM_SECONDS : 1)
      const before = cpuMs(programs())
      const { count, perSecond } = await load(port, messages, seconds)
      const cpu = (cpuMs(programs()) - before) / count
      const calm = await timeOfOne(port, messages)
      if (i === 0) alone = calm
      const added = i === 0 ? '' : ` (+${(calm - alone).toFixed(2)})`
      say(
        `  ${name.padEnd(22)} ${perSecond.toFixed(0).padStart(10)} ${cpu.toFixed(2).padStart(18)} ${calm.toFixed(2).padStart(16)}${added}`,
      )
    }
  }
  await memory()
} finally {
  await postern.stop()
  await postfix.stop()
  open.stop()
  unbound.stop()
  dns.close()
}

/** Sessions one after the other on each of SESSIONS lines, until the time is over. */
async function load(port: number, messages: readonly Buffer[], forSeconds: number) {
  const start = performance.now()
  let count = 0
  const line = async (first: number): Promise<void> => {
    for (let next = first; performance.now() - start < forSeconds * 1000; next += BATCH) {
      await send(
        port,
        Array.from({ length: BATCH }, (_, i) => messages[(next + i) % messages.length] ?? Buffer.alloc(0)),
      )
      count += BATCH
    }
  }
  await Promise.all(Array.from({ length: SESSIONS }, (_, i) => line(i)))
  return { count, perSecond: (count / (performance.now() - start)) * 1000 }
}

/** Milliseconds of a message in a session alone, the median of several. */
async function timeOfOne(port: number, messages: readonly Buffer[]): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    await send(port, messages)
    times.push((performance.now() - start) / messages.length)
  }
  return times.toSorted((a, b) => a - b)[2] ?? 0
}

async function send(port: number, messages: readonly Buffer[]): Promise<void> {
  const replies = await sendMessages(messages, {
    port,
    from: CLIENT,
    sender: 'a@client.example',
    recipients: ['you@example.com'],
  })
  const refusal = replies.find(reply => !reply.startsWith('250'))
  if (refusal !== undefined) throw new Error(`Cannot measure: a message was answered ${refusal}`)
}

/** A body of 100 MB, then many messages, straight to Postern's milter: what its processes hold before and after. */
async function memory(): Promise<void> {
  const rss = (): string => `${(Math.max(...treeOf(postern.pid).map(rssBytes)) / 1e6).toFixed(0)} MB`
  const start = rss()
  const chunk = Buffer.from('0123456789abcdef\r\n'.repeat(3640))
  const head = [mta.mail('<a@client.example>'), mta.rcpt(), mta.header('From', ' a@client.example'), mta.eoh()]
  const large = await connectMilter({ host: '127.0.0.1', port: milterPort })
  large.send(...head)
  let most = 0
  for (let sent = 0; sent < 100e6; sent += chunk.length) {
    large.send(mta.body(chunk))
    if (sent % (chunk.length * 100) === 0) {
      await new Promise(resolve => setTimeout(resolve, 10))
      most = Math.max(most, ...treeOf(postern.pid).map(rssBytes))
    }
  }
  large.send(mta.end())
  await large.answers(1)
  large.destroy()
  say(`\nlargest process of Postern: ${start}; with a body of 100 MB ${(most / 1e6).toFixed(0)} MB`)
  for (const thousands of [10, 20, 30]) {
    const lines = Array.from({ length: 10 }, async () => {
      const client = await connectMilter({ host: '127.0.0.1', port: milterPort })
      for (let i = 1; i <= 1000; i++) {
        const before = client.said().length
        client.send(...head, mta.body(chunk.subarray(0, 4000)), mta.end())
        await client.answers(before + 1)
        if (i % 50 === 0) client.forget()
      }
      client.destroy()
    })
    await Promise.all(lines)
    say(`  after ${thousands},000 messages more ${rss()}`)
  }
}

function signedMessage(size: number, i: number): Buffer {
  const line = 'The quick brown fox jumps over the lazy dog, and nobody minds it at all.\r\n'
  const text = `From: a@client.example\nTo: you@example.com\nSubject: number ${i}\nMessage-ID: <${i}@client.example>
Date: Tue, 24 Nov 2026 20:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

${line.repeat(Math.max(1, Math.floor((size - 800) / line.length)))}`
  return joinMessage(
    signedWith(messageOf(text), key, { d: 'client.example', s: 'sel', h: 'from:to:subject:date:message-id' }),
  )
}

/** The processes of that name below OpenDKIM's and OpenDMARC's starter. */
function named(name: string): readonly number[] {
  return treeOf(open.pid).filter(pid => fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name)
}

function treeOf(pid: number): readonly number[] {
  const children = fs
    .readdirSync(`/proc/${pid}/task`)
    .flatMap(task =>
      fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
  return [pid, ...children.flatMap(treeOf)]
}

function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1000
  }, 0)
}

function rssBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
