import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  type Daemon,
  dovecotUnavailable,
  findProgram,
  startDovecotLmtp,
  startSmtpSink,
} from '../../test/support/daemons.ts'
import { envelope, type HopBench, hopBench, PLAIN_RCPT } from '../../test/support/hop_bench.ts'
import { freePort } from '../../test/support/ports.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../../test/support/real_postfix.ts'
import type { HopEnvelope, HopResult } from '../model/hop.ts'
import type { HopSettings } from './settings.ts'

/** Dots everywhere, long lines, high bytes, and no line end at the end. */
const BODY = `${'.\r\n..\r\n.x\r\n'.repeat(3000)}${'y'.repeat(998)}\r\n\xe4\xff\x80\r\n.\r\nlast`
const MESSAGE = Buffer.from(`Subject: all kinds of dots\r\nMessage-Id: <1@sender.example>\r\n\r\n${BODY}`, 'latin1')

/** In pieces of odd sizes, so that cuts fall everywhere. */
async function* chopped(message: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0, size = 1; at < message.length; at += size, size = (size * 7 + 3) % 4093)
    yield message.subarray(at, at + size)
}

interface Sent {
  readonly replies: readonly string[]
  readonly result: HopResult
}

async function send(
  bench: HopBench,
  recipients: readonly string[],
  changes: Partial<HopEnvelope> = {},
  message = MESSAGE,
): Promise<Sent> {
  const tx = bench.hops.main.begin(envelope({ body: '8BITMIME', ...changes }))
  const answers = await Promise.all(recipients.map(recipient => tx.addRecipient(recipient, PLAIN_RCPT)))
  const result = await tx.data(chopped(message))
  return { replies: answers.map(answer => (answer.ok ? 'ok' : answer.reply)), result }
}

function bodyOf(text: string): string {
  return text.slice(text.indexOf('\n\n') + 2)
}

const WANTED_BODY = `${BODY.replaceAll('\r\n', '\n')}\n`
const benches: HopBench[] = []

function openBench(nextHop: string, settings: Partial<HopSettings> = {}): HopBench {
  const bench = hopBench(nextHop, settings)
  benches.push(bench)
  return bench
}
after(() => Promise.all(benches.map(bench => bench.hops.close())))

describe('smtp-sink', { skip: findProgram('smtp-sink') === null ? 'no smtp-sink is installed' : false }, () => {
  const sink = async (
    options: readonly string[],
    use: (bench: HopBench, daemon: Daemon) => Promise<void>,
  ): Promise<void> => {
    const daemon = await startSmtpSink(...options)
    try {
      await use(openBench(`smtp:[127.0.0.1]:${daemon.port}`), daemon)
    } finally {
      await daemon.stop()
    }
  }

  for (const [name, options] of [
    ['with everything', []],
    ['without pipelining', ['-p']],
    ['without ESMTP', ['-e']],
    ['disguised as an old PIX', ['-P']],
  ] as const) {
    test(`${name}: twenty messages`, () =>
      sink(options, async bench => {
        for (let i = 0; i < 20; i++) {
          const { result } = await send(bench, ['a@x.example', 'b@x.example'])
          assert.equal(result.outcome, 'taken', result.reply)
        }
      }))
  }

  test('the bytes arrive as they are', () =>
    sink(['-D', 'dump.'], async (bench, daemon) => {
      const { result } = await send(bench, ['a@x.example'])
      assert.equal(result.outcome, 'taken')
      const dump = fs.readdirSync(daemon.dir).find(name => name.startsWith('dump.'))
      assert.ok(dump)
      const text = fs.readFileSync(path.join(daemon.dir, dump), 'latin1')
      assert.ok(text.includes(WANTED_BODY), text.slice(0, 500))
    }))

  // smtp-sink option, what fails where, what the client hears
  const faults: readonly (readonly [readonly string[], RegExp])[] = [
    [['-r', 'rcpt'], /^450 4\.3\.0 /],
    [['-f', 'rcpt'], /^500 5\.3\.0 /],
    [['-q', 'rcpt'], /^451 4\.4\.1 /],
    [['-q', 'mail'], /^451 4\.4\.1 /],
    [['-r', 'connect'], /^451 4\.4\.1 /],
    [['-f', 'mail'], /^500 5\.3\.0 /],
  ]
  for (const [options, wanted] of faults) {
    test(`fault ${options.join(' ')} at RCPT`, () =>
      sink(options, async bench => {
        const { replies } = await send(bench, ['a@x.example'])
        assert.match(replies[0] ?? '', wanted)
      }))
  }

  for (const [options, wanted] of [
    [['-r', 'data'], /^450 4\.3\.0 /],
    [['-f', 'data'], /^500 5\.3\.0 /],
    [['-q', 'data'], /^451 4\.4\.1 /],
    [['-r', '.'], /^450 4\.3\.0 /],
    [['-f', '.'], /^500 5\.3\.0 /],
    [['-q', '.'], /^451 4\.4\.1 /],
  ] as const) {
    test(`fault ${options.join(' ')} after RCPT`, () =>
      sink(options, async bench => {
        const { replies, result } = await send(bench, ['a@x.example'])
        assert.deepEqual(replies, ['ok'])
        assert.match(result.reply, wanted)
        assert.equal(result.outcome, 'refused')
      }))
  }
})

describe('a real Postfix', { skip: postfixUnavailable() ?? false }, () => {
  let postfix: RealPostfix
  const log = (): string => fs.readFileSync(postfix.logPath, 'utf8')
  const mail = (user: string): readonly string[] => {
    const at = path.join(postfix.dir, 'mail', user, 'new')
    return fs.existsSync(at) ? fs.readdirSync(at).map(name => fs.readFileSync(path.join(at, name), 'latin1')) : []
  }
  const mailComes = async (user: string, count: number): Promise<readonly string[]> => {
    for (let i = 0; i < 500 && mail(user).length < count; i++) await new Promise(resolve => setTimeout(resolve, 20))
    return mail(user)
  }

  before(async () => {
    const dir = makeInstanceDir('hop-e2e.')
    const tls = path.join(dir, 'tls.pem')
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=mx',
      '-keyout',
      tls,
      '-out',
      `${tls}.crt`,
    ])
    if (made.status === 0) fs.appendFileSync(tls, fs.readFileSync(`${tls}.crt`))
    fs.mkdirSync(path.join(dir, 'mail'))
    const uid = spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).stdout.trim()
    fs.chownSync(path.join(dir, 'mail'), Number(uid), -1)
    fs.writeFileSync(
      path.join(dir, 'main.cf'),
      `
compatibility_level = 3.6
myhostname = mx.ours.example
mydestination =
inet_protocols = ipv4
virtual_mailbox_domains = ours.example
virtual_mailbox_base = ${dir}/mail
virtual_mailbox_maps = inline:{ bob@ours.example=bob/, carol@ours.example=carol/, bärbel@ours.example=baerbel/ }
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${uid}
virtual_minimum_uid = 1
smtpd_authorized_xforward_hosts = 127.0.0.1
smtputf8_enable = yes
${made.status === 0 ? `smtpd_tls_security_level = may\nsmtpd_tls_chain_files = ${tls}\nsmtpd_tls_loglevel = 1` : ''}
`,
    )
    postfix = await startPostfix({ dir, port: await freePort(), dnsAddress: '127.0.0.1' })
  })
  after(async () => {
    await postfix?.stop()
    fs.rmSync(postfix.dir, { recursive: true, force: true })
  })

  test('delivers to a maildir what we sent, and tells the recipient that it does not know', async () => {
    const bench = openBench(`smtp:[127.0.0.1]:${postfix.port}`)
    const { replies, result } = await send(bench, ['bob@ours.example', 'nosuch@ours.example', 'carol@ours.example'])
    assert.deepEqual(replies, [
      'ok',
      '550 5.1.1 <nosuch@ours.example>: Recipient address rejected: User unknown in virtual mailbox table',
      'ok',
    ])
    assert.match(result.reply, /^250 2\.0\.0 Ok: queued as /)
    assert.equal(result.recipients[0]?.relay, `127.0.0.1[127.0.0.1]:${postfix.port}`)
    for (const user of ['bob', 'carol']) {
      const [text] = await mailComes(user, 1)
      assert.equal(bodyOf(text ?? ''), WANTED_BODY)
    }
  })

  test('learns who the client was', async () => {
    const bench = openBench(`smtp:[127.0.0.1]:${postfix.port}`)
    await send(bench, ['bob@ours.example'], { queueId: 'ABCDEF' })
    assert.match(
      log(),
      /client=mx\.sender\.example\[192\.0\.2\.1\]|client=localhost\[127\.0\.0\.1\].*orig_client=mx\.sender\.example\[192\.0\.2\.1\]/,
    )
    assert.match(log(), /orig_queue_id=ABCDEF/)
  })

  test('over TLS', { skip: findProgram('openssl') === null ? 'no openssl' : false }, async () => {
    const bench = openBench(`smtp:[127.0.0.1]:${postfix.port}`, { tlsLevel: 'encrypt' })
    for (let i = 0; i < 2; i++) {
      const { result } = await send(bench, ['bob@ours.example'])
      assert.equal(result.outcome, 'taken', result.reply)
    }
    assert.match(log(), /TLS connection established from .*TLSv1\.3/)
  })

  test('an address in UTF-8', async () => {
    const bench = openBench(`smtp:[127.0.0.1]:${postfix.port}`)
    const { replies, result } = await send(bench, ['bärbel@ours.example'], { smtputf8: true })
    assert.deepEqual([replies, result.outcome], [['ok'], 'taken'])
    assert.equal((await mailComes('baerbel', 1)).length, 1)
  })

  test('our header lines are those of its virtual(8)', async () => {
    const directory = path.join(postfix.dir, 'ours')
    await send(openBench(`smtp:[127.0.0.1]:${postfix.port}`), ['carol@ours.example'], {
      sender: 'odd name@sender.example',
    })
    await send(openBench(`maildir:${directory}`), ['carol@ours.example'], { sender: 'odd name@sender.example' })
    const theirs = (await mailComes('carol', 2)).find(text => text.includes('odd name')) ?? ''
    const [name] = fs.readdirSync(path.join(directory, 'new'))
    const ours = fs.readFileSync(path.join(directory, 'new', name ?? ''), 'latin1')
    assert.deepEqual(ours.split('\n').slice(0, 3), theirs.split('\n').slice(0, 3))
    assert.equal(bodyOf(ours), bodyOf(theirs))
  })
})

describe('a real Dovecot LMTP', { skip: dovecotUnavailable() ?? false }, () => {
  let dovecot: Daemon
  const mail = (user: string): readonly string[] => {
    const at = path.join(dovecot.dir, 'mail', user, 'new')
    return fs.existsSync(at) ? fs.readdirSync(at).map(name => fs.readFileSync(path.join(at, name), 'latin1')) : []
  }
  before(async () => {
    dovecot = await startDovecotLmtp({
      'bob@ours.example': 10_000_000,
      'carol@ours.example': 10_000_000,
      'full@ours.example': 10,
    })
  })
  after(() => dovecot?.stop())

  for (const kind of ['inet', 'unix'] as const) {
    test(`over ${kind}`, async () => {
      const nextHop = kind === 'inet' ? `lmtp:inet:127.0.0.1:${dovecot.port}` : `lmtp:unix:${dovecot.dir}/lmtp.sock`
      const bench = openBench(nextHop)
      const count = mail('bob').length
      for (let i = 1; i <= 3; i++) {
        const { replies, result } = await send(bench, ['bob@ours.example', 'nosuch@ours.example', 'carol@ours.example'])
        assert.deepEqual(replies, [
          'ok',
          "550 5.1.1 <nosuch@ours.example> User doesn't exist: nosuch@ours.example",
          'ok',
        ])
        assert.equal(result.outcome, 'taken', result.reply)
        assert.equal(mail('bob').length, count + i)
      }
      const [text] = mail('carol')
      assert.equal(bodyOf(text ?? '').replaceAll('\r\n', '\n'), WANTED_BODY)
      assert.match(text ?? '', /^Return-Path: <alice@sender\.example>/)
    })
  }

  test('one mailbox is full: both recipients are told apart', async () => {
    const bench = openBench(`lmtp:inet:127.0.0.1:${dovecot.port}`)
    const { replies, result } = await send(bench, ['bob@ours.example', 'full@ours.example'])
    assert.deepEqual(replies, ['ok', 'ok'])
    assert.deepEqual(
      result.recipients.map(recipient => recipient.status),
      ['sent', 'bounced'],
    )
    assert.match(result.reply, /^554 5\.3\.0 Not delivered to <full@ours\.example>: 5\.2\.2 /)
  })
})
