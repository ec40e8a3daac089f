import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { FixtureDns } from '../../src/dns/fixture_server.ts'
import { freePort } from '../support/ports.ts'
import { PosternProcess, runPostern } from '../support/postern_process.ts'
import { SmtpClient } from '../support/smtp_client.ts'

function connect(port: number): SmtpClient {
  return new SmtpClient({ host: '127.0.0.1', port, from: '127.0.0.1' })
}

async function say(client: SmtpClient, line: string): Promise<string> {
  client.write(`${line}\r\n`)
  return (await client.read()).at(-1) ?? ''
}

/** One whole mail; true when it was accepted. */
async function sendMail(port: number): Promise<boolean> {
  const client = connect(port)
  const replies = [(await client.read()).at(-1) ?? '']
  for (const line of [
    'EHLO c.example',
    'MAIL FROM:<a@b.example>',
    'RCPT TO:<you@example.com>',
    'DATA',
    'Subject: x\r\n\r\nx\r\n.',
    'QUIT',
  ]) {
    replies.push(await say(client, line))
  }
  return replies.every(reply => /^[23]/.test(reply))
}

/** Sends mails one after the other until told to stop. */
function load(port: number): { stop(): Promise<{ readonly accepted: number; readonly failed: number }> } {
  let stopped = false
  const count = { accepted: 0, failed: 0 }
  const sender = async (): Promise<void> => {
    while (!stopped) count[(await sendMail(port)) ? 'accepted' : 'failed']++
  }
  const senders = Promise.all(Array.from({ length: 4 }, sender))
  return {
    async stop() {
      stopped = true
      await senders
      return count
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** A directory that every user may enter. */
function openDirectory(t: TestContext): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-open-'))
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }))
  fs.chmodSync(directory, 0o755)
  return directory
}

function asNobody(open: string, { port, workers }: { readonly port: number; readonly workers: number }): string {
  return `postern_smtp_listen = inet:127.0.0.1:${port}
postern_workers = ${workers}
postern_user = nobody
postern_state_directory = ${open}/state
`
}

describe('postern serve', () => {
  test('is ready within two seconds, and says where it is in the pid file', async t => {
    const port = await freePort()
    const began = performance.now()
    const postern = PosternProcess.start(t, `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 2\n`)
    await postern.ready()
    const took = performance.now() - began
    assert.ok(took < 2000 || process.env['CI'] !== undefined, `ready after ${took} ms`)
    assert.equal(fs.readFileSync(path.join(postern.directory, 'state/postern.pid'), 'utf8'), `${postern.child.pid}\n`)
    assert.equal(postern.workers().length, 2)
    assert.equal(await sendMail(port), true)
    assert.equal(postern.delivered(), 1)
  })

  test('SIGTERM at any moment of the start ends it', async t => {
    for (const ms of [300, 600, 900, 1100, 1300]) {
      const postern = PosternProcess.start(
        t,
        `postern_smtp_listen = inet:127.0.0.1:${await freePort()}\npostern_workers = 2\n`,
      )
      await pause(ms)
      postern.child.kill('SIGTERM')
      const { code, signal } = await postern.ended
      // Before it obeys signals the kernel ends it.
      assert.ok(code === 0 || signal === 'SIGTERM', `after ${ms} ms: ${code} ${signal} ${postern.stderr}`)
      assert.doesNotMatch(postern.stdout, /terminating.*ready/s)
    }
  })

  test('a worker that is killed under load is replaced, and the other sessions go on', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(t, `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 2\n`)
    await postern.ready()
    // One session on each worker: whichever is killed, the other's goes on.
    const held = [connect(port), connect(port)]
    for (const client of held) assert.match((await client.read())[0] ?? '', /^220 /)
    const mail = load(port)
    const [victim = 0] = postern.workers()
    process.kill(victim, 'SIGKILL')
    await postern.saw(
      'stdout',
      new RegExp(`master\\[\\d+\\]: warning: worker ${victim} ended \\(signal SIGKILL\\); starting another`),
    )
    await pause(1000)
    const { accepted, failed } = await mail.stop()
    assert.ok(accepted > 10, `${accepted} mails`)
    // Only what the dead worker had in hand: its share of four senders, and one connection on its way.
    assert.ok(failed <= 5, `${failed} of ${accepted + failed} failed`)
    const answers = await Promise.all(held.map(client => (client.closed ? 'gone' : say(client, 'NOOP'))))
    assert.deepEqual(answers.filter(answer => answer === '250 2.0.0 Ok').length, 1, answers.join(', '))
    const workers = postern.workers()
    assert.equal(workers.length, 2)
    assert.equal(workers.includes(victim), false)
  })

  test('when all workers are killed at once, the port stays open and the next mail is taken', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(t, `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 2\n`)
    await postern.ready()
    for (const worker of postern.workers()) process.kill(worker, 'SIGKILL')
    // At once: before anybody can have noticed, or while the successors start.
    assert.equal(await sendMail(port), true)
  })

  test('a connection that was on its way to a worker that died goes to its successor', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(t, `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 1\n`)
    await postern.ready()
    const [worker = 0] = postern.workers()
    process.kill(worker, 'SIGSTOP')
    const client = connect(port)
    await pause(200)
    process.kill(worker, 'SIGKILL')
    assert.deepEqual(await client.read(), ['220 mx.example.com ESMTP Postfix'])
    assert.equal(await say(client, 'QUIT'), '221 2.0.0 Bye')
  })

  test('G11 a reload under load takes effect and loses no connection', async t => {
    const port = await freePort()
    const base = `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 2\n`
    const postern = PosternProcess.start(t, base)
    await postern.ready()
    const old = connect(port)
    await old.read()
    const mail = load(port)
    for (const banner of ['first', 'second', 'third']) {
      postern.writeMainCf(`${base}smtpd_banner = $myhostname ${banner}\n`)
      const reload = await runPostern(['reload', '-c', postern.directory])
      assert.deepEqual([reload.code, reload.stderr], [0, ''])
      const fresh = connect(port)
      assert.deepEqual(await fresh.read(), [`220 mx.example.com ${banner}`])
      fresh.write('QUIT\r\n')
    }
    const { accepted, failed } = await mail.stop()
    assert.equal(failed, 0)
    assert.ok(accepted > 10, `${accepted} mails`)
    assert.equal(await say(old, 'NOOP'), '250 2.0.0 Ok')
  })

  test('T13.2 a reload with a broken file keeps the old configuration under load, and says why', async t => {
    const port = await freePort()
    const base = `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 2\n`
    const postern = PosternProcess.start(t, base)
    await postern.ready()
    const mail = load(port)
    postern.writeMainCf(`${base}smtpd_banner = new\nsmtpd_helo_restrictions = reject_unknwon_helo_hostname\n`)
    const reload = await runPostern(['reload', '-c', postern.directory])
    assert.equal(reload.code, 1)
    assert.match(
      reload.stderr,
      /main\.cf:\d+:27: unknown restriction "reject_unknwon_helo_hostname": did you mean "reject_unknown_helo_hostname"\?/,
    )
    await postern.saw('stdout', /error: reload: keeping the old configuration/)
    const client = connect(port)
    assert.deepEqual(await client.read(), ['220 mx.example.com ESMTP Postfix'])
    const { accepted, failed } = await mail.stop()
    assert.equal(failed, 0)
    assert.ok(accepted > 0)
  })

  for (const workers of [0, 2]) {
    const skip = process.getuid?.() !== 0 && 'only root can'
    test(`G22 a reload refuses a policyd-spf.conf that only root can read, and the next is taken (${workers} workers)`, {
      skip,
    }, async t => {
      const port = await freePort()
      const open = openDirectory(t)
      const base = asNobody(open, { port, workers })
      const postern = PosternProcess.start(t, base)
      await postern.ready()
      fs.chmodSync(postern.directory, 0o755)
      const secret = path.join(open, 'policyd-spf.conf')
      fs.writeFileSync(secret, 'HELO_reject = Fail\n', { mode: 0o600 })
      postern.writeMainCf(`${base}postern_spf_policyd_conf = ${secret}\n`)
      const refused = await runPostern(['reload', '-c', postern.directory])
      assert.equal(refused.code, 1, refused.stderr)
      assert.match(
        refused.stderr,
        /main\.cf:\d+:1: cannot read postern_spf_policyd_conf \/.*: Permission denied; let postern_user read it/,
      )
      assert.deepEqual(await connect(port).read(), ['220 mx.example.com ESMTP Postfix'])

      fs.chmodSync(secret, 0o644)
      const taken = await runPostern(['reload', '-c', postern.directory])
      assert.deepEqual([taken.code, taken.stderr], [0, ''])
      assert.equal(postern.child.exitCode, null)
    })

    test(`G22 what postern_user cannot read ends the start with one sentence (${workers} workers)`, {
      skip,
    }, async t => {
      const open = openDirectory(t)
      const secret = path.join(open, 'policyd-spf.conf')
      fs.writeFileSync(secret, 'HELO_reject = Fail\n', { mode: 0o600 })
      const base = asNobody(open, { port: await freePort(), workers })
      const postern = PosternProcess.start(t, `${base}postern_spf_policyd_conf = ${secret}\n`)
      assert.equal((await postern.ended).code, 1)
      assert.match(postern.stderr, /^postern serve: cannot read postern_spf_policyd_conf .*: Permission denied; .*\n$/m)
      assert.doesNotMatch(postern.stderr, /^ +at /m)
    })
  }

  test('a reload keeps what is known of the DNS, unless its settings change', async t => {
    const dns = new FixtureDns({ records: {}, minimum: 600 })
    t.after(() => dns.close())
    const dnsPort = await dns.listen('127.0.0.1', 0)
    const port = await freePort()
    const base = `postern_smtp_listen = inet:127.0.0.1:${port}
postern_workers = 1
postern_dns_servers = 127.0.0.1:${dnsPort}
smtpd_sender_restrictions = reject_unknown_sender_domain
`
    const postern = PosternProcess.start(t, base)
    await postern.ready()
    const asked = (): number => dns.counts.get('b.example/MX') ?? 0
    await sendMail(port)
    assert.equal(asked(), 1)
    postern.writeMainCf(`${base}smtpd_banner = $myhostname second\n`)
    assert.equal((await runPostern(['reload', '-c', postern.directory])).code, 0)
    await sendMail(port)
    assert.equal(asked(), 1)
    postern.writeMainCf(`${base}postern_dns_max_ttl = 60s\n`)
    assert.equal((await runPostern(['reload', '-c', postern.directory])).code, 0)
    await sendMail(port)
    assert.equal(asked(), 2)
  })

  test('a reload opens new addresses and closes old ones', async t => {
    const [first, second] = [await freePort(), await freePort()]
    const postern = PosternProcess.start(t, `postern_smtp_listen = inet:127.0.0.1:${first}\npostern_workers = 1\n`)
    await postern.ready()
    postern.writeMainCf(`postern_smtp_listen = inet:127.0.0.1:${second}\npostern_workers = 1\n`)
    assert.equal((await runPostern(['reload', '-c', postern.directory])).code, 0)
    assert.equal(await sendMail(second), true)
    assert.deepEqual(await connect(first).read(), ['[closed]'])
  })

  test('SIGTERM lets a running DATA finish, tells idle clients 421, and ends with 0', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(t, `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 2\n`)
    await postern.ready()
    const busy = connect(port)
    await busy.read()
    for (const line of ['EHLO c.example', 'MAIL FROM:<a@b.example>', 'RCPT TO:<you@example.com>', 'DATA'])
      await say(busy, line)
    busy.write('Subject: half\r\n')
    const idle = connect(port)
    await idle.read()
    postern.child.kill('SIGTERM')
    assert.deepEqual(await idle.read(), ['421 4.3.2 mx.example.com Service shutting down'])
    assert.match(await say(busy, '\r\nthe other half\r\n.'), /^250 2\.0\.0 Ok: queued as /)
    assert.deepEqual(await busy.read(), ['421 4.3.2 mx.example.com Service shutting down'])
    assert.deepEqual(await postern.ended, { code: 0, signal: null })
    assert.equal(postern.delivered(), 1)
    assert.equal(fs.existsSync(path.join(postern.directory, 'state/postern.pid')), false)
  })

  test('SIGTERM waits no longer than postern_stop_timeout', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(
      t,
      `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 1\npostern_stop_timeout = 1s\n`,
    )
    await postern.ready()
    const busy = connect(port)
    await busy.read()
    for (const line of ['EHLO c.example', 'MAIL FROM:<a@b.example>', 'RCPT TO:<you@example.com>', 'DATA'])
      await say(busy, line)
    postern.child.kill('SIGTERM')
    assert.deepEqual(await busy.read(), ['421 4.3.2 mx.example.com Service shutting down'])
    assert.deepEqual(await postern.ended, { code: 0, signal: null })
    assert.equal(postern.delivered(), 0)
  })

  test('workers end when the supervisor is killed', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(t, `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 2\n`)
    await postern.ready()
    const workers = postern.workers()
    postern.child.kill('SIGKILL')
    for (const worker of workers) {
      for (let i = 0; i < 100 && fs.existsSync(`/proc/${worker}`); i++) await pause(50)
      assert.equal(fs.existsSync(`/proc/${worker}`), false, `worker ${worker} lives on`)
    }
  })

  test('an address in use ends it with 75 and is named', async t => {
    const blocker = net.createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => blocker.once('listening', resolve))
    t.after(() => blocker.close())
    // The address of a TCP server is never a path.
    const { port } = blocker.address() as net.AddressInfo
    const postern = PosternProcess.start(t, `postern_smtp_listen = inet:127.0.0.1:${port}\n`)
    assert.deepEqual(await postern.ended, { code: 75, signal: null })
    assert.equal(postern.stderr, `postern serve: cannot listen on inet:127.0.0.1:${port}: Address already in use\n`)
  })

  test('an address that is not ours ends it with 1', async t => {
    const postern = PosternProcess.start(t, 'postern_smtp_listen = inet:192.0.2.1:2525\n')
    assert.deepEqual(await postern.ended, { code: 1, signal: null })
    assert.match(postern.stderr, /cannot listen on inet:192\.0\.2\.1:2525: Cannot assign requested address/)
  })

  test('problems of main.cf end it with 1, all told at once', async t => {
    const postern = PosternProcess.start(t, 'smtpd_helo_requierd = yes\nsmtpd_timeout = soon\n')
    assert.deepEqual(await postern.ended, { code: 1, signal: null })
    assert.match(postern.stderr, /unknown parameter "smtpd_helo_requierd": did you mean "smtpd_helo_required"\?/)
    assert.match(postern.stderr, /cannot use "soon" for smtpd_timeout: expected a time/)
  })

  test('becomes postern_user after it has opened its sockets', {
    skip: process.getuid?.() !== 0 && 'only root can',
  }, async t => {
    const port = await freePort()
    const postern = PosternProcess.start(
      t,
      `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 1\npostern_user = nobody\npostern_log = file:$postern_state_directory/log\n`,
    )
    fs.chmodSync(postern.directory, 0o755)
    await postern.ready()
    for (const pid of [postern.child.pid, ...postern.workers()]) {
      assert.match(fs.readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\t65534\t65534\t65534\t65534$/m)
    }
    assert.equal(await sendMail(port), true)
    assert.equal(postern.delivered(), 1)
    // It still can reload, open the port after the loss of all workers, and write its log.
    assert.equal((await runPostern(['reload', '-c', postern.directory])).code, 0)
    for (const worker of postern.workers()) process.kill(worker, 'SIGKILL')
    await pause(300)
    assert.equal(await sendMail(port), true)
    const log = fs.readFileSync(path.join(postern.directory, 'state/log'), 'utf8')
    assert.match(log, /^\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ postfix\/smtpd\[\d+\]: connect from /m)
  })

  test('a log file that is rotated away is opened anew', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(
      t,
      `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 1\npostern_log = file:$postern_state_directory/log\n`,
    )
    await postern.ready()
    await sendMail(port)
    const log = path.join(postern.directory, 'state/log')
    await until(() => /disconnect from/.test(fs.readFileSync(log, 'utf8')))
    fs.renameSync(log, `${log}.1`)
    postern.child.kill('SIGUSR1')
    await pause(100)
    await sendMail(port)
    await until(() => fs.existsSync(log) && /connect from/.test(fs.readFileSync(log, 'utf8')))
  })

  test('counts connections of one client over all workers', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(
      t,
      `postern_smtp_listen = inet:127.0.0.1:${port}\npostern_workers = 2\nmynetworks = 127.0.0.2/32\nsmtpd_client_connection_count_limit = 3\n`,
    )
    await postern.ready()
    const clients = Array.from({ length: 4 }, () => connect(port))
    const greetings = await Promise.all(clients.map(client => client.read()))
    const refused = greetings.filter(([line = '']) =>
      line.startsWith('421 4.7.0 mx.example.com Error: too many connections'),
    )
    assert.equal(refused.length, 1, greetings.join(' | '))
  })

  const activate = '/usr/bin/systemd-socket-activate'
  test('takes over sockets that systemd opened', {
    skip: !fs.existsSync(activate) && `there is no ${activate}`,
  }, async t => {
    const port = await freePort()
    // The configured address cannot be opened here: only the inherited socket can be what answers.
    const postern = PosternProcess.start(t, 'postern_smtp_listen = inet:192.0.2.1:25\npostern_workers = 1\n', {
      wrapper: [activate, `--listen=127.0.0.1:${port}`],
    })
    await postern.saw('stderr', /Listening on/)
    assert.equal(await sendMail(port), true)
    await postern.ready()
  })
})

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (condition()) return
    await pause(50)
  }
  assert.fail(`not within five seconds: ${condition}`)
}
