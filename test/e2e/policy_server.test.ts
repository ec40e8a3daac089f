/** The policy server under a real Postfix: the guide's lines, in its main.cf and in ours. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { FixtureDns } from '../support/fixture_dns.ts'
import { freePort } from '../support/ports.ts'
import { type PosternProgram, startPostern, waitFor } from '../support/postern_program.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../support/real_postfix.ts'
import { SinkServer } from '../support/sink_server.ts'
import { SmtpClient } from '../support/smtp_client.ts'

const skip = postfixUnavailable() ?? false
/** The guide's port, if nobody has it here. */
const GUIDE_PORT = 10023
const HELPER = '127.0.57.1'
const SINK_PORT = 10033
const LISTED = '127.0.57.66'

const ZONE = {
  'client.example': {
    A: ['127.0.57.10'],
    MX: [[10, 'client.example']] as [number, string][],
    TXT: ['v=spf1 ip4:127.0.57.10 ip4:203.0.113.10 -all'],
  },
  '10.57.0.127.in-addr.arpa': { PTR: ['client.example'] },
  'listed.example': { A: [LISTED], MX: [[10, 'listed.example']] as [number, string][] },
  '66.57.0.127.in-addr.arpa': { PTR: ['listed.example'] },
  '66.57.0.127.bl.example': { A: ['127.0.0.2'], TXT: ['listed for the test'] },
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
local_transport = smtp:[${HELPER}]:${SINK_PORT}
in_flow_delay = 0
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_policy_service_retry_delay = 1s
`

/** What each further smtpd of the real Postfix asks, by the port it gets. */
interface Doors {
  readonly greylist: number
  readonly unix: number
  readonly spf: number
  readonly list: number
  readonly fallback: number
  readonly none: number
}

describe('G17 a real Postfix asks the policy server', { skip }, () => {
  const dns = new FixtureDns({ records: ZONE }, { keepLog: true })
  const sink = new SinkServer({})
  const closers: (() => unknown)[] = []
  let postfix: RealPostfix
  let postern: PosternProgram
  let doors: Doors
  let listPort = 0
  let policyPort = 0
  let overrides: readonly string[] = []
  let dir = ''

  before(async () => {
    await dns.listen(HELPER, 53)
    await sink.listen(HELPER, SINK_PORT)
    closers.push(
      () => dns.close(),
      () => sink.close(),
    )
    const pfDir = makeInstanceDir('pf-policy-')
    dir = makeInstanceDir('po-policy-')
    fs.writeFileSync(path.join(pfDir, 'main.cf'), MAIN_CF)
    fs.writeFileSync(path.join(dir, 'main.cf'), MAIN_CF)
    const ports = await Promise.all(Array.from({ length: 9 }, () => freePort()))
    const [port = 0, greylist = 0, unix = 0, spf = 0, list = 0, fallback = 0, none = 0] = ports
    listPort = ports[7] ?? 0
    policyPort = (await isFree(GUIDE_PORT)) ? GUIDE_PORT : (ports[8] ?? 0)
    doors = { greylist, unix, spf, list, fallback, none }
    const smtpd = (at: number, restriction: string, more = ''): string =>
      `127.0.0.1:${at} inet n - n - - smtpd -o { smtpd_recipient_restrictions=reject_unauth_destination, ${restriction} } ${more}\n`
    const services = [
      smtpd(greylist, `check_policy_service inet:127.0.0.1:${policyPort}`),
      smtpd(unix, `check_policy_service unix:${pfDir}/spool/postgrey/socket`),
      smtpd(spf, 'check_policy_service unix:private/policyd-spf'),
      smtpd(list, `check_policy_service inet:127.0.0.1:${listPort}`),
      smtpd(
        fallback,
        `check_policy_service inet:127.0.0.1:${policyPort}`,
        '-o smtpd_policy_service_default_action=DUNNO -o smtpd_policy_service_timeout=20s',
      ),
      smtpd(none, `check_policy_service inet:127.0.0.1:${policyPort}`),
    ]
    postfix = await startPostfix({ dir: pfDir, port, dnsAddress: HELPER, services: services.join('') })
    closers.push(() => postfix.stop())
    fs.mkdirSync(path.join(pfDir, 'spool/postgrey'))
    overrides = [
      `queue_directory=${pfDir}/spool`,
      'postern_greylist_delay=1s',
      'postern_next_hop=discard:',
      `postern_policy_listen=inet:127.0.0.1:${policyPort} { check_greylist },
        unix:${pfDir}/spool/postgrey/socket,
        unix:private/policyd-spf { check_spf },
        inet:127.0.0.1:${listPort} { reject_unknown_client_hostname, reject_rbl_client bl.example, check_spf, check_greylist }`,
      `smtpd_recipient_restrictions=reject_unauth_destination, check_policy_service inet:127.0.0.1:${policyPort}`,
    ]
    postern = await startPostern({ dir, dns: `${HELPER}:53`, overrides, workers: 2 })
    closers.push(() => postern.stop())
  })
  after(async () => {
    for (const close of closers.reverse()) await close()
  })

  const session = async (port: number, address: string, name: string): Promise<SmtpClient> => {
    const client = new SmtpClient({ host: '127.0.0.1', port, from: '127.0.0.1' })
    await client.read()
    await client.command(`XCLIENT ADDR=${address} NAME=${name}`)
    await client.command(`EHLO ${name === '[UNAVAILABLE]' ? 'client.example' : name}`)
    return client
  }

  /** The reply to RCPT; with a message behind it when it is accepted. */
  const mail = async (to: {
    port: number
    sender: string
    recipient: string
    address?: string
    name?: string
  }): Promise<string> => {
    const client = await session(to.port, to.address ?? '127.0.57.10', to.name ?? 'client.example')
    await client.command(`MAIL FROM:<${to.sender}>`)
    const reply = await client.command(`RCPT TO:<${to.recipient}>`)
    if (reply.startsWith('250')) {
      await client.command('DATA')
      const said = await client.command(`Subject: ${to.sender} to ${to.recipient}\r\n\r\nhello\r\n.`)
      assert.match(said, /^250 /)
    }
    await client.command('QUIT')
    client.destroy()
    return reply
  }

  const received = (recipient: string): Promise<string> =>
    waitFor(
      () =>
        sink.received.find(each => each.recipients.includes(`<${recipient}>`) || each.recipients.includes(recipient))
          ?.content,
      `mail to ${recipient}`,
      15_000,
    )

  for (const [what, door] of [
    ['check_policy_service inet:127.0.0.1:10023', 'greylist'],
    ['check_policy_service unix:…/postgrey/socket', 'unix'],
  ] as const) {
    test(`G17 ${what}: a new triplet waits, its retry passes with a header`, async () => {
      const to = { port: doors[door], sender: `${door}@client.example`, recipient: `${door}@example.com` }
      assert.equal(
        await mail(to),
        `450 4.2.0 <${to.recipient}>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html`,
      )
      await postern.logged(
        new RegExp(
          `postgrey\\[\\d+\\]: action=greylist, reason=new, client_name=client.example, client_address=127.0.57.10, sender=${to.sender}`,
        ),
      )
      await pause(2100)
      assert.match(await mail(to), /^250 /)
      assert.match(await received(to.recipient), /^X-Greylist: delayed \d+ seconds by postgrey-1\.37 at /m)
      await postern.logged(
        new RegExp(`action=pass, reason=triplet found, delay=\\d+, client_name=client.example.*${to.sender}`),
      )
    })
  }

  test('G17 several requests over one connection: recipients of one mail, and of the next', async () => {
    const client = await session(doors.greylist, '127.0.57.10', 'client.example')
    for (const round of ['a', 'b']) {
      await client.command(`MAIL FROM:<${round}-many@client.example>`)
      for (let i = 0; i < 5; i++)
        assert.match(await client.command(`RCPT TO:<${round}${i}@example.com>`), /^450 4\.2\.0 .*Greylisted/)
      await client.command('RSET')
    }
    client.destroy()
  })

  test('G22 check_policy_service unix:private/policyd-spf: Received-SPF in the mail', async () => {
    // policyd-spf skips clients of 127.0.0.0/8.
    const address = '203.0.113.10'
    const to = { port: doors.spf, sender: 'spf@client.example', recipient: 'spf@example.com', address }
    assert.match(await mail(to), /^250 /)
    assert.match(await received(to.recipient), /^Received-SPF: Pass \(mailfrom\) identity=mailfrom;/m)
    await postern.logged(/policyd-spf\[\d+\]: prepend Received-SPF: Pass/)
  })

  test('G17 one call runs a whole list, and its questions are asked at once', async () => {
    const listed = {
      port: doors.list,
      sender: 'x@listed.example',
      recipient: 'list@example.com',
      address: LISTED,
      name: 'listed.example',
    }
    assert.equal(
      await mail(listed),
      `554 5.7.1 <list@example.com>: Recipient address rejected: Service unavailable; Client host [${LISTED}] blocked using bl.example; listed for the test`,
    )
    await postern.logged(
      new RegExp(
        `postern/policy\\[\\d+\\]: NOQUEUE: reject: RCPT from listed\\.example\\[${LISTED}\\]: 554 5\\.7\\.1 `,
      ),
    )
    // A name that Postfix does not give is no finding: it was looked up.
    const nameless = { ...listed, address: '127.0.57.99', name: '[UNAVAILABLE]', sender: 'x@client.example' }
    assert.match(
      await mail(nameless),
      /^450 4\.7\.25 <list@example\.com>: Recipient address rejected: Client host rejected: cannot find your hostname/,
    )
    assert.ok(
      dns.log.some(line => line.startsWith('99.57.0.127.in-addr.arpa')),
      dns.log.join(),
    )
    // The last word of the list is greylisting.
    const good = { port: doors.list, sender: 'list@client.example', recipient: 'list@example.com' }
    assert.match(await mail(good), /^450 4\.2\.0 .*Greylisted/)
  })

  test('G17 the same line in our own main.cf gives the same answers without a connection', async () => {
    const to = { sender: 'both@client.example', recipient: 'both@example.com' }
    const ours = await mail({ ...to, port: postern.port })
    // The same triplet: whoever asks first begins its delay.
    const theirs = await mail({ ...to, port: doors.greylist })
    assert.match(ours, /^450 4\.2\.0 .*Greylisted/)
    assert.equal(ours, theirs)
    await pause(2100)
    assert.match(await mail({ ...to, port: postern.port }), /^250 /)
    await postern.logged(/action=pass, reason=triplet found.*both@client\.example/)
  })

  test('T5.3 with the lines that "postern check" prints, mail flows when Postern is killed', async () => {
    const to = { sender: 'killed@client.example', recipient: 'killed@example.com' }
    assert.match(await mail({ ...to, port: doors.fallback }), /^450 4\.2\.0 /)
    process.kill(-postern.pid, 'SIGKILL')
    await waitFor(() => (isAlive(postern.pid) ? undefined : true), 'the end of Postern')
    assert.match(await mail({ ...to, port: doors.fallback }), /^250 /)
    await received(to.recipient)
    // What the lines are for.
    assert.match(await mail({ ...to, port: doors.none }), /^451 4\.3\.5 .*Server configuration problem/)
    postern = await startPostern({ dir, dns: `${HELPER}:53`, overrides, workers: 2 })
    assert.match(await mail({ ...to, port: doors.none }), /^450 4\.2\.0 |^250 /)
  })
})

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function isFree(port: number): Promise<boolean> {
  const { createServer } = await import('node:net')
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
