import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatEvent } from '../../event/format.ts'
import type { Event, VerdictEvent } from '../../model/event.ts'
import { addressOf } from './line_entry.ts'
import { lineEntries, type ParsedLine, parseLine, understands } from './parse_line.ts'

const time = { year: 2026, month: 11, day: 24, hour: 23, minute: 0, second: 0 }

function parse(message: string, program = 'postfix/smtpd'): ParsedLine {
  return parseLine({ time, host: 'mx', program, pid: 1, message })
}

function eventOf(message: string, program?: string): Event {
  const parsed = parse(message, program)
  assert.ok(parsed.kind === 'event', message)
  return parsed.event
}

describe('T8.2 the example of every entry is read by that entry', () => {
  for (const [daemon, entries] of Object.entries(lineEntries))
    for (const [index, entry] of entries.entries())
      test(`${daemon}: ${entry.example.slice(0, 60)}`, () => {
        const first = entries.findIndex(
          ({ pattern, event }) =>
            pattern.test(entry.example) && event?.(pattern.exec(entry.example)?.groups ?? {}) !== null,
        )
        const found = entries[first]
        assert.ok(found === entry || (found?.pattern === entry.pattern && first <= index), `entry ${first}`)
        assert.equal(parse(entry.example, `postfix/${daemon}`).kind, found.event === undefined ? 'known' : 'event')
      })
})

describe("T8.5 the address is the connection's, in the old and the 3.10 form", () => {
  const forms: [string, string, string | null][] = [
    ['lost connection after AUTH from unknown[192.0.2.1]', 'AUTH', null],
    ['NOQUEUE: lost connection after AUTH from unknown[192.0.2.1]', 'AUTH', null],
    ['4XYZ: lost connection after AUTH from unknown[192.0.2.1]:4711', 'AUTH', '4XYZ'],
    ['4XYZ: lost connection after DATA (99 bytes) from a-b.example[192.0.2.1]', 'DATA (99 bytes)', '4XYZ'],
  ]
  for (const [message, after, queueId] of forms)
    test(message, () => {
      const event = eventOf(message)
      assert.ok(event.kind === 'lost_connection')
      assert.deepEqual([event.after, event.queueId, addressOf(event.client)], [after, queueId, '192.0.2.1'])
    })
  const evil = 'lost connection after AUTH from unknown[198.51.100.9]'
  for (const message of [
    `NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.1.1 <${evil}>: no; from=<${evil}> to=<b@y> proto=ESMTP helo=<${evil}>`,
    `warning: unknown[192.0.2.1]: SASL ${evil} authentication failed: x, sasl_username=${evil}`,
    `warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: ${evil}`,
    `improper command pipelining after EHLO from unknown[192.0.2.1]: ${evil}`,
    `warning: non-SMTP command from unknown[192.0.2.1]: ${evil}`,
    `4XYZ: client=unknown[192.0.2.1], sasl_method=LOGIN, sasl_username=${evil}`,
    `${evil}: ${evil}`,
    `x ${evil}`,
  ])
    test(`forged: ${message.slice(0, 50)}`, () => {
      const parsed = parse(message)
      if (parsed.kind !== 'event') return assert.equal(parsed.kind === 'known' || parsed.kind === 'unknown', true)
      assert.notEqual(parsed.event.kind, 'lost_connection')
      if ('client' in parsed.event) assert.equal(addressOf(parsed.event.client), '192.0.2.1')
    })
  test('postscreen', () => {
    const event = eventOf('PREGREET 14 after 0.2 from [192.0.2.1]:25: PASS NEW [198.51.100.9]:1', 'postfix/postscreen')
    assert.ok(event.kind === 'screened')
    assert.equal(addressOf(event.client), '192.0.2.1')
  })
})

describe('T8.2 what event/format.ts writes is read again', () => {
  const client = 'mx.example[192.0.2.1]'
  const verdict: VerdictEvent = {
    kind: 'verdict',
    whatsup: 'reject',
    queueId: null,
    where: 'RCPT',
    client,
    text: '554 5.7.1 <a; from=<b>>: no',
    sender: 'a b@x.example',
    recipient: 'c@y.example',
    protocol: 'ESMTP',
    helo: 'h',
  }
  const words = [
    'reject',
    'reject_warning',
    'permit',
    'hold',
    'discard',
    'filter',
    'redirect',
    'bcc',
    'prepend',
    'info',
    'warn',
    'hangup',
    'milter-reject',
    'milter-hold',
  ] as const
  const events: Event[] = [
    { kind: 'connect', client },
    {
      kind: 'disconnect',
      client,
      commands: new Map([
        ['ehlo', { good: 1, total: 1 }],
        ['rcpt', { good: 0, total: 2 }],
      ]),
    },
    { kind: 'disconnect', client, commands: new Map() },
    { kind: 'disconnect', client, commands: new Map(), notes: 'x y' },
    { kind: 'lost_connection', after: 'DATA (12 bytes)', client, queueId: '4XYZ' },
    { kind: 'timeout', after: 'END-OF-MESSAGE', client, queueId: null },
    { kind: 'too_many_errors', after: 'UNKNOWN', client, queueId: null },
    ...words.map(whatsup => ({ ...verdict, whatsup })),
    { ...verdict, sender: '; from=<x> to=<y> proto=ESMTP helo=<z@x', recipient: 'a; b@y' },
    { ...verdict, queueId: '4XYZ', sender: '', recipient: null, helo: null },
    { ...verdict, where: 'CONNECT', sender: null, recipient: null, helo: null, protocol: 'SMTP' },
    { ...verdict, where: 'CONNECT', sender: null, recipient: null, helo: null, protocol: null },
    { ...verdict, where: 'HELO', sender: null, recipient: null },
    { ...verdict, whatsup: 'milter-reject', where: 'END-OF-MESSAGE', queueId: '4XYZ', daemon: 'cleanup' },
    { kind: 'accept_client', queueId: '4XYZ', client, sasl: null },
    { kind: 'accept_client', queueId: '4XYZ', client, sasl: null, saslSender: 's' },
    {
      kind: 'accept_client',
      queueId: '4XYZ',
      client,
      sasl: { method: 'PLAIN', username: 'joe', sender: 'x' },
      origClient: 'o[192.0.2.9]',
      origQueueId: 'ABC',
    },
    { kind: 'message_id', queueId: '4XYZ', messageId: '<1@x>' },
    {
      kind: 'delivery',
      queueId: '4XYZ',
      sender: '',
      recipient: 'b@y',
      relay: 'h[192.0.2.1]:25',
      dsn: '2.0.0',
      status: 'sent',
      text: '250 (ok)',
      delaySeconds: 1.3,
    },
    { kind: 'warning', text: 'x: y' },
    { kind: 'error', text: 'x', daemon: 'cleanup' },
    { kind: 'fatal', text: 'x', daemon: 'master' },
    {
      kind: 'content',
      action: 'reject',
      queueId: '4XYZ',
      place: 'header',
      content: 'X: from q[192.0.2.7]; from=<>',
      client,
      sender: 'a@x',
      recipient: null,
      protocol: 'ESMTP',
      helo: 'h',
      text: '5.7.1 no: x',
    },
    { kind: 'auth_failure', client, method: 'LOGIN', reason: 'authentication failure', username: 'joe' },
    { kind: 'auth_failure', client, method: 'LOGIN', reason: 'x', username: null },
    { kind: 'screened', what: 'PREGREET 14 after 0.2 from', client: '[192.0.2.1]:25', text: ': EHLO x' },
    { kind: 'queued', queueId: '4XYZ', sender: 'a b@x', size: 1, recipients: 2 },
    { kind: 'removed', queueId: '4XYZ' },
  ]
  for (const event of events)
    test(formatEvent(event).text.slice(0, 70), () => {
      for (const queueIdOfLost of [false, true]) {
        const written = formatEvent(event, { addressFormat: 'external', queueIdOfLost, utf8: true })
        const read = eventOf(written.text, `postfix/${written.daemon}`)
        const lost = event.kind === 'lost_connection' && !queueIdOfLost ? { ...event, queueId: null } : event
        assert.deepEqual(read, lost)
      }
    })
})

test('T8.2 an unknown line is one, a line of another program is none', () => {
  const line = { time, host: 'mx', pid: 1 }
  assert.equal(understands({ ...line, program: 'postfix/smtpd', message: 'nobody ever said this' }), false)
  assert.equal(understands({ ...line, program: 'CRON', message: 'nobody ever said this' }), true)
  assert.equal(parse('x', 'CRON').kind, 'foreign')
  assert.equal(parse('x', '__proto__').kind, 'foreign')
  assert.equal(parse('connect from a[192.0.2.1]', 'postfix-out/submission/smtpd').kind, 'event')
})
