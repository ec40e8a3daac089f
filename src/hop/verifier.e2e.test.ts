import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startFixtureDns, type Zone } from '../../test/support/fixture_dns.ts'
import { TEST_SETTINGS, tableResolver } from '../../test/support/hop_bench.ts'
import { freePort } from '../../test/support/ports.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../../test/support/real_postfix.ts'
import { type Move, ScriptedHop } from '../../test/support/scripted_hop.ts'
import type { DnsAnswer } from '../dns/resolver.ts'
import { VerifyCache } from '../store/verify_cache.ts'
import { systemClock } from '../util/clock.ts'
import { makeVerifier, type VerifyOutcome } from './verifier.ts'

const DNS = '127.0.53.77'

/** What the server says at RCPT, by local part; "mail-…" at MAIL. */
const RCPT: Readonly<Record<string, Move>> = {
  ok: '250 2.1.5 Ok',
  plain: '250 fine',
  unknown: '550 5.1.1 <unknown@there.example>: user unknown',
  bare: '550 no such user',
  later: '450 4.2.0 greylisted, come back',
  lines: '550-5.1.1 no such user\r\n550-5.1.1 in this house\r\n550 5.1.1 go away',
  shut: { say: '421 4.3.2 closing', thenClose: true },
  lost: 'CLOSE',
  strange: '550 5.1.1 b\x07d \xe4 text',
  quota: '552 5.2.2 mailbox full',
  class: '550 4.1.1 confused',
}

const ZONE: Zone['records'] = {
  'there.example': { MX: [[10, 'mx.there.example']] },
  'mx.there.example': { A: ['127.0.0.1'] },
  'nomx.example': { A: ['127.0.0.1'] },
  'nullmx.example': { MX: [[0, '.']] },
  'deadmx.example': { MX: [[10, 'gone.there.example']] },
  'refusing.example': { A: ['127.0.0.99'] },
  'broken.example': { '*': 'SERVFAIL' },
  'brokenmx.example': { MX: [[10, 'mx.broken.example']] },
  'mx.broken.example': { '*': 'SERVFAIL' },
}

const ADDRESSES = [
  ...Object.keys(RCPT).map(name => `${name}@there.example`),
  'ok@nomx.example',
  'a@nullmx.example',
  'a@deadmx.example',
  'a@refusing.example',
  'a@broken.example',
  'a@brokenmx.example',
  'a@nowhere.example',
]

/** Code and text of the reply to RCPT when `sender` has to be verified; asked again until no probe is out. */
async function verdict(port: number, sender: string): Promise<string> {
  let reply = ''
  for (let i = 0; i < 15; i++) {
    reply = await rcptReply(port, sender)
    if (!reply.includes('Address verification in progress')) return reply
    await new Promise(resolve => setTimeout(resolve, 1000))
  }
  return reply
}

function rcptReply(port: number, sender: string): Promise<string> {
  const commands = ['EHLO client.example', `MAIL FROM:<${sender}>`, 'RCPT TO:<bob@mail.example>']
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1')
    let text = ''
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('connection closed before the reply')))
    socket.on('data', data => {
      text += data.toString('utf8')
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        if (line[3] !== ' ') continue
        const command = commands.shift()
        if (command !== undefined) socket.write(`${command}\r\n`)
        else socket.end('QUIT\r\n', () => resolve(line))
      }
    })
  })
}

/** The reply of smtpd with unverified_sender_reject_code = 550. */
function asReply(outcome: VerifyOutcome, sender: string): string {
  if (outcome.status === 'ok') return '250 2.1.5 Ok'
  if (outcome.status === 'undeliverable')
    return `550 5.1.7 <${sender}>: Sender address rejected: undeliverable address: ${outcome.text}`
  return `450 4.1.7 <${sender}>: Sender address rejected: unverified address: ${outcome.text.slice(0, 250)}`
}

const found = (...records: (DnsAnswer & { status: 'found' })['records']): DnsAnswer => ({
  status: 'found',
  records,
  stale: false,
  secondsLeft: 9,
})
const failed: DnsAnswer = { status: 'failed', reason: 'SERVFAIL' }
const nodata: DnsAnswer = { status: 'absent', reason: 'nodata', secondsLeft: 9 }

/** The zone as our resolver would tell it. */
const RESOLVER = tableResolver({
  'MX there.example': found({ type: 'MX', preference: 10, exchange: 'mx.there.example', ttl: 9 }),
  'A mx.there.example': found({ type: 'A', address: '127.0.0.1', ttl: 9 }),
  'MX nomx.example': nodata,
  'A nomx.example': found({ type: 'A', address: '127.0.0.1', ttl: 9 }),
  'MX nullmx.example': found({ type: 'MX', preference: 0, exchange: '', ttl: 9 }),
  'MX deadmx.example': found({ type: 'MX', preference: 10, exchange: 'gone.there.example', ttl: 9 }),
  'MX refusing.example': nodata,
  'A refusing.example': found({ type: 'A', address: '127.0.0.99', ttl: 9 }),
  'MX broken.example': failed,
  'A broken.example': failed,
  'MX brokenmx.example': found({ type: 'MX', preference: 10, exchange: 'mx.broken.example', ttl: 9 }),
  'A mx.broken.example': failed,
})

describe('verify and a real Postfix ask the same servers', { skip: postfixUnavailable() ?? false }, () => {
  const hop = new ScriptedHop({ RCPT: line => RCPT[/<([^@>]*)/.exec(line)?.[1] ?? ''] ?? '250 2.1.5 Ok' })
  const wanted = new Map<string, string>()
  const ours = new Map<string, string>()
  let postfix: RealPostfix
  let dns: Awaited<ReturnType<typeof startFixtureDns>>['dns']

  before(async () => {
    const port = await hop.listen()
    dns = (await startFixtureDns(ZONE, { host: DNS, port: 53 })).dns
    const dir = makeInstanceDir('verify-e2e.')
    fs.writeFileSync(
      path.join(dir, 'main.cf'),
      `
compatibility_level = 3.6
myhostname = mail.example
mydestination = mail.example
local_recipient_maps =
inet_protocols = ipv4
smtpd_peername_lookup = no
smtp_tcp_port = ${port}
smtp_host_lookup = dns
smtp_tls_security_level = none
address_verify_poll_count = 1
unverified_sender_reject_code = 550
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = reject_unverified_sender, permit_mynetworks, reject
`,
    )
    postfix = await startPostfix({ dir, port: await freePort(), dnsAddress: DNS })
    const verifier = makeVerifier({
      config: {
        postern_next_hop: 'discard:',
        postern_verify_port: port,
        smtp_address_verify_target: 'rcpt',
        address_verify_sender: 'double-bounce',
        address_verify_sender_ttl: 0,
        address_verify_poll_count: 100,
        address_verify_poll_delay: 1,
        address_verify_pending_request_limit: 5000,
        myorigin: 'mail.example',
      },
      deps: {
        settings: { ...TEST_SETTINGS, myhostname: 'mail.example' },
        resolver: RESOLVER,
        clock: systemClock,
        emit: () => undefined,
      },
      cache: new VerifyCache(
        { positiveExpire: 99, positiveRefresh: 99, negativeExpire: 99, negativeRefresh: 99, negativeCache: true },
        systemClock,
        null,
      ),
      isOurs: () => Promise.resolve(false),
    })
    await Promise.all(ADDRESSES.map(async address => wanted.set(address, await verdict(postfix.port, address))))
    for (const address of ADDRESSES) ours.set(address, asReply(await verifier.verify(address), address))
  })

  after(async () => {
    await postfix?.stop()
    await dns?.close()
    await hop.close()
    fs.rmSync(postfix.dir, { recursive: true, force: true })
  })

  for (const address of ADDRESSES) {
    test(address, () => assert.equal(ours.get(address), wanted.get(address)))
  }
})
