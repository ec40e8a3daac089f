/** Aggregate reports from the mail to the mailbox of who wants them, and back again; and nothing lost by kill -9. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readSource } from '../../src/bin/config_source.ts'
import { runHelperProcess } from '../../src/bin/helper_process.ts'
import type { Feedback } from '../../src/dmarc_report/feedback.ts'
import { formatRow, reportRow } from '../../src/dmarc_report/row.ts'
import { aggregateDay, dayOf } from '../../src/dmarc_report/run.ts'
import { DayLinesWriter } from '../../src/store/report/day_lines.ts'
import { makeEnvelope, makeVerdict } from '../support/dmarc_verdict.ts'
import { mailOwner } from '../support/dovecot.ts'
import { FixtureDns } from '../support/fixture_dns.ts'
import { waitForMail } from '../support/mailbox.ts'
import { messageOf } from '../support/messages.ts'
import { openDkimSkip, RealOpenDkim } from '../support/opendkim.ts'
import { freePort } from '../support/ports.ts'
import { runPostern } from '../support/postern_process.ts'
import { type PosternProgram, startPostern } from '../support/postern_program.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../support/real_postfix.ts'
import { makeRsaKey } from '../support/signed.ts'
import { SmtpClient } from '../support/smtp_client.ts'

const CLIENTS = ['127.0.61.1', '127.0.61.2']
const FORGER = '127.0.61.9'
const REPORT_FROM = 'dmarc@here.example'

const SIGNER = makeRsaKey()
const KEY_RECORD = `v=DKIM1; k=rsa; p=${SIGNER.base64}`

const ZONE = {
  'sender.example': { TXT: [`v=spf1 ip4:${CLIENTS[0]} ip4:${CLIENTS[1]} -all`], A: ['127.0.61.1'] },
  '_dmarc.sender.example': {
    TXT: [
      'v=DMARC1; p=reject; rua=mailto:rua@sender.example, mailto:rua@collector.example, mailto:rua@stranger.example',
    ],
  },
  'sender.example._report._dmarc.collector.example': { TXT: ['v=DMARC1; rua=mailto:all@collector.example'] },
  'collector.example': { A: ['127.0.0.1'] },
  'stranger.example': { A: ['127.0.0.1'] },
  'forged.example': { A: ['127.0.0.1'], TXT: ['v=spf1 -all'] },
  '_dmarc.forged.example': { TXT: ['v=DMARC1; p=reject; rua=mailto:rua@forged.example'] },
}

/** Sends `count` mails in one session; the last replies to their ends. */
async function send(
  postern: PosternProgram,
  client: string,
  about: { domain: string; count: number; sender?: string },
) {
  const smtp = new SmtpClient({ host: postern.host, port: postern.port, from: client })
  await smtp.read()
  await smtp.command('EHLO mx.sender.example')
  const replies: string[] = []
  for (let i = 0; i < about.count; i++) {
    await smtp.command(`MAIL FROM:<${about.sender ?? `news@${about.domain}`}>`)
    await smtp.command('RCPT TO:<you@here.example>')
    await smtp.command('DATA')
    smtp.write(`From: <news@${about.domain}>\r\nSubject: ${i}\r\n\r\nHello\r\n.\r\n`)
    replies.push((await smtp.read()).join('\n'))
  }
  await smtp.command('QUIT')
  smtp.destroy()
  return replies
}

/** A Postfix that puts everything for the three domains into Maildirs. */
async function startRelay(): Promise<RealPostfix & { readonly mailboxes: string; readonly relayDir: string }> {
  const relayDir = makeInstanceDir('pf-')
  const mailboxes = path.join(relayDir, 'mail')
  const { uid, gid } = mailOwner()
  fs.mkdirSync(mailboxes)
  fs.chownSync(mailboxes, uid, gid)
  fs.writeFileSync(
    path.join(relayDir, 'main.cf'),
    `compatibility_level = 3.6
myhostname = relay.here.example
mydestination =
inet_interfaces = 127.0.0.1
virtual_mailbox_domains = sender.example, collector.example, stranger.example, forged.example
virtual_mailbox_maps = inline:{rua@sender.example=sender/, all@collector.example=collector/, rua@stranger.example=stranger/}
virtual_mailbox_base = ${mailboxes}
virtual_mailbox_limit = 0
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${gid}
virtual_minimum_uid = 1
alias_maps =
`,
  )
  const port = await freePort()
  const postfix = await startPostfix({ dir: relayDir, port, dnsAddress: '127.0.0.1' })
  return { ...postfix, port, mailboxes, relayDir }
}

describe('T12.1 T12.2 T12.4 reports by way of a real Postfix', { skip: postfixUnavailable() ?? false }, () => {
  const dns = new FixtureDns({ records: ZONE })
  const dir = makeInstanceDir('reports-')
  let dnsPort = 0
  let relay: Awaited<ReturnType<typeof startRelay>>
  let postern: PosternProgram
  const overrides = (): readonly string[] => [
    `postern_dns_servers=127.0.0.1:${dnsPort}`,
    `postern_state_directory=${dir}/state`,
    `postern_dmarc_report_relay=smtp:[127.0.0.1]:${relay.port}`,
    `postern_log=file:${dir}/reports.log`,
  ]
  const dmarc = (...args: readonly string[]) =>
    runPostern(['dmarc', ...args, '--config', dir, ...overrides().flatMap(setting => ['-o', setting])])

  before(async () => {
    dnsPort = await dns.listen('127.0.0.1', 0)
    relay = await startRelay()
    fs.writeFileSync(path.join(dir, 'report.pem'), SIGNER.pem, { mode: 0o644 })
    fs.writeFileSync(
      path.join(dir, 'main.cf'),
      `compatibility_level = 3.6
myhostname = mx.here.example
mydestination = here.example
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.1/32
smtpd_end_of_data_restrictions = check_dmarc
postern_next_hop = maildir:${dir}/box
postern_dmarc_report_from = ${REPORT_FROM}
postern_dmarc_report_dkim_domain = here.example
postern_dmarc_report_dkim_selector = reports
postern_dmarc_report_dkim_key_file = ${dir}/report.pem
postern_dmarc_reject_failures = yes
postern_dmarc_ignore_hosts = 127.0.0.1
`,
    )
    postern = await startPostern({ dir, dns: `127.0.0.1:${dnsPort}`, workers: 2 })
  })
  after(async () => {
    await postern?.stop()
    await relay?.stop()
    dns.close()
    for (const each of [dir, relay?.relayDir]) if (each !== undefined) fs.rmSync(each, { recursive: true, force: true })
  })

  test('100 mails from 2 addresses are collected by 2 workers; forged ones are refused and collected', async () => {
    const replies = await Promise.all([
      send(postern, CLIENTS[0] ?? '', { domain: 'sender.example', count: 20 }),
      send(postern, CLIENTS[0] ?? '', { domain: 'sender.example', count: 20 }),
      send(postern, CLIENTS[1] ?? '', { domain: 'sender.example', count: 60 }),
      send(postern, FORGER, { domain: 'forged.example', count: 3 }),
      // Ours, and answers to ours, are not reported: that would never end.
      send(postern, CLIENTS[0] ?? '', { domain: 'sender.example', count: 2, sender: REPORT_FROM }),
    ])
    assert.ok(
      replies.slice(0, 3).every(each => each.every(reply => reply.startsWith('250 '))),
      replies.join('\n'),
    )
    assert.ok(
      replies[3]?.every(reply => reply === '550 5.7.1 rejected by DMARC policy for forged.example'),
      replies[3]?.join('\n'),
    )
    const shown = await dmarc('show', '--json')
    assert.equal(shown.code, 0, shown.stderr)
    const { domains, damaged } = JSON.parse(shown.stdout)
    assert.equal(damaged, 0)
    assert.deepEqual(
      domains.map((each: { policy: { domain: string }; messages: number }) => [each.policy.domain, each.messages]),
      [
        ['forged.example', 3],
        ['sender.example', 100],
      ],
    )
    const detail = await dmarc('show', 'sender.example')
    assert.match(
      detail.stdout,
      /^40 +127\.0\.61\.1 +pass +fail +pass +sender\.example +sender\.example +spf=pass:sender\.example/m,
    )
  })

  test('a dry run tells who would get what, and sends nothing', async () => {
    const { stdout, code } = await dmarc('send', '--dry-run', '--date', dayOf(Date.now()))
    assert.equal(code, 0)
    assert.match(
      stdout,
      /sender\.example \d{4}-\d\d-\d\d: 100 messages, 2 records, here\.example!sender\.example!\d+!\d+\.xml\.gz/,
    )
    assert.match(stdout, /mailto:rua@collector\.example: to all@collector\.example/)
    assert.match(
      stdout,
      /mailto:rua@stranger\.example: there is no DMARC record at sender\.example\._report\._dmarc\.stranger\.example/,
    )
    assert.equal(fs.existsSync(path.join(dir, 'state/dmarc/outbox')), false)
  })

  test('reports go to the domain and to whom it may send them, and are read again', async () => {
    const sent = await dmarc('send', '--json', '--date', dayOf(Date.now()))
    const result = JSON.parse(sent.stdout)
    // Postfix knows no rua@forged.example.
    assert.deepEqual([result.made, result.sent, result.deferred, result.dropped], [2, 2, 0, 2], sent.stderr)
    assert.equal(sent.code, 1)
    assert.match(sent.stderr, /rua@forged\.example: not sent: 550 5\.1\.1 /)
    await waitForMail(relay.mailboxes, 2)
    assert.deepEqual(fs.readdirSync(relay.mailboxes).sort(), ['collector', 'sender'])
    const folder = path.join(relay.mailboxes, 'sender/new')
    const read = await dmarc('read', '--json', ...fs.readdirSync(folder).map(name => path.join(folder, name)))
    assert.equal(read.code, 0, read.stderr)
    // What `read --json` prints.
    const [{ report }] = JSON.parse(read.stdout) as [{ report: Feedback }]
    assert.equal(report.policy.domain, 'sender.example')
    assert.deepEqual(
      report.records.map(({ sourceIp, count, disposition, spf }) => [sourceIp, count, disposition, spf]).sort(),
      [
        [CLIENTS[0], 40, 'pass', 'pass'],
        [CLIENTS[1], 60, 'pass', 'pass'],
      ],
    )
    const table = await dmarc('read', ...fs.readdirSync(folder).map(name => path.join(folder, name)))
    assert.match(table.stdout, /^60 +127\.0\.61\.2 +pass/m)
  })

  test('T12.2 they are signed, so that a real OpenDKIM finds them good and aligned, and not when a byte is changed', {
    skip: openDkimSkip(),
  }, async t => {
    const verifier = await RealOpenDkim.verifier({ 'reports._domainkey.here.example': KEY_RECORD })
    t.after(() => verifier.stop())
    const folder = path.join(relay.mailboxes, 'sender/new')
    const [name = ''] = fs.readdirSync(folder)
    const text = fs.readFileSync(path.join(folder, name), 'latin1')
    assert.match(text, /^From: <dmarc@here\.example>$/m)
    const changed = [
      text,
      text.replace('This is a DMARC', 'This is no DMARC'),
      text.replace('Submitter:', 'Submitted:'),
    ]
    const judged = await verifier.judge(changed.map(messageOf))
    const results = judged.map(fields => /\bdkim=(\w+)/.exec(fields.join('\n'))?.[1])
    assert.deepEqual(results, ['pass', 'fail', 'fail'])
    assert.match(judged[0]?.join('') ?? '', /header\.d=here\.example\b/)
  })

  test('T12.3 the process of the nightly run sends what is due and says so in the log', async () => {
    const state = path.join(dir, 'state/dmarc')
    const [file = ''] = fs.readdirSync(state).filter(name => name.endsWith('.lines'))
    const yesterday = dayOf(Date.now() - 86_400_000)
    fs.copyFileSync(path.join(state, file), path.join(state, file.replace(/^[\d-]+/, yesterday)))
    const read = readSource(dir, overrides())
    assert.ok(read.ok)
    assert.equal(await runHelperProcess('dmarc_process', { source: read.source, settleMs: 0 }), null)
    const log = fs.readFileSync(path.join(dir, 'reports.log'), 'utf8')
    assert.match(
      log,
      new RegExp(
        `postern/dmarc\\[\\d+\\]: report about sender\\.example of ${yesterday} to <rua@sender\\.example>: sent \\(250 `,
      ),
    )
    assert.match(
      log,
      new RegExp(`\\d reports made about ${yesterday}; 2 mails sent, 0 deferred, \\d destinations dropped`),
    )
    await waitForMail(relay.mailboxes, 4)
    // Nothing is left to do.
    assert.deepEqual(fs.readdirSync(path.join(state, 'outbox')), [])
    assert.deepEqual(fs.readdirSync(path.join(state, 'made')), [`${yesterday}.json`])
  })
})

describe('T12.1 behind the milter of a real Postfix', { skip: postfixUnavailable() ?? false }, () => {
  test('verdicts are collected as in the gateway', async t => {
    const dns = new FixtureDns({ records: ZONE })
    t.after(() => dns.close())
    const dnsPort = await dns.listen('127.0.0.1', 0)
    const dir = makeInstanceDir('reports-')
    const front = makeInstanceDir('pf-')
    t.after(() => {
      for (const each of [dir, front]) fs.rmSync(each, { recursive: true, force: true })
    })
    const milterPort = await freePort()
    fs.writeFileSync(
      path.join(dir, 'main.cf'),
      `compatibility_level = 3.6
myhostname = mx.here.example
postern_dmarc_report_from = ${REPORT_FROM}
postern_dmarc_ignore_hosts = 127.0.0.1
`,
    )
    fs.writeFileSync(
      path.join(front, 'main.cf'),
      `compatibility_level = 3.6
myhostname = mx.here.example
mydestination = here.example
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
local_transport = discard:
smtpd_milters = inet:127.0.0.1:${milterPort}
milter_default_action = tempfail
`,
    )
    const listen = [`postern_milter_listen=inet:127.0.0.1:${milterPort}`]
    const postern = await startPostern({ dir, dns: `127.0.0.1:${dnsPort}`, workers: 1, overrides: listen })
    t.after(() => postern.stop())
    const port = await freePort()
    const postfix = await startPostfix({ dir: front, port, dnsAddress: '127.0.0.1' })
    t.after(() => postfix.stop())
    const at = { ...postern, port }
    const good = await send(at, CLIENTS[0] ?? '', { domain: 'sender.example', count: 5 })
    assert.ok(
      good.every(reply => reply.startsWith('250 ')),
      good.join('\n'),
    )
    const forged = await send(at, FORGER, { domain: 'forged.example', count: 2 })
    assert.ok(
      forged.every(reply => reply.startsWith('550 5.7.1 ')),
      forged.join('\n'),
    )
    const shown = await runPostern(['dmarc', 'show', '-c', dir, '-o', `postern_state_directory=${dir}/state`])
    assert.match(shown.stdout, /^forged\.example +p=reject +2 +0 +0 +0 +2 /m)
    assert.match(shown.stdout, /^sender\.example +p=reject +5 +5 +0 +0 /m)
  })
})

describe('T12.3 without a sender address', () => {
  test('send says that reports are off', async () => {
    const dir = fs.mkdtempSync(path.join(tmpdir(), 'postern-off-'))
    fs.writeFileSync(path.join(dir, 'main.cf'), `postern_state_directory = ${dir}/state\n`)
    const { code, stderr } = await runPostern(['dmarc', 'send', '--config', dir])
    assert.deepEqual([code, /reports are off/.test(stderr)], [1, true], stderr)
    fs.rmSync(dir, { recursive: true })
  })
})

describe('kill -9 while rows are collected', () => {
  const KILLS = 20
  const DAY = '2026-11-24'

  test(`${KILLS} times loses nothing that was written, and damages one row at most each time`, async () => {
    const directory = fs.mkdtempSync(path.join(tmpdir(), 'postern-rows-'))
    let acknowledged = 0
    for (let i = 0; i < KILLS; i++) {
      const program = path.join(import.meta.dirname, '../support/row_writer.ts')
      const child = spawn(process.execPath, [program, directory, DAY, `k${i}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      child.stdout.on('data', chunk => (said += String(chunk)))
      while (said.split('\n').length < 3 + i * 4) await once(child.stdout, 'data')
      child.kill('SIGKILL')
      await once(child, 'close')
      acknowledged += Number(said.split('\n').at(-2))
    }
    const { reports, damaged } = await aggregateDay(directory, DAY)
    const messages = reports.reduce((sum, report) => sum + report.messages, 0)
    assert.ok(acknowledged > KILLS * 50)
    assert.ok(messages >= acknowledged, `${messages} of ${acknowledged} rows`)
    assert.ok(damaged <= KILLS, `${damaged} damaged`)
    fs.rmSync(directory, { recursive: true })
  })
})

const canMount = process.geteuid?.() === 0 ? false : 'only root can mount a small file system'

describe('rows on a disk that is really full', { skip: canMount }, () => {
  test('are told once, kept, and written when there is room', async () => {
    const mount = fs.mkdtempSync(path.join(tmpdir(), 'postern-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount])
    const told: unknown[] = []
    const writer = new DayLinesWriter({ directory: mount, pid: 1, onTrouble: (...what) => told.push(what) })
    try {
      const filler = path.join(mount, 'filler')
      fs.writeFileSync(filler, Buffer.alloc(16_384))
      const text = formatRow(reportRow(makeVerdict(), makeEnvelope(), 1) ?? assert.fail())
      for (let i = 0; i < 200; i++) {
        writer.add('2026-11-24', text)
        await new Promise(setImmediate)
      }
      assert.deepEqual(told, [['No space left on device', 0]])
      execFileSync('mount', ['-o', 'remount,size=1m', mount])
      writer.add('2026-11-24', text)
      await new Promise(setImmediate)
      assert.deepEqual(told.slice(1), [[null, 0]])
      const { reports, damaged } = await aggregateDay(mount, '2026-11-24')
      assert.equal(reports[0]?.messages, 201)
      // One write was cut off in the middle.
      assert.ok(damaged <= 1, `${damaged}`)
    } finally {
      writer.close()
      execFileSync('umount', [mount])
      fs.rmdirSync(mount)
    }
  })
})
