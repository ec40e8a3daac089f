import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SmtpSession } from '../../test/support/smtp_session.ts'

const HAPROXY = 'smtpd_upstream_proxy_protocol = haproxy'
const LISTED = { postern_proxy_hosts: ['192.0.2.7'] }

describe('behind a load balancer', () => {
  test('the client is whom the PROXY header names', async () => {
    const session = new SmtpSession({ mainCf: HAPROXY, lists: LISTED })
    assert.deepEqual(await session.hear(), [])
    assert.deepEqual(await session.sayRaw('PROXY TCP6 2001:DB8::7 2001:db8::25 40000 25\r\n'), [
      '220 mx.here.example ESMTP Postfix',
    ])
    await session.say('EHLO x', 'MAIL FROM:<a@x.example>')
    const facts = session.judged.at(-1)?.facts
    assert.deepEqual(
      [facts?.client.address, facts?.client.port, facts?.server],
      ['2001:db8::7', 40_000, { address: '2001:db8::25', port: 25 }],
    )
    await session.say('QUIT')
    await session.over
    assert.equal(session.log[0], 'smtpd: connect from client.example[2001:db8::7]')
  })

  test('what comes in the same packet as the header is not lost', async () => {
    const session = new SmtpSession({ mainCf: HAPROXY, lists: LISTED })
    const replies = await session.sayRaw('PROXY TCP4 192.0.2.99 192.0.2.25 40000 25\r\nQUIT\r\n')
    assert.deepEqual(replies, ['220 mx.here.example ESMTP Postfix', '221 2.0.0 Bye'])
  })

  test('UNKNOWN: the balancer itself', async () => {
    const session = new SmtpSession({ mainCf: HAPROXY, lists: LISTED })
    await session.sayRaw('PROXY UNKNOWN\r\n')
    await session.say('QUIT')
    await session.over
    assert.equal(session.log[0], 'smtpd: connect from client.example[192.0.2.7]')
  })

  test('a stranger who claims to be somebody else is sent away', async () => {
    const session = new SmtpSession({ mainCf: HAPROXY })
    assert.deepEqual(await session.sayRaw('PROXY TCP4 127.0.0.1 192.0.2.25 40000 25\r\n'), [
      '421 4.3.0 mx.here.example Server local error',
    ])
    await session.over
    assert.deepEqual(session.log, ['smtpd: warning: haproxy read: not one of postern_proxy_hosts from 192.0.2.7'])
    assert.equal(session.stream.ended, true)
  })

  test('no header within smtpd_upstream_proxy_timeout, or none at all', async () => {
    const late = new SmtpSession({ mainCf: `${HAPROXY}\nsmtpd_upstream_proxy_timeout = 3s`, lists: LISTED })
    await late.clock.advance(3000)
    assert.deepEqual(await late.hear(), ['421 4.3.0 mx.here.example Server local error'])
    await late.over
    assert.deepEqual(late.log, ['smtpd: warning: haproxy read: timeout error from 192.0.2.7'])
    const plain = new SmtpSession({ mainCf: HAPROXY, lists: LISTED })
    assert.deepEqual(await plain.say('EHLO x'), ['421 4.3.0 mx.here.example Server local error'])
    await plain.over
    assert.deepEqual(plain.judged, [])
  })
})

test('an IPv4 client on an IPv6 socket is an IPv4 client', async () => {
  const session = new SmtpSession({ client: '::ffff:192.0.2.9' })
  await session.say('QUIT')
  await session.over
  assert.equal(session.log[0], 'smtpd: connect from client.example[192.0.2.9]')
})

test('a fault of ours is told to the log and to the client, and ends this session only', async () => {
  const session = new SmtpSession({
    verdict: () => {
      throw new Error('boom')
    },
  })
  assert.deepEqual(await session.hear(), ['421 4.3.0 mx.here.example Server local error'])
  await session.over
  assert.ok(session.log.some(line => line.startsWith('smtpd: error: session failed: Error: boom')))
  assert.equal(session.server.sessions, 0)
})

test('queue ids differ, short and long', async () => {
  for (const [setting, form] of [
    ['no', /^[0-9A-F]{12}$/],
    ['yes', /^[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{4}$/],
  ] as const) {
    const session = new SmtpSession({ mainCf: `enable_long_queue_ids = ${setting}` })
    await session.say('EHLO x')
    for (let i = 0; i < 50; i++) await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'RSET')
    const ids = session.events.flatMap(event => (event.kind === 'accept_client' ? [event.queueId] : []))
    assert.equal(new Set(ids).size, 50)
    for (const id of ids) assert.match(id, form)
  }
})
