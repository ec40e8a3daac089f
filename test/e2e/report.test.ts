/** The morning report beside the real pflogsumm, about the log of a real Postfix, and by mail through a real Postfix. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { mailOwner } from '../support/dovecot.ts'
import { FixtureDns } from '../support/fixture_dns.ts'
import { readMailboxes, waitForMail } from '../support/mailbox.ts'
import { freePort } from '../support/ports.ts'
import { type PosternProgram, startPostern, waitFor } from '../support/postern_program.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../support/real_postfix.ts'
import { SmtpClient } from '../support/smtp_client.ts'

const POSTERN = path.join(import.meta.dirname, '../../bin/postern')
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function unavailable(): string | false {
  if (spawnSync('pflogsumm', ['--version']).status !== 0) return 'no pflogsumm is installed'
  return postfixUnavailable() ?? false
}

interface Ran {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

function run(program: string, args: readonly string[], input?: Buffer): Ran {
  const { status, stdout, stderr } = spawnSync(program, args, {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
    // As cron runs it.
    env: { ...process.env, LC_ALL: 'C' },
    ...(input === undefined ? {} : { input }),
  })
  return { status, out: stdout.toString('latin1'), err: stderr.toString() }
}

/** `postern report` prints what pflogsumm prints. */
function assertSame(args: readonly string[]): string {
  const theirs = run('pflogsumm', args)
  const ours = run(POSTERN, ['report', ...args])
  assert.equal(ours.out, theirs.out, `${args.join(' ')}\n${ours.err}`)
  assert.equal(ours.status, 0, ours.err)
  return ours.out
}

/** "Nov 24", as syslog writes it. */
function syslogDay(date: Date): string {
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)}`
}

function daysBefore(date: Date, days: number): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - days, 12)
}

/** How long ago the day was that the report of the last four o'clock is about. */
function dueDays(): number {
  return new Date().getHours() >= 4 ? 1 : 2
}

/** A session that hands in or is refused. */
async function session(port: number, lines: readonly string[]): Promise<void> {
  const smtp = new SmtpClient({ host: '127.0.0.1', port, from: '127.0.0.1' })
  await smtp.read()
  for (const line of ['EHLO client.example', ...lines]) {
    if (line.startsWith('Subject:')) smtp.write(`${line}\r\n\r\nHello\r\n.\r\n`)
    else smtp.write(`${line}\r\n`)
    await smtp.read()
  }
  smtp.write('QUIT\r\n')
  smtp.destroy()
}

function mail(from: string, ...to: readonly string[]): readonly string[] {
  return [`MAIL FROM:<${from}>`, ...to.map(each => `RCPT TO:<${each}>`), 'DATA', 'Subject: hello']
}

/** A Postfix with mailboxes for here.example, that refuses and defers some, and cannot reach far.example. */
async function startMailHost(): Promise<RealPostfix & { readonly mailboxes: string }> {
  const dir = makeInstanceDir('report-')
  const mailboxes = path.join(dir, 'mail')
  const { uid, gid } = mailOwner()
  fs.mkdirSync(mailboxes)
  fs.chownSync(mailboxes, uid, gid)
  fs.writeFileSync(
    path.join(dir, 'main.cf'),
    `compatibility_level = 3.6
myhostname = mail.here.example
mydestination =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
relay_domains = far.example
relay_transport = smtp:[127.0.0.1]:9
virtual_mailbox_domains = here.example
virtual_mailbox_maps = inline:{you@here.example=you/, she@here.example=she/}
virtual_mailbox_base = ${mailboxes}
virtual_mailbox_limit = 0
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${gid}
virtual_minimum_uid = 1
alias_maps =
smtpd_sender_restrictions = check_sender_access inline:{{spam.example=REJECT we know you}, {grey.example=450 4.2.0 Greylisted, come again}}
smtpd_recipient_restrictions = permit_mynetworks, reject
`,
  )
  const postfix = await startPostfix({ dir, port: await freePort(), dnsAddress: '127.0.0.1' })
  return { ...postfix, mailboxes }
}

describe('the report of the log of a real Postfix', { skip: unavailable() }, () => {
  let host: Awaited<ReturnType<typeof startMailHost>>
  let dir = ''
  /** What happened, today and the two days before. */
  let log = ''
  const now = new Date()

  before(async () => {
    host = await startMailHost()
    dir = host.dir
    await session(host.port, mail('a@news.example', 'you@here.example', 'she@here.example'))
    await session(host.port, mail('List-12-x=y.example@News.example', 'you@here.example'))
    await session(host.port, mail('b@spam.example', 'you@here.example'))
    await session(host.port, mail('c@grey.example', 'you@here.example'))
    await session(host.port, mail('d@news.example', 'nobody@here.example'))
    await session(host.port, mail('e@news.example', 'far@far.example'))
    await session(host.port, ['MAIL FROM:<f@news.example>', 'NONSENSE', 'RSET'])
    await waitForMail(host.mailboxes, 3)
    await waitFor(
      () => (fs.readFileSync(host.logPath, 'latin1').includes('status=deferred') ? true : undefined),
      'the mail that cannot go on',
    )
    const text = fs.readFileSync(host.logPath, 'latin1')
    // Postfix wrote today's date, or both if midnight passed meanwhile.
    const dated = (days: number): string => text.replace(/^\w{3} [ \d]\d/gm, syslogDay(daysBefore(now, days)))
    log = path.join(dir, 'mail.log')
    fs.writeFileSync(log, dated(2) + dated(1) + dated(0).split('\n').slice(0, 20).join('\n') + '\n', 'latin1')
  })
  after(async () => {
    await host?.stop()
    if (dir !== '') fs.rmSync(dir, { recursive: true, force: true })
  })

  test("G24 today's, yesterday's or all of it", () => {
    assert.match(assertSame(['-d', 'today', log]), new RegExp(`^Postfix log summaries for ${syslogDay(now)}\n`))
    const yesterday = assertSame(['-d', 'yesterday', log])
    assert.match(yesterday, /^ +\d+ {3}received$/m)
    const all = assertSame([log])
    assert.ok(all.length > yesterday.length)
    assert.match(all, /Per-Day Traffic Summary/)
  })

  test("G24 the guide's own word, and dates of newer versions", () => {
    const yesterday = run(POSTERN, ['report', '-d', 'yesterday', log]).out
    assert.equal(run(POSTERN, ['report', '-d', 'gestern', log]).out, yesterday)
    const day = daysBefore(now, 1)
    const iso = `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`
    assert.equal(run(POSTERN, ['report', '-d', iso, log]).out, yesterday)
    const bad = run(POSTERN, ['report', '-d', 'yesterdy', log])
    assert.deepEqual([bad.status, bad.out], [2, ''])
    assert.match(bad.err, /^postern report: cannot use "yesterdy" as a date: did you mean "yesterday"\?$/m)
  })

  const options = [
    '--problems-first',
    '--rej-add-from',
    '--verbose-msg-detail',
    '-q',
    '-d yesterday --problems-first --rej-add-from --verbose-msg-detail -q',
    '--detail 0',
    '--detail 1 -h 0',
    '-u 1 --reject-detail=0',
    '-e -i',
    '--smtpd-stats --zero-fill',
    '--iso-date-time --no-no-msg-size',
    '--verp-mung=2 -m',
    '--syslog-name=postfix-out',
  ]
  for (const line of options)
    test(`G25 ${line}`, () => {
      assertSame([...line.split(' '), log])
    })

  test('G27 the reject detail tells the reasons, and the insights who may have been wronged', () => {
    const text = assertSame([log])
    assert.match(text, /^message reject detail\n-+\n {2}RCPT\n/m)
    assert.match(text, /^ {4}Sender address rejected: we know you \(total: \d+\)$/m)
    const { status, out, err } = run(POSTERN, ['report', '--json', log])
    assert.equal(status, 0, err)
    assert.doesNotThrow(() => JSON.parse(Buffer.from(out, 'latin1').toString('utf8')))
    const insights = run(POSTERN, ['report', '--insights', log]).out
    assert.ok(insights.startsWith(text) && insights.length > text.length + 100)
    const figures = run(POSTERN, ['report', '--format', 'prometheus', log]).out
    assert.match(figures, /^postern_\w+(?:\{[^}]*\})? \d+$/m)
    const page = run(POSTERN, ['report', '--format', 'html', '--language', 'de', log])
    assert.match(page.out, /^<!doctype html>/i)
    assert.match(page.out, /<html[^>]* lang="?de/)
    assert.match(page.out, /we know you/)
  })

  test('T18.1 the same log in other forms gives the same report', () => {
    const expected = run(POSTERN, ['report', log]).out
    const lines = fs
      .readFileSync(log, 'latin1')
      .split('\n')
      .filter(line => line !== '')
    const parts = lines.map(line => {
      const [, month = '', day = '', time = '', at = '', program = '', pid, message = ''] =
        /^(\w{3}) ([ \d]\d) ([\d:]{8}) (\S+) ([^[: ]+)(?:\[(\d+)\])?: (.*)$/.exec(line) ?? []
      const date = new Date(now.getFullYear(), MONTHS.indexOf(month), Number(day))
      const year = date > now ? now.getFullYear() - 1 : now.getFullYear()
      const iso = `${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}-${day.replace(' ', '0')}T${time}`
      return { iso, at, program, pid, message }
    })
    const tag = (pid: string | undefined): string => (pid === undefined ? '' : `[${pid}]`)
    const rfc3339 = parts.map(
      ({ iso, at, program, pid, message }) => `${iso}.123456+01:00 ${at} ${program}${tag(pid)}: ${message}`,
    )
    const journal = parts.map(({ iso, at, program, pid, message }) =>
      JSON.stringify({
        __REALTIME_TIMESTAMP: String(new Date(iso).getTime() * 1000),
        ...{ _HOSTNAME: at, SYSLOG_IDENTIFIER: program, MESSAGE: message },
        ...(pid === undefined ? {} : { _PID: pid, SYSLOG_PID: pid }),
      }),
    )
    const forms = {
      'mail.rfc3339': `${rfc3339.join('\n')}\n`,
      'mail.json': `${journal.join('\n')}\n`,
    }
    for (const [name, text] of Object.entries(forms)) {
      fs.writeFileSync(path.join(dir, name), text, 'latin1')
      const { out, err } = run(POSTERN, ['report', path.join(dir, name)])
      assert.equal(out, expected, `${name} ${err}`)
    }
    fs.writeFileSync(path.join(dir, 'mail.log.2.gz'), gzipSync(fs.readFileSync(log)))
    assert.equal(run(POSTERN, ['report', path.join(dir, 'mail.log.2.gz')]).out, expected)
    assert.equal(run(POSTERN, ['report', '-'], fs.readFileSync(log)).out, expected)
    assert.equal(run(POSTERN, ['report'], gzipSync(fs.readFileSync(log))).out, expected)
    for (const [program, suffix] of [
      ['xz', 'xz'],
      ['zstd', 'zst'],
    ] as const) {
      if (spawnSync(program, ['--version']).status !== 0) continue
      fs.writeFileSync(path.join(dir, `log.${suffix}`), spawnSync(program, ['-c', log], { maxBuffer: 1 << 28 }).stdout)
      assert.equal(run(POSTERN, ['report', path.join(dir, `log.${suffix}`)]).out, expected, suffix)
    }
  })

  test('a log that is not there is told, and the others are read', () => {
    const alone = run(POSTERN, ['report', path.join(dir, 'nothing')])
    assert.deepEqual([alone.status, alone.out], [1, ''])
    assert.match(alone.err, /^postern report: cannot read .*\/nothing: [^\n]+\n$/)
    const both = run(POSTERN, ['report', path.join(dir, 'nothing'), log])
    assert.deepEqual([both.status, both.out], [1, run(POSTERN, ['report', log]).out])
  })
})

describe('G26 the report by mail through a real Postfix', { skip: unavailable() }, () => {
  const dns = new FixtureDns({ records: {} })
  const dir = makeInstanceDir('morning-')
  const state = path.join(dir, 'state')
  const instances: PosternProgram[] = []
  let host: Awaited<ReturnType<typeof startMailHost>>
  let dnsPort = 0

  before(async () => {
    dnsPort = await dns.listen('127.0.0.1', 0)
    host = await startMailHost()
    const yesterday = syslogDay(daysBefore(new Date(), dueDays()))
    const line = (text: string): string => `${yesterday} 10:00:00 mx postfix/smtpd[1]: ${text}\n`
    fs.writeFileSync(
      path.join(dir, 'mail.log'),
      line('connect from unknown[192.0.2.7]') +
        line(
          'NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.7]; from=<a@b.example> to=<you@here.example> proto=ESMTP helo=<x>',
        ),
    )
    fs.writeFileSync(
      path.join(dir, 'main.cf'),
      `compatibility_level = 3.6
myhostname = mx.here.example
mydestination = here.example
alias_maps =
local_recipient_maps =
postern_next_hop = discard:
postern_report_relay = smtp:[127.0.0.1]:${host.port}
postern_report_to = you@here.example, she@here.example
postern_report_schedule = 0 4 * * *
postern_report_subject = Bericht für %d
postern_report_log = ${dir}/mail.log
`,
    )
  })
  after(async () => {
    for (const instance of instances) await instance.stop()
    await host?.stop()
    dns.close()
    for (const each of [dir, host?.dir]) if (each !== undefined) fs.rmSync(each, { recursive: true, force: true })
  })

  const start = async (): Promise<PosternProgram> => {
    const postern = await startPostern({
      ...{ dir, dns: `127.0.0.1:${dnsPort}`, workers: 2 },
      overrides: [`postern_state_directory=${state}`],
    })
    instances.push(postern)
    return postern
  }

  test('two gateways that share a state directory begin after the time: one mail each for two people', async () => {
    // As if both had been off since the day before yesterday.
    fs.mkdirSync(path.join(state, 'report'), { recursive: true })
    const served = { plan: '0 4 * * *', ms: Date.now() - 3 * 86_400_000 }
    fs.writeFileSync(path.join(state, 'report', 'served.json'), JSON.stringify(served))
    await Promise.all([start(), start()])
    const mails = await waitForMail(host.mailboxes, 2)
    const [first = ''] = mails
    assert.match(first, /^To: <you@here\.example>,\n {4}<she@here\.example>$/m)
    assert.match(first, /^From: Postern <postern@mx\.here\.example>$/m)
    const subject = /^Subject: =\?utf-8\?B\?(.+)\?=$/m.exec(first)?.[1] ?? ''
    assert.equal(
      Buffer.from(subject, 'base64').toString(),
      `Bericht für ${syslogDay(daysBefore(new Date(), dueDays()))}`,
    )
    assert.match(first, /^Grand Totals$/m)
    assert.match(first, /^message reject detail$/m)
    assert.equal(new Set(mails.map(each => /^Message-ID: (.+)$/m.exec(each)?.[1])).size, 1)
  })

  test('nothing is sent again, by those that run nor by another one', async () => {
    await instances.pop()?.stop()
    await start()
    // Longer than it takes to make one.
    await new Promise(resolve => setTimeout(resolve, 3000))
    assert.equal(readMailboxes(host.mailboxes).length, 2)
    assert.deepEqual(fs.readdirSync(path.join(state, 'report/outbox')), [])
  })

  test('postern report --mail-to sends it now', async () => {
    const args = [
      'report',
      '-c',
      dir,
      '-d',
      'yesterday',
      '--mail-to',
      'you@here.example',
      '--subject',
      'Postfix log summary',
    ]
    const sent = run(POSTERN, [...args, '-o', `postern_dns_servers=127.0.0.1:${dnsPort}`, path.join(dir, 'mail.log')])
    assert.deepEqual([sent.status, sent.out, sent.err], [0, '', ''])
    const mails = await waitForMail(host.mailboxes, 3)
    assert.ok(mails.some(each => /^Subject: Postfix log summary$/m.test(each)))
    const refused = run(POSTERN, [
      ...args.slice(0, 6),
      'nobody@here.example',
      '-o',
      `postern_dns_servers=127.0.0.1:${dnsPort}`,
      path.join(dir, 'mail.log'),
    ])
    assert.equal(refused.status, 1, refused.err)
    assert.match(refused.err, /^postern report: report to <nobody@here\.example>: refused \(550 5\.1\.1 /)
  })
})
