/** Mail goes through `bin/postern serve` to a real Postfix, a Maildir and a real Dovecot; nothing changes but for added headers. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type DovecotLmtp, dovecotUnavailable, mailOwner, startDovecotLmtp } from '../support/dovecot.ts'
import { FixtureDns } from '../support/fixture_dns.ts'
import { readMailboxes, waitForMail } from '../support/mailbox.ts'
import { freePort } from '../support/ports.ts'
import { type PosternProgram, startPostern } from '../support/postern_program.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../support/real_postfix.ts'
import { SmtpClient } from '../support/smtp_client.ts'

/** Everything that a careless relay spoils: dots, 8-bit octets, long lines, blanks at the end, an empty line at the end. */
const TRICKY = [
  // Without these two the Postfix behind would add them, as it does for mail of its own host.
  'Date: Tue, 24 Nov 2026 10:00:00 +0000',
  'Message-ID: <1@good.example>',
  'From: a@good.example',
  'To: you@example.org',
  'Subject: =?utf-8?q?T=C3=A4st?=',
  'X-Folded: one',
  '\ttwo',
  '',
  '.',
  '..',
  '.leading dot',
  'Umlaute: \xc3\xa4\xc3\xb6\xc3\xbc \xe4\xff\x80',
  'x'.repeat(900),
  'blanks at the end   ',
  '\ttab',
  'From the beginning of a line',
  '',
  '',
]
const BIG_BYTES = 25_000_000
const swaks = spawnSync('swaks', ['--version']).status === 0 ? null : 'no swaks is installed'
const smtpSource = spawnSync('which', ['smtp-source']).status === 0 ? null : 'no smtp-source is installed'

interface Hop {
  /** postern_next_hop */
  readonly nextHop: string
  /** Where the mail must come to lie. */
  readonly mailboxes: string
  stop(): Promise<void>
}

const HOPS: readonly { readonly name: string; readonly skip: string | null; start(): Promise<Hop> }[] = [
  { name: 'a real Postfix', skip: postfixUnavailable(), start: startPostfixHop },
  { name: 'a Maildir', skip: null, start: startMaildirHop },
  { name: 'a real Dovecot', skip: dovecotUnavailable(), start: startDovecotHop },
]

for (const kind of HOPS) {
  describe(`delivery to ${kind.name}`, { skip: kind.skip ?? false }, () => {
    let hop: Hop
    let postern: Running
    before(async () => {
      hop = await kind.start()
      postern = await startGateway(hop.nextHop)
    })
    after(async () => {
      await postern?.stop()
      await hop?.stop()
    })

    test('octets arrive unchanged but for added headers', async () => {
      const seen = readMailboxes(hop.mailboxes).length
      await send(postern, TRICKY.join('\r\n'))
      const mail = newest(await waitForMail(hop.mailboxes, seen + 1), 'X-Folded: one')
      assertCarried(mail, TRICKY.join('\n'))
    })

    test('a message of 25 MB', async () => {
      const seen = readMailboxes(hop.mailboxes).length
      const line = '0123456789abcdefghijklmnopqrstuvwxyz.,;:-_#+*~'.repeat(2)
      const body = Array.from({ length: Math.ceil(BIG_BYTES / (line.length + 8)) }, (_, i) => `${i} ${line}`)
      const content = [...TRICKY.slice(0, 3), 'Subject: big', '', ...body]
      await send(postern, content.join('\r\n'))
      const mail = newest(await waitForMail(hop.mailboxes, seen + 1), 'Subject: big')
      assertCarried(mail, content.join('\n'))
    })

    test('swaks', { skip: swaks ?? false }, async () => {
      const seen = readMailboxes(hop.mailboxes).length
      const args = [
        '--server',
        `127.0.0.1:${postern.port}`,
        '--from',
        'a@good.example',
        '--to',
        'you@example.org,other@example.org',
      ]
      const said = await run('swaks', [
        ...args,
        '--helo',
        'good.example',
        '--h-Subject',
        'from swaks',
        '--body',
        'line one\n.dot',
      ])
      assert.match(said, /<-\s+250 2\.0\.0 /)
      const mails = await waitForMail(hop.mailboxes, seen + (kind.name === 'a Maildir' ? 1 : 2))
      assert.match(newest(mails, 'from swaks'), /\nline one\n\.dot\n/)
    })

    test('many at once with smtp-source', { skip: smtpSource ?? false }, async () => {
      const seen = readMailboxes(hop.mailboxes).length
      const args = ['-s', '20', '-m', '200', '-l', '4000', '-f', 'a@good.example', '-t', 'you@example.org']
      await run('smtp-source', [...args, `inet:127.0.0.1:${postern.port}`])
      const mails = await waitForMail(hop.mailboxes, seen + 200)
      assert.equal(mails.length, seen + 200)
    })
  })
}

interface Running extends PosternProgram {
  readonly dir: string
}

async function startGateway(nextHop: string): Promise<Running> {
  const dir = makeInstanceDir('postern-')
  const dns = new FixtureDns({ records: { 'good.example': { A: ['192.0.2.1'] } } })
  const dnsPort = await dns.listen('127.0.0.1', 0)
  fs.writeFileSync(
    path.join(dir, 'main.cf'),
    `compatibility_level = 3.6
myhostname = mail.example.org
mydestination = example.org
local_recipient_maps =
message_size_limit = 0
smtpd_sender_restrictions = reject_unknown_sender_domain
postern_next_hop = ${nextHop}
`,
  )
  const postern = await startPostern({ dir, dns: `127.0.0.1:${dnsPort}`, workers: 2 }).catch((error: unknown) => {
    dns.close()
    throw error
  })
  return {
    ...postern,
    dir,
    async stop() {
      await postern.stop()
      dns.close()
      fs.rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function startPostfixHop(): Promise<Hop> {
  const dir = makeInstanceDir('pf-')
  const mailboxes = path.join(dir, 'mail')
  const { uid, gid } = mailOwner()
  fs.mkdirSync(mailboxes)
  fs.chownSync(mailboxes, uid, gid)
  fs.writeFileSync(
    path.join(dir, 'main.cf'),
    `compatibility_level = 3.6
myhostname = inner.example.org
mydestination =
inet_interfaces = 127.0.0.1
virtual_mailbox_domains = example.org
virtual_mailbox_maps = inline:{you@example.org=you/, other@example.org=other/}
virtual_mailbox_base = ${mailboxes}
virtual_mailbox_limit = 0
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${gid}
virtual_minimum_uid = 1
message_size_limit = 0
alias_maps =
`,
  )
  const port = await freePort()
  const postfix: RealPostfix = await startPostfix({ dir, port, dnsAddress: '127.0.0.1' })
  return {
    nextHop: `smtp:[127.0.0.1]:${port}`,
    mailboxes,
    async stop() {
      await postfix.stop()
      fs.rmSync(dir, { recursive: true, force: true })
    },
  }
}

function startMaildirHop(): Promise<Hop> {
  const dir = makeInstanceDir('maildir-')
  const stop = (): Promise<void> => Promise.resolve(fs.rmSync(dir, { recursive: true, force: true }))
  return Promise.resolve({ nextHop: `maildir:${dir}/box`, mailboxes: dir, stop })
}

async function startDovecotHop(): Promise<Hop> {
  const dovecot: DovecotLmtp = await startDovecotLmtp()
  return { nextHop: `lmtp:[127.0.0.1]:${dovecot.port}`, mailboxes: dovecot.maildirs, stop: () => dovecot.stop() }
}

/** Sends one message of latin1 characters (octets), dots stuffed. */
async function send(postern: PosternProgram, content: string): Promise<void> {
  const client = new SmtpClient({ host: postern.host, port: postern.port, from: '127.0.0.1' })
  await client.read()
  for (const line of ['EHLO good.example', 'MAIL FROM:<a@good.example> BODY=8BITMIME', 'RCPT TO:<you@example.org>']) {
    assert.match(await client.command(line), /^250/, line)
  }
  assert.match(await client.command('DATA'), /^354/)
  client.write(Buffer.from(content.replace(/^\./gm, '..') + '\r\n.\r\n', 'latin1'))
  const reply = (await client.read(120_000)).join('\n')
  await client.command('QUIT')
  client.destroy()
  assert.match(reply, /^250 2\.0\.0 /)
}

function newest(mails: readonly string[], mark: string): string {
  const mail = mails.find(text => text.includes(mark))
  assert.ok(mail !== undefined, `no message with "${mark}"`)
  return mail
}

/** The mail is `content` below some added header lines, the first of Postern's own being Received. */
function assertCarried(mail: string, content: string): void {
  assert.ok(
    mail.endsWith(content + '\n'),
    `octets changed:\n${mail.length < 9000 ? JSON.stringify(mail) : mail.length}`,
  )
  const added = mail.slice(0, -content.length - 1)
  assert.match(added, /^Received: from good\.example .*\n(?:\s.*\n)*\s*by mail\.example\.org /m)
  assert.match(added, /^(?:[\w-]+: .*\n(?:\s.*\n)*)+$/)
}

/** Runs a program; its output, or a failure that shows it. Not spawnSync: the name server lives in this process. */
function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, [...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += String(chunk)))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code =>
      code === 0 ? resolve(output) : reject(new Error(`${program} ended with ${code}:\n${output}`)),
    )
  })
}
