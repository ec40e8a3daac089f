/** DMARC in the gateway: check_dmarc at end of data, and the same judge by smtpd_milters. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readSigningKey, signDkim } from '../../src/mailauth/dkim/sign.ts'
import { ByteSink, type SunkMessage } from '../support/byte_sink.ts'
import { type FixtureDns, startFixtureDns } from '../support/fixture_dns.ts'
import { sendMessages } from '../support/message_sender.ts'
import { joinMessage, messageOf } from '../support/messages.ts'
import { type PosternInside, posternOverrides, startPosternInside } from '../support/postern_inside.ts'

/** May send for good.example. */
const GOOD_CLIENT = '127.0.0.9'
const OTHER_CLIENT = '127.0.0.8'
const KEYS = generateKeyPairSync('ed25519')
const SIGNER = readSigningKey({
  domain: 'signed.example',
  selector: 's1',
  pem: KEYS.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
})
const PUBLIC_KEY = KEYS.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')

const ZONE = {
  'good.example': { TXT: [[`v=spf1 ip4:${GOOD_CLIENT} -all`]] },
  '_dmarc.good.example': { TXT: [['v=DMARC1; p=reject']] },
  'signed.example': { TXT: [['v=spf1 -all']] },
  '_dmarc.signed.example': { TXT: [['v=DMARC1; p=reject']] },
  's1._domainkey.signed.example': { TXT: [[`v=DKIM1; k=ed25519; p=${PUBLIC_KEY}`]] },
  'quarantined.example': { TXT: [['v=spf1 -all']] },
  '_dmarc.quarantined.example': { TXT: [['v=DMARC1; p=quarantine']] },
  'watched.example': { TXT: [['v=spf1 -all']] },
  '_dmarc.watched.example': { TXT: [['v=DMARC1; p=none']] },
  'broken.example': { TXT: [['v=spf1 -all']] },
  '_dmarc.broken.example': { TXT: 'SERVFAIL' },
}

interface Outcome {
  readonly reply: string
  readonly mail: SunkMessage | undefined
  /** Lines of the log since the message began. */
  readonly log: readonly string[]
}

/** How the verdict gets its effect. */
const WAYS: readonly (readonly [string, string])[] = [
  ['check_dmarc', 'smtpd_end_of_data_restrictions = check_dmarc\n'],
  ['smtpd_milters', 'smtpd_milters = inet:127.0.0.1:8893\n'],
]

for (const [way, lines] of WAYS)
  describe(`DMARC by ${way}`, () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-dmarc-'))
    const sink = new ByteSink({ keep: true })
    let dns: FixtureDns
    let postern: PosternInside
    before(async () => {
      const started = await startFixtureDns(ZONE)
      dns = started.dns
      const hop = await sink.listen()
      fs.writeFileSync(path.join(dir, 'main.cf'), mainCf(hop, `${dir}/hold`) + lines)
      postern = await startPosternInside({ dir, overrides: posternOverrides(dir, `127.0.0.1:${started.port}`) })
    })
    after(async () => {
      await postern.stop()
      sink.close()
      dns.close()
      fs.rmSync(dir, { recursive: true, force: true })
    })

    async function send(message: Buffer | string, from: string, chunkSize?: number): Promise<Outcome> {
      const seen = sink.messages.length
      const logged = fs.readFileSync(postern.logPath, 'latin1').length
      const bytes = typeof message === 'string' ? Buffer.from(message) : message
      const recipients = ['one@example.org', 'two@example.org']
      const chunks = chunkSize === undefined ? {} : { chunkSize }
      const [reply = ''] = await sendMessages([bytes], { port: postern.port, from, recipients, ...chunks })
      const log = fs.readFileSync(postern.logPath, 'latin1').slice(logged).split('\n')
      return { reply, mail: sink.messages[seen], log }
    }

    for (const chunkSize of [undefined, 50])
      test(`T10.4 G23 forged mail of a p=reject domain is refused for all recipients, with ${chunkSize === undefined ? 'DATA' : 'BDAT'}`, async () => {
        const { reply, mail, log } = await send(from('boss@signed.example'), OTHER_CLIENT, chunkSize)
        assert.equal(reply, '550 5.7.1 rejected by DMARC policy for signed.example')
        assert.equal(mail, undefined)
        const what = way === 'check_dmarc' ? 'smtpd\\[\\d+\\]: \\w+: reject' : 'cleanup\\[\\d+\\]: \\w+: milter-reject'
        assert.ok(
          log.some(line =>
            new RegExp(`${what}: END-OF-MESSAGE from [^:]*: .*DMARC policy for signed.example`).test(line),
          ),
          log.join('\n'),
        )
        assert.ok(
          log.some(line => /opendmarc\[\d+\]: \w{12}: signed\.example fail/.test(line)),
          log.join('\n'),
        )
      })

    test('aligned SPF passes, and says so on top', async () => {
      const { reply, mail } = await send(from('a@good.example'), GOOD_CLIENT)
      assert.match(reply, /^250/)
      const text = mail?.bytes.toString() ?? ''
      assert.match(text, /^Authentication-Results: mx\.example\.org;/)
      assert.match(unfold(text), /dmarc=pass/)
      assert.ok(text.endsWith(`\r\n${from('a@good.example')}`))
    })

    test('an aligned DKIM signature passes, and one of another message does not', async () => {
      const signed = sign(from('a@signed.example'))
      const { reply, mail, log } = await send(signed, OTHER_CLIENT)
      assert.match(reply, /^250/, log.join('\n'))
      assert.match(unfold(mail?.bytes.toString() ?? ''), /dkim=pass .*dmarc=pass/)
      const changed = Buffer.from(signed.toString('latin1').replace('text', 'test'), 'latin1')
      assert.equal((await send(changed, OTHER_CLIENT)).reply, '550 5.7.1 rejected by DMARC policy for signed.example')
    })

    test('what only changes on our way does not break a signature: dropped fields, added ones, a big message', async () => {
      const text = `Return-Path: <x@y>\r\nBcc: z@z\r\n${from('a@signed.example')}${`${'y'.repeat(70)}\r\n`.repeat(9000)}`
      const { reply, mail } = await send(sign(text), OTHER_CLIENT)
      assert.match(reply, /^250/)
      const carried = mail?.bytes.toString() ?? ''
      assert.doesNotMatch(carried, /^(?:Bcc|Return-Path):/m)
      assert.match(unfold(carried.slice(0, 2000)), /dkim=pass .*dmarc=pass/)
    })

    test('p=quarantine is held', async () => {
      const { reply, mail } = await send(from('a@quarantined.example'), OTHER_CLIENT)
      assert.match(reply, /^250/)
      assert.equal(mail, undefined)
      const [held] = fs.readdirSync(path.join(dir, 'hold/new'))
      assert.match(fs.readFileSync(path.join(dir, 'hold/new', held ?? ''), 'latin1'), /dmarc=fail/)
    })

    test('p=none and no policy pass, with the result', async () => {
      const watched = await send(from('a@watched.example'), OTHER_CLIENT)
      const none = await send(from('a@nothing.example'), OTHER_CLIENT)
      assert.match(unfold(watched.mail?.bytes.toString() ?? ''), /dmarc=fail .*header\.from=watched\.example/)
      assert.match(unfold(none.mail?.bytes.toString() ?? ''), /dmarc=none/)
    })

    test('T14.1 trouble with the DNS is never a permanent refusal', async () => {
      const { reply, mail } = await send(from('a@broken.example'), OTHER_CLIENT)
      assert.match(reply, /^250/)
      assert.match(unfold(mail?.bytes.toString() ?? ''), /dmarc=temperror/)
    })

    test('a forged Authentication-Results with our name is taken out, others stay', async () => {
      const ours = 'Authentication-Results: mx.example.org; dmarc=pass\r\n'
      const others = 'Authentication-Results: mx.other.example;\r\n\tdmarc=pass\r\n'
      const { mail } = await send(`${others}${ours}Received: by x\r\n${from('a@watched.example')}`, OTHER_CLIENT)
      const text = mail?.bytes.toString() ?? ''
      assert.equal(text.split(ours).length, 1)
      assert.ok(text.endsWith(`\r\n${others}Received: by x\r\n${from('a@watched.example')}`))
    })
  })

function from(address: string): string {
  return `From: Somebody <${address}>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nSubject: x\r\n\r\n.text\r\n`
}

function sign(text: string): Buffer {
  const message = messageOf(text)
  const options = { by: SIGNER, headerForm: 'relaxed', bodyForm: 'relaxed', time: null, expires: null } as const
  const names = ['From', 'Date', 'Subject']
  const field = signDkim(message, { ...options, identity: null, names })
  return joinMessage({ ...message, fields: [Buffer.from(field), ...message.fields] })
}

function unfold(text: string): string {
  return text.replace(/\r\n[ \t]+/g, ' ')
}

function mainCf(hop: number, hold: string): string {
  return `
compatibility_level = 3.6
myhostname = mx.example.org
mydestination = example.org
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.1
smtpd_error_sleep_time = 0
postern_next_hop = smtp:[127.0.0.1]:${hop}
postern_hold_hop = maildir:${hold}
postern_dmarc_ignore_hosts =
postern_dmarc_hold_quarantined = yes
postern_message_staging_size = 10000
`
}
