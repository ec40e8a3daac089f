/**
 * 100,000 messages of many kinds through the milter of `postern serve` behind a real Postfix: none lost, each answered as it should be,
 * memory flat. Some three minutes, so only with POSTERN_SLOW=1 (`npm run test:slow`); 2,000 messages otherwise. Messages of forged
 * headers, of every kind of signature and of whole sizes are elsewhere (dmarc_door.test.ts, corpus_signed.test.ts).
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { FixtureDns } from '../support/fixture_dns.ts'
import { sendMessages } from '../support/message_sender.ts'
import { joinMessage, messageOf } from '../support/messages.ts'
import { freePort } from '../support/ports.ts'
import { type PosternProgram, startPostern } from '../support/postern_program.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../support/real_postfix.ts'
import { makeEd25519Key, makeRsaKey, signedWith } from '../support/signed.ts'

const skip = postfixUnavailable() ?? false
const isSlow = process.env['POSTERN_SLOW'] === '1'
const MESSAGES = isSlow ? 100_000 : 2000
/** What the processes hold is noted then first: V8 has its room by that time. */
const SETTLED = MESSAGES / 4
/** Garbage that is not collected yet, of young space and old. */
const ROOM_BYTES = 64e6
const SESSIONS = 8
/** Messages of one SMTP session. */
const BATCH = 20
const HELPER = '127.0.59.1'
const CLIENT = '127.0.59.10'

const RSA = makeRsaKey(2048)
const ED25519 = makeEd25519Key()
const ZONE = {
  'client.example': { A: [CLIENT], TXT: [`v=spf1 ip4:${CLIENT} -all`] },
  '_dmarc.reject.example': { TXT: ['v=DMARC1; p=reject'] },
  '_dmarc.quarantine.example': { TXT: ['v=DMARC1; p=quarantine'] },
  'rsa._domainkey.reject.example': { TXT: [[RSA.record.slice(0, 200), RSA.record.slice(200)]] },
  'ed._domainkey.reject.example': { TXT: [ED25519.record] },
}

const MAIN_CF = `compatibility_level = 3.6
myhostname = mx.example.com
mydestination = example.com
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
local_transport = discard:
local_header_rewrite_clients =
smtpd_peername_lookup = no
default_process_limit = 200
in_flow_delay = 0
`
const REJECTED = '550 5.7.1 rejected by DMARC policy for reject.example'

interface Kind {
  readonly name: string
  readonly bytes: Buffer
  /** The reply, or how it begins. */
  readonly expected: RegExp
}

function text(from: string, size: number): string {
  const line = 'The quick brown fox jumps over the lazy dog, and nobody minds it at all.\n'
  return `From: ${from}\nTo: you@example.com\nSubject: one of many\nDate: Tue, 24 Nov 2026 20:00:00 +0000\nMessage-ID: <1@client.example>\n\n${line.repeat(Math.ceil(size / line.length))}`
}

function signed(selector: 'rsa' | 'ed', size: number): Buffer {
  const key = selector === 'rsa' ? RSA : ED25519
  const a = selector === 'rsa' ? 'rsa-sha256' : 'ed25519-sha256'
  const tags = { a, d: 'reject.example', s: selector, h: 'from:to:subject:date:message-id' }
  return joinMessage(signedWith(messageOf(text('a@reject.example', size)), key, tags))
}

function kinds(): readonly Kind[] {
  const sound = signed('rsa', 3000)
  const altered = Buffer.from(sound.toString('latin1').replace('lazy dog', 'lazy cat'), 'latin1')
  const forged = `Authentication-Results: mx.example.com; dmarc=pass\n${text('a@none.example', 1000)}`
  return [
    { name: 'signed with RSA', bytes: sound, expected: /^250 / },
    { name: 'signed with Ed25519', bytes: signed('ed', 8000), expected: /^250 / },
    { name: 'altered', bytes: altered, expected: new RegExp(`^${REJECTED}$`) },
    {
      name: 'not signed',
      bytes: joinMessage(messageOf(text('a@reject.example', 500))),
      expected: new RegExp(`^${REJECTED}$`),
    },
    { name: 'to be quarantined', bytes: joinMessage(messageOf(text('a@quarantine.example', 500))), expected: /^250 / },
    { name: 'aligned by SPF', bytes: joinMessage(messageOf(text('a@client.example', 2000))), expected: /^250 / },
    { name: 'with forged results', bytes: joinMessage(messageOf(forged)), expected: /^250 / },
    { name: 'of 40 KB', bytes: signed('rsa', 40_000), expected: /^250 / },
  ]
}

function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
}

function largest(pid: number): number {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  return Math.max(rssOf(pid), ...children.map(rssOf))
}

async function countLines(file: string, pattern: RegExp): Promise<number> {
  let count = 0
  for await (const line of createInterface({ input: fs.createReadStream(file) })) if (pattern.test(line)) count++
  return count
}

/** The first few. */
async function linesOf(file: string, pattern: RegExp): Promise<readonly string[]> {
  const found: string[] = []
  for await (const line of createInterface({ input: fs.createReadStream(file) }))
    if (found.length < 5 && pattern.test(line)) found.push(line)
  return found
}

describe(`issue 4: ${MESSAGES.toLocaleString('en')} messages through the milter`, { skip }, () => {
  const dns = new FixtureDns({ records: ZONE, ttl: 3600 })
  let postern: PosternProgram
  let postfix: RealPostfix

  before(async () => {
    await dns.listen(HELPER, 53)
    const dir = makeInstanceDir('po-many-')
    fs.writeFileSync(path.join(dir, 'main.cf'), MAIN_CF)
    const port = await freePort()
    postern = await startPostern({
      dir,
      dns: `${HELPER}:53`,
      workers: 2,
      overrides: [
        'postern_smtp_listen=',
        `postern_milter_listen=inet:127.0.0.1:${port}`,
        'postern_dmarc_ignore_hosts=',
      ],
    })
    const pfDir = makeInstanceDir('pf-many-')
    fs.writeFileSync(
      path.join(pfDir, 'main.cf'),
      `${MAIN_CF}smtpd_milters = inet:127.0.0.1:${port}\nmilter_default_action = tempfail\n`,
    )
    postfix = await startPostfix({ dir: pfDir, port: await freePort(), dnsAddress: HELPER })
  })

  after(async () => {
    await postfix?.stop()
    await postern?.stop()
    dns.close()
  })

  test('none is lost, each is answered as it should be, and memory does not grow', async t => {
    const all = kinds()
    const kindOf = (i: number): Kind => all[i % all.length] ?? fail()
    let taken = 0
    let accepted = 0
    let settledAt = 0
    const wrong = new Map<string, number>()
    const line = async (): Promise<void> => {
      while (taken < MESSAGES) {
        const first = taken
        taken += BATCH
        const batch = Array.from({ length: BATCH }, (_, i) => kindOf(first + i))
        const replies = await sendMessages(
          batch.map(({ bytes }) => bytes),
          { port: postfix.port, from: CLIENT, sender: 'a@client.example', recipients: ['you@example.com'] },
        )
        for (const [i, { name, expected }] of batch.entries()) {
          const reply = replies[i] ?? 'none'
          if (reply.startsWith('250 ')) accepted++
          if (!expected.test(reply)) wrong.set(`${name}: ${reply}`, (wrong.get(`${name}: ${reply}`) ?? 0) + 1)
        }
        if (settledAt === 0 && taken >= SETTLED) settledAt = largest(postern.pid)
      }
    }
    const atStart = largest(postern.pid)
    await Promise.all(Array.from({ length: SESSIONS }, line))
    const atEnd = largest(postern.pid)
    const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
    t.diagnostic(`largest process: ${mb(atStart)}, after ${SETTLED} ${mb(settledAt)}, after ${MESSAGES} ${mb(atEnd)}`)
    assert.deepEqual([...wrong], [])
    const refused = all.filter(({ expected }) => expected.source.includes('rejected')).length
    assert.equal(accepted, (MESSAGES * (all.length - refused)) / all.length)
    // Every message that was answered 250 came out at the other end.
    let delivered = 0
    for (let look = 0; look < 60 && delivered < accepted; look++) {
      await new Promise(resolve => setTimeout(resolve, 500))
      delivered = await countLines(postfix.logPath, /status=sent/)
    }
    assert.equal(delivered, accepted)
    // Postfix measures the clock of this machine against that of its file system, too.
    assert.deepEqual(
      await linesOf(postfix.logPath, /\b(?:warning|fatal|error|panic): (?!file system clock|resetting file)/),
      [],
    )
    assert.deepEqual(await linesOf(postern.logPath, /\b(?:warning|fatal|error|panic):/), [])
    const conclusion = /opendmarc\[\d+\]: \w+: (?:reject|quarantine|client|none)\.example (?:pass|fail|none)/
    assert.equal(await countLines(postern.logPath, conclusion), MESSAGES)
    if (isSlow) assert.ok(atEnd < settledAt + ROOM_BYTES, `${mb(settledAt)} grew to ${mb(atEnd)}`)
  })
})

function fail(): never {
  throw new Error('no kind of message')
}
