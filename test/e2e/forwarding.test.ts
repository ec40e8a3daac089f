/** T10.5 mail that is passed on: a sender of ours that bounces find back by, and an ARC seal that others can check. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ByteSink } from '../support/byte_sink.ts'
import { type FixtureDns, startFixtureDns } from '../support/fixture_dns.ts'
import { sendMessages } from '../support/message_sender.ts'
import { type PosternInside, posternOverrides, startPosternInside } from '../support/postern_inside.ts'
import { SmtpClient } from '../support/smtp_client.ts'

/** In mynetworks: a mailing list that sends to the world. */
const LIST = '127.0.0.1'
const STRANGER = '127.0.0.8'
const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PUBLIC_KEY = KEYS.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
const ZONE = {
  'a.example': { TXT: [[`v=spf1 ip4:${STRANGER} -all`]], A: ['192.0.2.1'] },
  '_dmarc.a.example': { TXT: [['v=DMARC1; p=none']] },
  'arc._domainkey.example.org': { TXT: [['v=DKIM1; k=rsa; p=', PUBLIC_KEY.slice(0, 200), PUBLIC_KEY.slice(200)]] },
}
const TEXT = 'From: user@a.example\r\nTo: all@b.example\r\nSubject: x\r\n\r\n.text\r\n'

describe('T10.5 mail that is passed on', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-forwarding-'))
  const sink = new ByteSink({ keep: true })
  let dns: FixtureDns
  let postern: PosternInside
  before(async () => {
    const started = await startFixtureDns(ZONE)
    dns = started.dns
    fs.writeFileSync(path.join(dir, 'main.cf'), mainCf(await sink.listen(), dir))
    fs.writeFileSync(path.join(dir, 'users'), 'you@example.org x\n')
    fs.writeFileSync(path.join(dir, 'redirects'), 'you@example.org REDIRECT me@elsewhere.example\n')
    fs.writeFileSync(path.join(dir, 'secret'), 'ganz geheim\nlange her\n', { mode: 0o600 })
    fs.writeFileSync(path.join(dir, 'arc.pem'), KEYS.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    postern = await startPosternInside({ dir, overrides: posternOverrides(dir, `127.0.0.1:${started.port}`) })
  })
  after(async () => {
    await postern.stop()
    sink.close()
    dns.close()
    fs.rmSync(dir, { recursive: true, force: true })
  })

  async function send(from: string, sender: string, recipient: string): Promise<[string, string, readonly string[]]> {
    const seen = sink.messages.length
    const [reply = ''] = await sendMessages([Buffer.from(TEXT)], {
      port: postern.port,
      from,
      sender,
      recipients: [recipient],
    })
    const mail = sink.messages[seen]
    return [reply, mail?.sender ?? '', mail?.recipients ?? []]
  }

  test('from others to others: a sender of ours, and the bounce finds back', async () => {
    const [reply, sender] = await send(LIST, 'user@a.example', 'all@b.example')
    assert.match(reply, /^250/)
    assert.match(sender, /^SRS0=[A-Za-z0-9+/]{4}=[A-Z2-7]{2}=a\.example=user@example\.org$/)
    const [bounced, from, recipients] = await send(STRANGER, '', sender)
    assert.match(bounced, /^250/)
    assert.deepEqual([from, recipients], ['', ['user@a.example']])
  })

  test('a second station, SRS1 and back to the first', async () => {
    const [, sender] = await send(LIST, 'SRS0=HHHH=TT=z.example=u@a.example', 'all@b.example')
    assert.match(sender, /^SRS1=[A-Za-z0-9+/]{4}=a\.example==HHHH=TT=z\.example=u@example\.org$/)
    assert.deepEqual((await send(STRANGER, '', sender))[2], ['SRS0=HHHH=TT=z.example=u@a.example'])
  })

  test('nobody gets in with an address that we have not made', async () => {
    const [, sender] = await send(LIST, 'user@a.example', 'all@b.example')
    for (const forged of [sender.replace('=user', '=other'), 'SRS0=AAAA=JN=a.example=user@example.org']) {
      const client = new SmtpClient({ host: '127.0.0.1', port: postern.port, from: STRANGER })
      await client.read()
      await client.command('EHLO client.example')
      await client.command('MAIL FROM:<>')
      assert.match(await client.command(`RCPT TO:<${forged}>`), /^550 5\.1\.1 .*User unknown/)
      client.destroy()
    }
  })

  test('senders of ours, excluded ones and the null sender stay; and everybody does to recipients of ours', async () => {
    assert.equal((await send(LIST, 'you@example.org', 'all@b.example'))[1], 'you@example.org')
    assert.equal((await send(LIST, 'x@mail.friend.example', 'all@b.example'))[1], 'x@mail.friend.example')
    assert.equal((await send(LIST, '', 'all@b.example'))[1], '')
  })

  test('REDIRECT to others', async () => {
    const [, sender, recipients] = await send(STRANGER, 'user@a.example', 'you@example.org')
    assert.match(sender, /^SRS0=.*=a\.example=user@example\.org$/)
    assert.deepEqual(recipients, ['me@elsewhere.example'])
  })

  test('recipients that need different senders: the second comes again alone', async () => {
    const client = new SmtpClient({ host: '127.0.0.1', port: postern.port, from: LIST })
    await client.read()
    await client.command('EHLO client.example')
    await client.command('MAIL FROM:<user@a.example>')
    assert.match(await client.command('RCPT TO:<all@b.example>'), /^250/)
    assert.match(await client.command('RCPT TO:<you@example.org>'), /^452 4\.5\.3 /)
    assert.match(await client.command('RCPT TO:<more@c.example>'), /^250/)
    client.destroy()
  })

  test('a seal that the next station finds sound, and a second one on top of it', async () => {
    await send(STRANGER, 'user@a.example', 'you@example.org')
    const first = sink.messages.at(-1)?.bytes ?? Buffer.alloc(0)
    assert.match(
      first.toString(),
      /^ARC-Seal: i=1;[\s\S]*?\r\nARC-Message-Signature: i=1;[\s\S]*?\r\nARC-Authentication-Results: i=1; mx\.example\.org;/,
    )
    assert.match(unfold(first.toString()), /cv=none/)
    const options = { port: postern.port, from: STRANGER, recipients: ['you@example.org'] }
    assert.match((await sendMessages([first], options))[0] ?? '', /^250/)
    const second = unfold(sink.messages.at(-1)?.bytes.toString() ?? '')
    assert.match(second, /^ARC-Seal: i=2;[^\r]* cv=pass;/)
    assert.match(second, /Authentication-Results: mx\.example\.org;[^\r]* arc=pass/)
    const changed = Buffer.from(first.toString('latin1').replace('text', 'test'), 'latin1')
    await sendMessages([changed], options)
    assert.match(unfold(sink.messages.at(-1)?.bytes.toString() ?? ''), /^ARC-Seal: i=2;[^\r]* cv=fail;/)
  })
})

function unfold(text: string): string {
  return text.replace(/\r\n[ \t]+/g, ' ')
}

function mainCf(hop: number, dir: string): string {
  return `
compatibility_level = 3.6
myhostname = mx.example.org
mydestination = example.org
local_recipient_maps = texthash:${dir}/users
alias_maps =
mynetworks = ${LIST}
smtpd_error_sleep_time = 0
smtpd_recipient_restrictions = check_recipient_access texthash:${dir}/redirects
postern_next_hop = smtp:[127.0.0.1]:${hop}
postern_dmarc_ignore_hosts =
postern_arc_seal_domain = example.org
postern_arc_seal_key_file = ${dir}/arc.pem
postern_srs_domain = example.org
postern_srs_secret_file = ${dir}/secret
postern_srs_exclude_domains = .friend.example
`
}
