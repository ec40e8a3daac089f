/** `postern serve` as the milter of a real Postfix: verdicts, reload, stop, and what happens when it is gone. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { FixtureDns } from '../support/fixture_dns.ts'
import { connectMilter } from '../support/milter_client.ts'
import { mta } from '../support/milter_packets.ts'
import { freePort } from '../support/ports.ts'
import { type PosternProgram, startPostern, waitFor } from '../support/postern_program.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../support/real_postfix.ts'
import { SinkServer } from '../support/sink_server.ts'
import { SmtpClient } from '../support/smtp_client.ts'

const skip = postfixUnavailable() ?? false
const HELPER = '127.0.59.1'
const SINK_PORT = 10033
/** OpenDMARC and Postern ignore mail of 127.0.0.0/8. */
const CLIENT = '203.0.113.10'

const ZONE = {
  'client.example': {
    A: [CLIENT],
    MX: [[10, 'client.example']] as [number, string][],
    TXT: [`v=spf1 ip4:${CLIENT} -all`],
  },
  '_dmarc.client.example': { TXT: ['v=DMARC1; p=reject'] },
  'bank.example': { A: ['203.0.113.99'], TXT: ['v=spf1 -all'] },
  '_dmarc.bank.example': { TXT: ['v=DMARC1; p=reject'] },
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
in_flow_delay = 0
`

const GOOD = 'From: me@client.example\r\nSubject: good\r\n\r\nhello\r\n'
const FORGED = 'From: "The Bank" <service@bank.example>\r\nSubject: forged\r\n\r\nyour password\r\n'

/** What each further smtpd of the real Postfix is, by the port it gets. */
interface Doors {
  readonly unix: number
  readonly accept: number
  readonly none: number
}

describe('G23 postern serve as milter', { skip }, () => {
  const dns = new FixtureDns({ records: ZONE })
  const sink = new SinkServer({})
  const closers: (() => unknown)[] = []
  let postfix: RealPostfix
  let postern: PosternProgram
  let doors: Doors
  let milterPort = 0
  let dir = ''
  let socketPath = ''
  let start: () => Promise<PosternProgram>

  before(async () => {
    await dns.listen(HELPER, 53)
    await sink.listen(HELPER, SINK_PORT)
    closers.push(
      () => dns.close(),
      () => sink.close(),
    )
    const pfDir = makeInstanceDir('pf-milter-')
    dir = makeInstanceDir('po-milter-')
    const [port = 0, unix = 0, accept = 0, none = 0, listen = 0] = await Promise.all(
      Array.from({ length: 5 }, () => freePort()),
    )
    milterPort = listen
    doors = { unix, accept, none }
    socketPath = path.join(pfDir, 'spool/postern-milter')
    fs.writeFileSync(path.join(pfDir, 'main.cf'), `${MAIN_CF}smtpd_milters = inet:127.0.0.1:${milterPort}\n`)
    fs.writeFileSync(path.join(dir, 'main.cf'), MAIN_CF)
    const services = [
      `127.0.0.1:${unix} inet n - n - - smtpd -o smtpd_milters=unix:${socketPath}\n`,
      `127.0.0.1:${accept} inet n - n - - smtpd -o milter_default_action=accept\n`,
      `127.0.0.1:${none} inet n - n - - smtpd\n`,
    ]
    postfix = await startPostfix({ dir: pfDir, port, dnsAddress: HELPER, services: services.join('') })
    closers.push(() => postfix.stop())
    start = () =>
      startPostern({
        dir,
        dns: `${HELPER}:53`,
        workers: 2,
        overrides: [
          'postern_next_hop=discard:',
          `queue_directory=${pfDir}/spool`,
          `postern_milter_listen=inet:127.0.0.1:${milterPort}, unix:postern-milter`,
          'postern_milter_socket_mode=0660',
        ],
      })
    postern = await start()
    closers.push(() => postern.stop())
    // Postfix's smtpd runs as its own user; as mode 0660 asks for.
    fs.chownSync(socketPath, 0, postfixGroup())
  })
  after(async () => {
    for (const close of closers.reverse()) await close()
  })

  const connect = async (port: number): Promise<SmtpClient> => {
    const client = new SmtpClient({ host: '127.0.0.1', port, from: '127.0.0.1' })
    await client.read()
    await client.command(`XCLIENT ADDR=${CLIENT} NAME=client.example`)
    await client.command('EHLO client.example')
    return client
  }

  const send = async (client: SmtpClient, content: string, recipient = 'you@example.com'): Promise<string> => {
    const replies = [
      await client.command('MAIL FROM:<me@client.example>'),
      await client.command(`RCPT TO:<${recipient}>`),
    ]
    const refusal = replies.find(reply => !reply.startsWith('250'))
    if (refusal !== undefined) return refusal
    await client.command('DATA')
    client.write(content)
    return client.command('.')
  }

  const mail = async (port: number, content: string, recipient?: string): Promise<string> => {
    const client = await connect(port)
    const reply = await send(client, content, recipient)
    await client.command('QUIT')
    client.destroy()
    return reply
  }

  const received = (recipient: string): Promise<string> =>
    waitFor(() => sink.received.find(each => each.recipients.includes(recipient))?.content, recipient, 15_000)

  for (const [what, port] of [
    ['inet:', () => postfix.port],
    ['unix: below queue_directory', () => doors.unix],
  ] as const) {
    test(`T10.4 ${what} forged mail of a p=reject domain is refused, sound mail gets its header`, async () => {
      assert.equal(await mail(port(), FORGED), '550 5.7.1 rejected by DMARC policy for bank.example')
      const to = `good-${port()}@example.com`
      const reply = await mail(port(), `Authentication-Results: mx.example.com; dmarc=fail\r\n${GOOD}`, to)
      assert.match(reply, /^250 /)
      const content = await received(to)
      assert.match(
        content,
        /^Authentication-Results: mx\.example\.com;[\s\S]*?dmarc=pass[\s\S]*^Received: from client\.example/m,
      )
      assert.equal(content.match(/^Authentication-Results:/gm)?.length, 1, 'the forged one is gone')
      const queueId = /queued as (\S+)/.exec(reply)?.[1] ?? ''
      await postern.logged(new RegExp(`opendmarc\\[\\d+\\]: ${queueId}: client\\.example pass`))
    })
  }

  test('the Unix socket has the permissions of postern_milter_socket_mode', () => {
    assert.equal(fs.statSync(socketPath).mode & 0o777, 0o660)
  })

  test('T5.2 what is no milter protocol is closed and told, and the next one served', async () => {
    const client = await connectMilter({ host: '127.0.0.1', port: milterPort })
    client.send(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
    await client.closed
    await postern.logged(/postern\/milter\[\d+\]: warning: closing a milter connection: a packet of 1195725856 bytes/)
    assert.match(await mail(postfix.port, GOOD), /^250 /)
  })

  test('reload keeps connections, and their next message is judged by the new configuration', async () => {
    const client = await connect(postfix.port)
    assert.equal(await send(client, FORGED), '550 5.7.1 rejected by DMARC policy for bank.example')
    fs.writeFileSync(path.join(dir, 'main.cf'), `${MAIN_CF}postern_dmarc_reject_string = not from %s\n`)
    postern.signal('SIGHUP')
    await postern.logged(/reload: .* is in use/)
    assert.equal(await send(client, FORGED), '550 5.7.1 not from bank.example')
    await client.command('QUIT')
    client.destroy()
  })

  test('a message that has begun before a reload ends with the configuration that it began with', async () => {
    const client = await connectMilter({ host: '127.0.0.1', port: milterPort })
    client.send(mta.mail(), mta.rcpt(), mta.header('From', ' a@bank.example'))
    await pauseUntilRead()
    const reloads = postern.log().filter(line => line.includes('is in use')).length
    fs.writeFileSync(path.join(dir, 'main.cf'), `${MAIN_CF}postern_dmarc_reject_string = new from %s\n`)
    postern.signal('SIGHUP')
    await waitFor(
      () => (postern.log().filter(line => line.includes('is in use')).length > reloads ? true : undefined),
      'the reload',
    )
    client.send(mta.eoh(), mta.body('x\r\n'), mta.end())
    assert.deepEqual(await client.answers(1), ['y 550 5.7.1 not from bank.example'])
    client.send(mta.mail(), mta.rcpt(), mta.header('From', ' a@bank.example'), mta.eoh(), mta.end())
    assert.deepEqual((await client.answers(2)).slice(1), ['y 550 5.7.1 new from bank.example'])
    client.send(mta.quit())
    await client.closed
  })

  test('stop lets the message that is under way end, and closes the others', async () => {
    const idle = await connectMilter({ host: '127.0.0.1', port: milterPort })
    const busy = await connectMilter({ path: socketPath })
    busy.send(mta.mail(), mta.rcpt(), mta.header('From', ' me@client.example'))
    await pauseUntilRead()
    const stopped = postern.stop()
    await idle.closed
    assert.equal(busy.isClosed, false)
    busy.send(mta.eoh(), mta.body('hello\r\n'), mta.end())
    await busy.closed
    assert.equal(busy.said().at(-1), 'a')
    await stopped
    postern = await start()
  })

  test('T5.3 Postern is killed under load, and the mail of a Postfix with milter_default_action = accept flows', async () => {
    const replies: string[] = []
    let running = true
    const load = Array.from({ length: 8 }, async () => {
      while (running) replies.push(await mail(doors.accept, GOOD))
    })
    await waitFor(() => (replies.length >= 20 ? true : undefined), 'some mail')
    process.kill(-postern.pid, 'SIGKILL')
    const before = replies.length
    await waitFor(() => (replies.length >= before + 20 ? true : undefined), 'more mail')
    running = false
    await Promise.all(load)
    for (const reply of replies) assert.match(reply, /^250 /)
    // What the line is for.
    assert.match(await mail(doors.none, GOOD), /^451 4\.7\.1 Service unavailable/)
    postern = await start()
    assert.equal(await mail(doors.accept, FORGED), '550 5.7.1 new from bank.example')
    assert.match(await mail(doors.none, GOOD), /^250 /)
  })

  test('T5.2 a worker that dies costs at most the mail that it looks at', async () => {
    const worker = Number(fs.readFileSync(`/proc/${postern.pid}/task/${postern.pid}/children`, 'utf8').split(' ')[0])
    process.kill(worker, 'SIGKILL')
    await postern.logged(/worker \d+ ended .*; starting another/)
    for (let i = 0; i < 6; i++) assert.match(await mail(doors.none, GOOD), /^250 /)
  })
})

/** What was sent has been read by the program: loopback and one turn of its event loop. */
function pauseUntilRead(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 200))
}

function postfixGroup(): number {
  const line = fs
    .readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find(text => text.startsWith('postfix:'))
  return Number(line?.split(':')[2])
}
