/** The milter under a real Postfix, with a judge that does what the mail's Subject says: what the protocol carries, both ways. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { MessageVerdict } from '../../src/model/mail_auth.ts'
import { FixtureDns } from '../support/fixture_dns.ts'
import { type MilterFace, startMilterFace } from '../support/milter_face.ts'
import { ACCEPT, type NotingJudge } from '../support/milter_packets.ts'
import { freePort } from '../support/ports.ts'
import { waitFor } from '../support/postern_program.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../support/real_postfix.ts'
import { SinkServer } from '../support/sink_server.ts'
import { SmtpClient } from '../support/smtp_client.ts'

const skip = postfixUnavailable() ?? false
const HELPER = '127.0.58.1'
const SINK_PORT = 10033
const CLIENT = '127.0.58.10'

const ZONE = {
  'client.example': { A: [CLIENT], MX: [[10, 'client.example']] as [number, string][] },
  '10.58.0.127.in-addr.arpa': { PTR: ['client.example'] },
  'mx.example.com': { A: ['127.0.0.1'] },
}

const MAIN_CF = `compatibility_level = 3.6
myhostname = mx.example.com
mydestination = example.com
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
smtpd_authorized_xclient_hosts = 127.0.0.1
local_header_rewrite_clients =
local_transport = smtp:[${HELPER}]:${SINK_PORT}
message_size_limit = 30000000
in_flow_delay = 0
smtp_line_length_limit = 0
milter_protocol = 6
`

const RESULTS = 'Authentication-Results: mx.example.com; dmarc=pass\r\n\theader.from=client.example'
const RECEIVED_SPF = 'Received-SPF: Pass'

/** By the word behind "Subject:". */
function decide(judge: NotingJudge): MessageVerdict {
  const subject = judge.fields
    .find(field => field.startsWith('Subject:'))
    ?.slice(8)
    .trim()
  switch (subject?.split(' ')[0]) {
    case 'insert':
      return { ...ACCEPT, insert: [RESULTS, RECEIVED_SPF] }
    case 'replace': {
      const forged = [1, 2, 3].map(nth => ({ name: 'authentication-results', nth }))
      return { ...ACCEPT, insert: [RESULTS, RECEIVED_SPF], remove: forged.filter(({ nth }) => nth !== 2) }
    }
    case 'reject':
      return { ...ACCEPT, action: 'reject', reply: '550 5.7.1 rejected by DMARC policy for 100%.example' }
    case 'tempfail':
      return { ...ACCEPT, action: 'tempfail', reply: '451 4.7.1 try again later' }
    case 'quarantine':
      return { ...ACCEPT, action: 'quarantine', reply: 'fails DMARC', insert: [RESULTS] }
    default:
      return ACCEPT
  }
}

describe('G23 the milter under a real Postfix', { skip }, () => {
  const dns = new FixtureDns({ records: ZONE })
  const sink = new SinkServer({})
  const closers: (() => unknown)[] = []
  /** By milter_protocol: 6 is Postfix's own, 2 is as old as they come. */
  const ports = { '6': 0, '4': 0, '3': 0, '2': 0 }
  let face: MilterFace
  let postfix: RealPostfix
  let dir = ''

  before(async () => {
    await dns.listen(HELPER, 53)
    await sink.listen(HELPER, SINK_PORT)
    face = await startMilterFace(decide)
    closers.push(
      () => dns.close(),
      () => sink.close(),
      () => face.close(),
    )
    dir = makeInstanceDir('pf-milter-')
    const milter = `smtpd_milters = inet:127.0.0.1:${face.port}\n`
    fs.writeFileSync(path.join(dir, 'main.cf'), MAIN_CF + milter)
    for (const version of ['6', '4', '3', '2'] as const) ports[version] = await freePort()
    const services = (['4', '3', '2'] as const).map(
      version => `127.0.0.1:${ports[version]} inet n - n - - smtpd -o milter_protocol=${version}\n`,
    )
    postfix = await startPostfix({ dir, port: ports[6], dnsAddress: HELPER, services: services.join('') })
    closers.push(() => postfix.stop())
  })
  after(async () => {
    for (const close of closers.reverse()) await close()
  })
  let judgesBefore = 0
  beforeEach(() => {
    judgesBefore = face?.judges.length ?? 0
  })

  const connect = async (port = ports[6]): Promise<SmtpClient> => {
    const client = new SmtpClient({ host: '127.0.0.1', port, from: '127.0.0.1' })
    await client.read()
    await client.command(`XCLIENT ADDR=${CLIENT} NAME=client.example`)
    await client.command('EHLO client.example')
    return client
  }

  /** The reply to the message; lines end in CRLF. */
  const send = async (
    client: SmtpClient,
    content: string | Buffer,
    recipients: readonly string[] = ['you@example.com'],
  ): Promise<string> => {
    await client.command('MAIL FROM:<sender@client.example>')
    for (const recipient of recipients) assert.match(await client.command(`RCPT TO:<${recipient}>`), /^250 /)
    await client.command('DATA')
    client.write(content)
    return client.command('.')
  }

  const mail = async (content: string | Buffer, port = ports[6], recipients?: readonly string[]): Promise<string> => {
    const client = await connect(port)
    const reply = await send(client, content, recipients)
    await client.command('QUIT')
    client.destroy()
    return reply
  }

  const received = (recipient: string): Promise<string> =>
    waitFor(() => sink.received.find(each => each.recipients.includes(recipient))?.content, recipient, 15_000)

  const plain = (subject: string): string =>
    `Subject: ${subject}\r\nFrom: a@client.example\r\nMessage-ID: <1@client.example>\r\nDate: Tue, 24 Nov 2026 20:00:00 +0000\r\n\r\nhello\r\n`

  for (const version of ['6', '4', '3', '2'] as const) {
    test(`milter_protocol = ${version}: headers are put on top, the first one topmost, and forged ones taken away`, async () => {
      const to = `replace${version}@example.com`
      const forged = ['one', 'two\r\n\tfolded', 'three'].map(text => `Authentication-Results: mx; ${text}\r\n`).join('')
      assert.match(await mail(`${forged}${plain('replace')}`, ports[version], [to]), /^250 2\.0\.0 Ok: queued as /)
      const content = await received(to)
      const head = `${RESULTS}\r\n${RECEIVED_SPF}\r\nReceived: from client.example (client.example [${CLIENT}])\r\n`
      // The sink's next hop adds its own Received on top.
      assert.ok(content.includes(head), content)
      assert.ok(content.startsWith(RESULTS), content)
      assert.deepEqual(content.match(/^Authentication-Results: mx; .*/gm), ['Authentication-Results: mx; two'])
      assert.match(content, /mx; two\r\n\tfolded\r\nSubject: replace\r\nFrom: a@client\.example\r\n/)
    })

    test(`milter_protocol = ${version}: the client hears why it is refused`, async () => {
      assert.equal(await mail(plain('reject'), ports[version]), '550 5.7.1 rejected by DMARC policy for 100%.example')
      assert.equal(await mail(plain('tempfail'), ports[version]), '451 4.7.1 try again later')
    })
  }

  test('quarantine holds the mail in the queue', async () => {
    const reply = await mail(plain('quarantine'), ports[6], ['held@example.com'])
    const id = /queued as (\S+)/.exec(reply)?.[1] ?? ''
    await waitFor(() => (fs.existsSync(path.join(dir, 'spool/hold', id)) ? true : undefined), `hold/${id}`)
    assert.match(
      fs.readFileSync(path.join(dir, 'spool/hold', id), 'latin1'),
      /Authentication-Results: mx\.example\.com/,
    )
    assert.ok(!sink.received.some(each => each.recipients.includes('held@example.com')))
  })

  test('the judge is told who sends what to whom', async () => {
    const recipients = ['one@example.com', 'two@example.com', 'three@example.com']
    const reply = await mail(plain('accept'), ports[6], recipients)
    assert.deepEqual(face.judges.at(-1)?.envelope, {
      clientAddress: CLIENT,
      clientName: 'client.example',
      helo: 'client.example',
      sender: 'sender@client.example',
      recipients,
      authenticated: false,
      queueId: /queued as (\S+)/.exec(reply)?.[1],
    })
  })

  test('a recipient that Postfix refuses is not told', async () => {
    const client = await connect()
    await client.command('MAIL FROM:<sender@client.example>')
    assert.match(await client.command('RCPT TO:<you@elsewhere.example>'), /^[45]54 /)
    assert.match(await client.command('RCPT TO:<you@example.com>'), /^250 /)
    await client.command('DATA')
    client.write(plain('accept'))
    assert.match(await client.command('.'), /^250 /)
    client.destroy()
    assert.deepEqual(face.judges.at(-1)?.envelope?.recipients, ['you@example.com'])
  })

  test('several messages over one connection, and one that is broken off', async () => {
    const before = face.connections.all
    const client = await connect()
    assert.match(await send(client, plain('accept one'), ['m1@example.com']), /^250 /)
    assert.match(await send(client, plain('reject'), ['m2@example.com']), /^550 5\.7\.1 /)
    await client.command('MAIL FROM:<gone@client.example>')
    await client.command('RCPT TO:<gone@example.com>')
    await client.command('RSET')
    assert.match(await send(client, plain('insert'), ['m3@example.com']), /^250 /)
    assert.match(await send(client, plain('accept four'), ['m4@example.com']), /^250 /)
    await client.command('QUIT')
    client.destroy()
    const senders = face.judges.slice(judgesBefore).map(judge => judge.envelope?.recipients.join())
    assert.deepEqual(senders, ['m1@example.com', 'm2@example.com', 'm3@example.com', 'm4@example.com'])
    // XCLIENT makes Postfix connect anew.
    assert.ok(face.connections.all - before <= 2, String(face.connections.all - before))
    assert.ok((await received('m3@example.com')).startsWith(RESULTS))
    assert.ok(!(await received('m4@example.com')).includes(RESULTS))
  })

  const fields: readonly Buffer[] = [
    'Subject: insert of many kinds',
    'X-Folded: one\r\n two\r\n\tthree \r\n  four',
    'X-No-Blank:value',
    'X-Two-Blanks:  value',
    'X-Tab:\tvalue',
    'X-Empty:',
    'X-Blank: ',
    'X-Trailing: value \t ',
    'X-8-bit: \xe4\xf6\xfc \xc3\xa4 \xff\xfe',
    'X-Percent: 100% %% %s',
    `X-Long: ${'x'.repeat(5000)}`,
    `X-Long-Folded: ${Array.from({ length: 300 }, (_, i) => `<${i}@client.example>`).join('\r\n ')}`,
    'X-Begin:\r\n below',
    'DKIM-Signature: v=1; a=rsa-sha256; d=client.example;\r\n\tb=abc=\r\n\tdef',
    'From: "A B" <a@client.example>',
    'Message-ID: <2@client.example>',
    'Date: Tue, 24 Nov 2026 20:00:00 +0000',
    'x-lower: 1',
    'X-UPPER: 2',
  ].map(field => Buffer.from(field, 'latin1'))
  const BODY = Buffer.from(
    `hello \xe4\r\n.\r\n..\r\n\r\n\ttab \r\n${'y'.repeat(4000)}\r\n\r\nend without\r\n\r\n\r\n`,
    'latin1',
  )

  for (const version of ['6', '4'] as const) {
    test(`milter_protocol = ${version}: headers and body are the same bytes for client, judge and next hop`, async () => {
      const to = `bytes${version}@example.com`
      const head = fields.map(field => field.toString('latin1'))
      const content = `${head.join('\r\n')}\r\n\r\n${BODY.toString('latin1')}`
      const stuffed = Buffer.from(content.replace(/^\./gm, '..'), 'latin1')
      assert.match(await mail(stuffed, ports[version], [to]), /^250 /)
      const judge = face.judges.at(-1)
      // Before version 6 Postfix eats the blank, so that none and one look alike.
      const seen = (field: string): string => (version === '6' ? field : field.replace(/^([\w-]+:)(?! )/, '$1 '))
      assert.deepEqual(judge?.fields, head.map(seen))
      assert.deepEqual(judge?.content, BODY)
      const delivered = await received(to)
      assert.ok(delivered.startsWith(`${RESULTS}\r\n${RECEIVED_SPF}\r\nReceived: `))
      const original = delivered.slice(delivered.indexOf('Subject: '))
      assert.equal(original, content.replace(/\r\n$/, ''))
    })
  }

  test('a body of 10 MB streams through', async () => {
    const line = `${'0123456789'.repeat(7)}\r\n`
    const body = line.repeat(10_000_000 / line.length)
    assert.match(await mail(plain('insert') + body, ports[6], ['large@example.com']), /^250 /)
    assert.equal(face.judges.at(-1)?.content.toString('latin1'), `hello\r\n${body}`)
    assert.ok((await received('large@example.com')).length > body.length)
  })

  test('twenty sessions at once', async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        mail(plain(i % 2 === 0 ? 'insert' : 'reject'), ports[6], [`p${i}@example.com`]),
      ),
    )
    for (const [i, reply] of replies.entries()) assert.match(reply, i % 2 === 0 ? /^250 / : /^550 5\.7\.1 /)
  })

  test('Postfix finds nothing to complain about', async () => {
    await waitFor(() => (face.connections.open === 0 ? true : undefined), 'the end of all connections')
    assert.deepEqual(face.warnings, [])
    const complaints = fs
      .readFileSync(postfix.logPath, 'utf8')
      .split('\n')
      .filter(line => /warning: |milter .*(?:error|unexpected|bad)/.test(line))
    assert.deepEqual(complaints, [])
  })
})
