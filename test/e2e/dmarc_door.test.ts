/** DMARC of the whole program: in the gateway by check_dmarc, and as the milter of a real Postfix. Both must do the same. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startFixtureDns } from '../support/fixture_dns.ts'
import { arcSeal, dkimSign, makeSigningKey } from '../support/mail_signer.ts'
import { freePort } from '../support/ports.ts'
import { type PosternProgram, startPostern, waitFor } from '../support/postern_program.ts'
import { makeInstanceDir, postfixUnavailable, startPostfix } from '../support/real_postfix.ts'
import { SinkServer } from '../support/sink_server.ts'
import { SmtpClient } from '../support/smtp_client.ts'

const HELPER = '127.0.85.53'
const SINK_PORT = 10043
const CLIENT = '203.0.113.10'
const REJECTED = '550 5.7.1 rejected by DMARC policy for bank.example'

const BANK = makeSigningKey('bank.example', 's1')
const LIST = makeSigningKey('list.example', 'arc')
const EVIL = makeSigningKey('evil.example', 'arc', { algorithm: 'ed25519-sha256' })

const ZONE = {
  '_dmarc.bank.example': { TXT: ['v=DMARC1; p=reject'] },
  '_dmarc.shop.example': { TXT: ['v=DMARC1; p=quarantine'] },
  '_dmarc.down.example': { '*': 'SERVFAIL' },
  'forwarder.example': { A: [CLIENT], TXT: [`v=spf1 ip4:${CLIENT} -all`] },
  'mx.example.com': { A: ['127.0.0.1'] },
  ...Object.fromEntries(
    [BANK, LIST, EVIL].map(({ domain, selector, record }) => [
      `${selector}._domainkey.${domain}`,
      { TXT: [[record.slice(0, 200), record.slice(200)]] },
    ]),
  ),
}

const MAIN_CF = `compatibility_level = 3.6
myhostname = mx.example.com
mydestination = example.com example.org
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
smtpd_authorized_xclient_hosts = 127.0.0.1
local_header_rewrite_clients =
local_transport = smtp:[${HELPER}]:${SINK_PORT}
in_flow_delay = 0
`
const POSTERN_CF = `smtpd_recipient_restrictions = reject_unauth_destination
smtpd_end_of_data_restrictions = check_dmarc
postern_next_hop = smtp:[${HELPER}]:${SINK_PORT}
postern_arc_trusted_sealers = list.example
postern_dmarc_trusted_forwarders = relay.forwarder.example:example.org
postern_dmarc_quarantine_header = X-Suspicious: yes
`

function message(from: string, number: number, more = ''): string {
  return `From: "The Bank" <service@${from}>\r\nTo: you@example.com\r\nSubject: number ${number}\r\nDate: Tue, 24 Nov 2026 20:00:00 +0000\r\nMessage-ID: <${number}@client.example>\r\n${more}\r\nGood day.\r\n`
}

/** Signed by the bank, changed and sealed by a mailing list, which says that it was good when it came. */
function listMail(number: number, sealer = LIST): string {
  const changed = dkimSign(message('bank.example', number), BANK).replace('Subject: number', 'Subject: [list] number')
  const authResults = `${sealer.domain}; dkim=pass header.d=bank.example; dmarc=pass header.from=bank.example`
  return arcSeal(changed, { key: sealer, instance: 1, cv: 'none', authResults })
}

describe('G23 DMARC in the gateway and as milter of a real Postfix', { skip: postfixUnavailable() ?? false }, () => {
  const sink = new SinkServer({})
  const closers: (() => unknown)[] = []
  const ports = { gateway: 0, milter: 0 }
  let postern: PosternProgram
  let sent = 0

  before(async () => {
    const { dns } = await startFixtureDns(ZONE, { host: HELPER, port: 53 })
    await sink.listen(HELPER, SINK_PORT)
    const [dir, postfixDir] = [makeInstanceDir('po-dmarc-'), makeInstanceDir('pf-dmarc-')]
    const [milterPort, postfixPort] = [await freePort(), await freePort()]
    fs.writeFileSync(path.join(dir, 'main.cf'), MAIN_CF + POSTERN_CF)
    fs.writeFileSync(path.join(postfixDir, 'main.cf'), `${MAIN_CF}smtpd_milters = inet:127.0.0.1:${milterPort}\n`)
    postern = await startPostern({
      dir,
      dns: `${HELPER}:53`,
      overrides: [`postern_milter_listen=inet:127.0.0.1:${milterPort}`],
    })
    closers.push(
      () => dns.close(),
      () => sink.close(),
      () => postern.stop(),
    )
    const postfix = await startPostfix({ dir: postfixDir, port: postfixPort, dnsAddress: HELPER })
    closers.push(() => postfix.stop())
    Object.assign(ports, { gateway: postern.port, milter: postfixPort })
  })
  after(async () => {
    for (const close of closers.reverse()) await close()
  })

  interface Mail {
    readonly content: string
    readonly recipients?: readonly string[]
    /** Forward-confirmed name of the client. */
    readonly client?: string
  }

  /** The reply to the message. */
  const send = async (door: keyof typeof ports, mail: Mail): Promise<string> => {
    const { content, recipients = ['you@example.com'], client = '[UNAVAILABLE]' } = mail
    const smtp = new SmtpClient({ host: '127.0.0.1', port: ports[door], from: '127.0.0.1' })
    await smtp.read()
    await smtp.command(`XCLIENT ADDR=${CLIENT} NAME=${client}`)
    await smtp.command('EHLO client.example')
    await smtp.command('MAIL FROM:<bounce@forwarder.example>')
    for (const recipient of recipients) assert.match(await smtp.command(`RCPT TO:<${recipient}>`), /^250 /)
    await smtp.command('DATA')
    smtp.write(content)
    const reply = await smtp.command('.')
    smtp.destroy()
    return reply
  }

  const delivered = (number: number): Promise<string> =>
    waitFor(
      () => sink.received.find(mail => mail.content.includes(`<${number}@client.example>`))?.content,
      `message ${number}`,
      15_000,
    )

  /** The header of the message that arrived, unfolded. */
  const headerOf = async (number: number): Promise<string> => {
    const content = await delivered(number)
    return content.slice(0, content.indexOf('\r\n\r\n')).replace(/\r\n[ \t]/g, ' ')
  }

  for (const door of ['gateway', 'milter'] as const) {
    test(`T10.4 ${door}: a forged mail of a p=reject domain is refused`, async () => {
      assert.equal(await send(door, { content: message('bank.example', ++sent) }), REJECTED)
      assert.equal(await send(door, { content: message('mail.bank.example', ++sent) }), REJECTED)
    })

    test(`T10.4 ${door}: what its author signed is accepted, and the header says why`, async () => {
      const content = dkimSign(message('bank.example', ++sent), BANK)
      assert.match(await send(door, { content }), /^250 /)
      assert.match(
        await headerOf(sent),
        /^Authentication-Results: mx\.example\.com; spf=pass smtp\.mailfrom=forwarder\.example; dkim=pass \(2048-bit key\) header\.d=bank\.example .*; arc=none; dmarc=pass \(p=reject dis=none\) header\.from=bank\.example policy\.dmarc=reject$/m,
      )
    })

    test(`T10.4 ${door}: quarantine marks`, async () => {
      assert.match(await send(door, { content: message('shop.example', ++sent) }), /^250 /)
      const header = await headerOf(sent)
      assert.match(header, /dmarc=fail \(p=quarantine dis=quarantine\) header\.from=shop\.example/)
      assert.match(header, /^X-Suspicious: yes$/m)
    })

    test(`RFC 8601 5 ${door}: results that somebody forged in our name are gone, others stay`, async () => {
      const more =
        'Authentication-Results: mx.example.com; dmarc=pass header.from=bank.example\r\nAuthentication-Results: other.example; spf=pass\r\n'
      assert.match(await send(door, { content: message('plain.example', ++sent, more) }), /^250 /)
      const header = await headerOf(sent)
      assert.equal(header.match(/^Authentication-Results: mx\.example\.com;/gm)?.length, 1)
      assert.doesNotMatch(header, /header\.from=bank\.example/)
      assert.match(header, /^Authentication-Results: other\.example; spf=pass$/m)
    })

    test(`RFC 8601 5 ${door}: however many were forged, none passes on`, async () => {
      const forged = (count: number): string => 'Authentication-Results: mx.example.com; dmarc=pass\r\n'.repeat(count)
      const first = ++sent
      assert.match(await send(door, { content: message('plain.example', first, forged(100)) }), /^250 /)
      assert.equal((await headerOf(first)).match(/^Authentication-Results: mx\.example\.com;/gm)?.length, 1)
      // Postfix would look for each from the top of the message.
      const reply = await send(door, { content: message('plain.example', ++sent, forged(5000)) })
      if (door === 'milter') {
        assert.equal(reply, '550 5.7.1 5000 header fields are forged')
        return
      }
      assert.match(reply, /^250 /)
      assert.equal((await headerOf(sent)).match(/^Authentication-Results: mx\.example\.com;/gm)?.length, 1)
    })

    test(`T10.1 ${door}: a sound chain of a trusted sealer is accepted, and header and log say why`, async () => {
      assert.match(await send(door, { content: listMail(++sent) }), /^250 /)
      assert.match(
        await headerOf(sent),
        /arc=pass .*; dmarc=fail \(p=reject dis=none override=local_policy: arc=pass as\[1\]\.d=list\.example as\[1\]\.s=arc\) header\.from=bank\.example/,
      )
      await postern.logged(/opendmarc\[\d+\]: \w+: ARC pass, policy pass > overriding DMARC fail/)
    })

    test(`T10.2 ${door}: the same chain with one altered header, or of a sealer that nobody trusts, is refused`, async () => {
      const altered = listMail(++sent).replace('Subject: [list]', 'Subject: [lost]')
      assert.equal(await send(door, { content: altered }), REJECTED)
      assert.equal(await send(door, { content: listMail(++sent, EVIL) }), REJECTED)
    })

    test(`T10.3 ${door}: an exception for a forwarder and one recipient domain holds for that only`, async () => {
      const client = 'relay.forwarder.example'
      const forged = (): string => message('bank.example', ++sent)
      assert.match(await send(door, { content: forged(), client, recipients: ['you@example.org'] }), /^250 /)
      assert.match(await headerOf(sent), /override=trusted_forwarder: forwarded by relay\.forwarder\.example\)/)
      assert.equal(await send(door, { content: forged(), client }), REJECTED)
      const both = ['you@example.org', 'you@example.com']
      assert.equal(await send(door, { content: forged(), client, recipients: both }), REJECTED)
      assert.equal(await send(door, { content: forged(), recipients: ['you@example.org'] }), REJECTED)
    })

    test(`T14.1 ${door}: a policy that the DNS does not tell is no reason to refuse`, async () => {
      assert.match(await send(door, { content: message('down.example', ++sent) }), /^250 /)
      assert.match(await headerOf(sent), /dmarc=temperror reason=".*" header\.from=down\.example/)
    })
  }

  test('both have logged in the words of opendmarc', async () => {
    for (const words of [
      'SPF(mailfrom): forwarder.example pass',
      'bank.example fail',
      'bank.example pass',
      'down.example temperror',
    ]) {
      const lines = postern.log().filter(line => line.endsWith(`: ${words}`))
      assert.ok(lines.length >= 2 && lines.every(line => /opendmarc\[\d+\]: [0-9A-Za-z]{6,}: /.test(line)), words)
    }
  })
})
