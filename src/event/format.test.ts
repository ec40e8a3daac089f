import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Event } from '../model/event.ts'
import { formatEvent, formatLogLine } from './format.ts'
import { formatJson } from './json.ts'

const client = 'good.example[192.0.2.1]'
const queueId = '4XYZ'

describe('formatEvent', () => {
  // Lines as Postfix 3.7 writes them.
  const cases: [Event, string][] = [
    [{ kind: 'connect', client }, 'smtpd: connect from good.example[192.0.2.1]'],
    [
      {
        kind: 'disconnect',
        client,
        commands: new Map([
          ['ehlo', { good: 1, total: 1 }],
          ['rcpt', { good: 0, total: 2 }],
        ]),
      },
      'smtpd: disconnect from good.example[192.0.2.1] ehlo=1 rcpt=0/2 commands=1/3',
    ],
    [
      { kind: 'disconnect', client, commands: new Map() },
      'smtpd: disconnect from good.example[192.0.2.1] commands=0/0',
    ],
    [
      { kind: 'lost_connection', after: 'DATA (12 bytes)', client, queueId },
      'smtpd: lost connection after DATA (12 bytes) from good.example[192.0.2.1]',
    ],
    [
      { kind: 'timeout', after: 'RCPT', client, queueId: null },
      'smtpd: timeout after RCPT from good.example[192.0.2.1]',
    ],
    [
      { kind: 'too_many_errors', after: 'UNKNOWN', client, queueId: null },
      'smtpd: too many errors after UNKNOWN from good.example[192.0.2.1]',
    ],
    [
      {
        kind: 'verdict',
        whatsup: 'reject',
        queueId: null,
        where: 'RCPT',
        client,
        text: '554 5.7.1 <a b@x.example>: no',
        sender: '',
        recipient: 'a b@x.example',
        protocol: 'ESMTP',
        helo: 'h',
      },
      'smtpd: NOQUEUE: reject: RCPT from good.example[192.0.2.1]: 554 5.7.1 <a b@x.example>: no; from=<> to=<"a b"@x.example> proto=ESMTP helo=<h>',
    ],
    [
      {
        kind: 'verdict',
        whatsup: 'reject_warning',
        queueId,
        where: 'CONNECT',
        client,
        text: 't',
        sender: null,
        recipient: null,
        protocol: 'SMTP',
        helo: null,
      },
      'smtpd: 4XYZ: reject_warning: CONNECT from good.example[192.0.2.1]: t; proto=SMTP',
    ],
    [{ kind: 'accept_client', queueId, client, sasl: null }, 'smtpd: 4XYZ: client=good.example[192.0.2.1]'],
    [
      {
        kind: 'accept_client',
        queueId,
        client,
        sasl: { method: 'PLAIN', username: 'joe', sender: 'x' },
        origQueueId: 'ABC',
        origClient: 'o[1.2.3.4]',
      },
      'smtpd: 4XYZ: client=good.example[192.0.2.1], sasl_method=PLAIN, sasl_username=joe, sasl_sender=x, orig_queue_id=ABC, orig_client=o[1.2.3.4]',
    ],
    [{ kind: 'message_id', queueId, messageId: '<1@x>' }, 'cleanup: 4XYZ: message-id=<1@x>'],
    [
      {
        kind: 'delivery',
        queueId,
        sender: 'a@x',
        recipient: 'b@y',
        relay: 'h[1.2.3.4]:25',
        dsn: '2.0.0',
        status: 'sent',
        text: '250 ok',
        delaySeconds: 1.26,
      },
      'smtp: 4XYZ: to=<b@y>, relay=h[1.2.3.4]:25, delay=1.3, delays=1.3/0/0/0, dsn=2.0.0, status=sent (250 ok)',
    ],
    [{ kind: 'warning', text: 'line\r\nbreak \u001b[31m' }, 'smtpd: warning: line??break ?[31m'],
    [{ kind: 'info', text: 'x', daemon: 'cleanup' }, 'cleanup: x'],
    [
      {
        kind: 'content',
        action: 'reject',
        queueId,
        place: 'header',
        content: `X: ${'y'.repeat(300)}`,
        client,
        sender: 'a@x',
        recipient: 'b@y',
        protocol: 'ESMTP',
        helo: 'h',
        text: '5.7.1 no',
      },
      `cleanup: 4XYZ: reject: header X: ${'y'.repeat(197)} from good.example[192.0.2.1]; from=<a@x> to=<b@y> proto=ESMTP helo=<h>: 5.7.1 no`,
    ],
  ]
  for (const [event, line] of cases)
    test(line.slice(0, 70), () => {
      const { daemon, text } = formatEvent(event)
      assert.equal(`${daemon}: ${text}`, line)
      assert.equal(formatLogLine(event, { pid: 7 }), `postfix/${daemon}[7]: ${text}`)
    })

  test('the form of Postfix 3.10 names the queue id of a lost connection', () => {
    const event: Event = { kind: 'lost_connection', after: 'MAIL', client, queueId: null }
    assert.equal(
      formatEvent(event, { addressFormat: 'external', queueIdOfLost: true, utf8: true }).text,
      'NOQUEUE: lost connection after MAIL from good.example[192.0.2.1]',
    )
  })

  test('records end after 2000 bytes, and never inside a character', () => {
    const shown = (text: string): string => formatEvent({ kind: 'info', text }).text
    for (const text of ['x'.repeat(2000), `${'x'.repeat(1998)}\u00fc`]) assert.equal(shown(text), text)
    assert.equal(shown('x'.repeat(2001)), 'x'.repeat(2000))
    assert.equal(shown(`${'x'.repeat(1999)}\u00fc`), 'x'.repeat(1999))
    assert.equal(shown('\u20ac'.repeat(1000)), '\u20ac'.repeat(666))
  })

  test('without SMTPUTF8 each byte outside ASCII is a question mark', () => {
    const event: Event = { kind: 'info', text: 'a\u00fc\u20acz\t~' }
    assert.equal(formatEvent(event, { addressFormat: 'external', queueIdOfLost: false, utf8: false }).text, 'a?????z?~')
    assert.equal(formatEvent(event).text, 'a\u00fc\u20acz?~')
  })

  test('delays as Postfix rounds them', () => {
    const shown = (delaySeconds: number): string =>
      formatEvent({
        kind: 'delivery',
        queueId,
        sender: '',
        recipient: 'b@y',
        relay: 'none',
        dsn: '2.0.0',
        status: 'sent',
        text: '',
        delaySeconds,
      }).text.replace(/.*delay=([^,]*),.*/, '$1')
    // Compared with format_tv(…, 2, 2) of Postfix.
    assert.deepEqual([0, 0.004, 0.006, 0.05, 0.126, 1, 1.04, 1.26, 9.94, 12.4, 123.4].map(shown), [
      '0',
      '0',
      '0.01',
      '0.05',
      '0.13',
      '1',
      '1',
      '1.3',
      '9.9',
      '12',
      '123',
    ])
  })
})

test('formatJson() is one line with time, fields and message', () => {
  const line = formatJson(
    { kind: 'disconnect', client, commands: new Map([['ehlo', { good: 1, total: 1 }]]) },
    { time: 0, pid: 7 },
  )
  assert.deepEqual(JSON.parse(line), {
    time: '1970-01-01T00:00:00.000Z',
    pid: 7,
    program: 'smtpd',
    severity: 'info',
    kind: 'disconnect',
    client,
    commands: { ehlo: { good: 1, total: 1 } },
    message: 'disconnect from good.example[192.0.2.1] ehlo=1 commands=1',
  })
})
