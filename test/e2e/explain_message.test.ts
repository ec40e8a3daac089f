/** T7.5 `postern explain --message` judges a message as a live session does: same reply, same headers put on top. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { FixtureDns } from '../../src/dns/fixture_server.ts'
import { dkimSign, makeSigningKey } from '../support/mail_signer.ts'
import { freePort } from '../support/ports.ts'
import { PosternProcess, runPostern } from '../support/postern_process.ts'
import { SmtpClient } from '../support/smtp_client.ts'

const CLIENT = '127.0.62.9'
const AUTHOR = makeSigningKey('reject.example', 's1', { algorithm: 'ed25519-sha256' })
const ZONE = {
  'reject.example': { TXT: ['v=spf1 -all'], A: ['127.0.62.1'] },
  '_dmarc.reject.example': { TXT: ['v=DMARC1; p=reject'] },
  's1._domainkey.reject.example': { TXT: [AUTHOR.record] },
  'sender.example': { TXT: [`v=spf1 ip4:${CLIENT} -all`], A: [CLIENT] },
}
const FORGED =
  'From: Boss <boss@reject.example>\nTo: you@example.com\nSubject: hurry\nDate: Tue, 24 Nov 2026 20:00:00 +0000\nMessage-ID: <1@x.example>\nAuthentication-Results: mx.example.com; dmarc=pass\n\n.A line that begins with a dot\nlast\n'
const SIGNED = dkimSign(FORGED.replaceAll('\n', '\r\n'), AUTHOR)
const WORDS = [
  '--client',
  CLIENT,
  '--helo',
  'mail.sender.example',
  '--from',
  'x@sender.example',
  '--to',
  'you@example.com',
]

describe('T7.5 explain --message', () => {
  const dns = new FixtureDns({ records: ZONE })
  let dnsPort = 0
  before(async () => {
    dnsPort = await dns.listen('127.0.0.1', 0)
  })
  after(() => dns.close())

  interface Running {
    readonly postern: PosternProcess
    readonly port: number
    readonly box: string
  }

  async function start(t: TestContext, more = 'smtpd_end_of_data_restrictions = check_dmarc\n'): Promise<Running> {
    const port = await freePort()
    const box = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-explain-'))
    t.after(() => fs.rmSync(box, { recursive: true }))
    const postern = PosternProcess.start(
      t,
      `postern_smtp_listen = inet:127.0.0.1:${port}
postern_dns_servers = 127.0.0.1:${dnsPort}
postern_next_hop = maildir:${box}/box
postern_message_staging_size = 200
mynetworks = 127.0.0.1/32
postern_dmarc_ignore_hosts = 127.0.0.1
${more}`,
    )
    await postern.ready()
    return { postern, port, box }
  }

  async function live(port: number, message: string): Promise<string> {
    const client = new SmtpClient({ host: '127.0.0.1', port, from: CLIENT })
    await client.read()
    await client.command('EHLO mail.sender.example')
    await client.command('MAIL FROM:<x@sender.example>')
    await client.command('RCPT TO:<you@example.com>')
    await client.command('DATA')
    client.write(`${message.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..')}.\r\n`)
    const reply = (await client.read()).join('\n')
    client.destroy()
    return reply
  }

  async function explain({ postern }: Running, message: string, ...more: readonly string[]) {
    const file = path.join(postern.directory, 'mail.eml')
    fs.writeFileSync(file, message)
    return runPostern(['explain', '-c', postern.directory, ...WORDS, '--message', file, ...more])
  }

  test('a forged message is refused, with the reply of a live session and every step', async t => {
    const running = await start(t)
    const refusal = await live(running.port, FORGED)
    assert.equal(refusal, '550 5.7.1 rejected by DMARC policy for reject.example')
    const { code, stdout, stderr } = await explain(running, FORGED)
    assert.equal(code, 1, stderr)
    assert.ok(stdout.includes(`   END-OF-MESSAGE  ->  ${refusal}\n`), stdout)
    assert.match(stdout, /^=> check_dmarc +550 5\.7\.1 rejected by DMARC policy for reject\.example$/m)
    assert.match(stdout, /^ {4}SPF {4}pass by ip4:127\.0\.62\.9 for sender\.example$/m)
    assert.match(stdout, /^ {4}DKIM {3}no signature$/m)
    const dmarc =
      'DMARC  fail for From: reject.example, policy reject of reject.example (SPF not aligned, DKIM not aligned)'
    assert.ok(stdout.includes(`    ${dmarc}\n=> reject: ${refusal}\n`), stdout)
    assert.match(stdout, /^ {8}dns TXT _dmarc\.reject\.example: "v=DMARC1; p=reject" {2}\([\d.]+ ms, asked at /m)
    assert.match(stdout, /takes out Authentication-Results number 1: it claims to be ours/)
    assert.match(stdout, /^ {3}\w+: reject: END-OF-MESSAGE from .*: 550 5\.7\.1 /m)
    assert.match(stdout, /^ {3}\w+: reject\.example fail$/m)
  })

  test('a signed one passes, with the header that it is delivered with', async t => {
    const running = await start(t)
    assert.match(await live(running.port, SIGNED), /^250 /)
    const [name = ''] = fs.readdirSync(path.join(running.box, 'box/new'))
    const delivered = fs.readFileSync(path.join(running.box, 'box/new', name), 'utf8').replaceAll('\r\n', '\n')
    const { code, stdout } = await explain(running, SIGNED, '--json')
    assert.equal(code, 0, stdout)
    const { message } = JSON.parse(stdout)
    assert.deepEqual([message.judged, message.by, message.action], [true, 'gateway', 'accept'])
    assert.equal(message.auth.dkim[0].result, 'pass')
    const [header = ''] = message.insert
    assert.match(header, /^Authentication-Results: mx\.example\.com;/)
    assert.ok(delivered.includes(header.replaceAll('\r\n', '\n')), delivered)
    assert.ok(delivered.endsWith('\n.A line that begins with a dot\nlast\n'))
  })

  test('one changed byte of a signed one: fail, and refused', async t => {
    const running = await start(t)
    const changed = SIGNED.replace('last\r\n', 'lost\r\n')
    const { code, stdout } = await explain(running, changed)
    assert.equal(code, 1)
    assert.match(stdout, /^ {4}DKIM {3}fail s1\._domainkey\.reject\.example: body hash does not match$/m)
  })

  test('standard input, a mailbox line before the header, and line ends of Unix', async t => {
    const running = await start(t)
    const child = spawn(
      process.execPath,
      ['src/bin/postern.ts', 'explain', '-c', running.postern.directory, ...WORDS, '--message', '-'],
      { cwd: path.join(import.meta.dirname, '../..'), stdio: ['pipe', 'pipe', 'inherit'] },
    )
    child.stdin.end(`From x@sender.example Tue Nov 24 20:00:00 2026\n${SIGNED.replaceAll('\r\n', '\n')}`)
    let out = ''
    for await (const chunk of child.stdout) out += String(chunk)
    assert.match(out, /^ {4}DKIM {3}pass s1\._domainkey\.reject\.example$/m)
  })

  test('header_checks and body_checks see it', async t => {
    const running = await start(t, 'body_checks = pcre:{ {/begins with a dot/ REJECT no dots} }\n')
    const { code, stdout } = await explain(running, SIGNED)
    assert.equal(code, 1)
    assert.match(stdout, /END-OF-MESSAGE {2}-> {2}550 5\.7\.1 no dots$/m)
  })

  test('where only the milter judges: what it would say to a Postfix', async t => {
    const running = await start(t, `postern_milter_listen = inet:127.0.0.1:${await freePort()}\n`)
    const { code, stdout } = await explain(running, FORGED)
    assert.equal(code, 1)
    assert.match(stdout, /^the message, as the milter of postern_milter_listen judges it$/m)
    assert.match(stdout, /^=> reject: 550 5\.7\.1 rejected by DMARC policy for reject\.example$/m)
  })

  test('where nobody judges, and without a message, it says so', async t => {
    const nobody = await start(t, 'postern_milter_listen =\n')
    const passed = await explain(nobody, FORGED)
    assert.equal(passed.code, 0)
    assert.match(passed.stdout, /^the message was not judged: neither check_dmarc in /m)
    const without = await runPostern(['explain', '-c', nobody.postern.directory, ...WORDS])
    assert.equal(without.code, 0)
    assert.match(without.stdout, /^the message was not judged, because there is none: say --message FILE/m)
    const missing = await runPostern(['explain', '-c', nobody.postern.directory, ...WORDS, '--message', '/nowhere'])
    assert.equal(missing.code, 1)
    assert.equal(missing.stderr, 'postern explain: cannot read /nowhere: No such file or directory\n')
    const endpoint = ['--message', '/nowhere', '--endpoint', 'inet:127.0.0.1:10023']
    const both = await runPostern(['explain', '-c', nobody.postern.directory, ...WORDS, ...endpoint])
    assert.equal(both.code, 2)
    assert.match(both.stderr, /cannot use --message with --endpoint: a policy server never sees a message/)
  })

  test('with the ARC seal that it would go on with, and who has signed in is not judged', async t => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const running = await start(t)
    const key = path.join(running.box, 'arc.pem')
    fs.writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const seal = ['-o', 'postern_arc_seal_domain=example.com', '-o', `postern_arc_seal_key_file=${key}`]
    const { stdout } = await explain(running, SIGNED, ...seal)
    assert.match(stdout, /^ {4}puts on top ARC-Seal: i=1; a=ed25519-sha256;/m)
    const signedIn = await explain(running, FORGED, '--sasl-user', 'ann')
    assert.equal(signedIn.code, 0)
    assert.match(signedIn.stdout, /^=> accept$/m)
  })
})
