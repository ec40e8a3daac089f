import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SmtpScript, SmtpSession } from '../../test/support/smtp_session.ts'

/** Sends one message of one recipient; the reply to its end. */
async function mail(script: SmtpScript, lines: readonly string[]): Promise<{ session: SmtpSession; reply: string }> {
  const session = new SmtpSession(script)
  await session.say('EHLO h.example')
  await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
  const replies = await session.say(...lines, '.')
  return { session, reply: (replies.at(-1) ?? '').replace(/[0-9A-F]{12}/, 'QID') }
}

const QUEUED = '250 2.0.0 Ok: queued as QID'
const FAILED = '451 4.3.0 Error: queue file write error'

/** The delivered text without our Received header. */
function content(session: SmtpSession): string {
  return (session.delivered[0]?.text ?? '').replace(/^Received: [^\n]*\n(\t[^\n]*\n)*/m, '')
}

describe('content passes unchanged', () => {
  const texts: string[][] = [
    ['Subject: x', '', 'body', '.dot', '..two'],
    ['Subject: x', ' folded', 'X-Bytes: \xff\xfe\x00', '', '\xe4\x00'],
    ['Subject: x', '', 'y'.repeat(5000), 'z'],
    ['X-Space : kept', '', ''],
  ]
  for (const lines of texts)
    test(JSON.stringify(lines).slice(0, 60), async () => {
      const { session, reply } = await mail(
        {},
        lines.map(line => (line.startsWith('.') ? `.${line}` : line)),
      )
      assert.equal(reply, QUEUED)
      assert.equal(content(session), lines.map(line => `${line}\r\n`).join(''))
    })

  test('what is no header gets the blank line that keeps it out of ours', async () => {
    const { session } = await mail({}, ['no header', 'x: y'])
    assert.equal(content(session), '\r\nno header\r\nx: y\r\n')
  })

  test('a first line that begins with a blank does not continue our header', async () => {
    const { session } = await mail({}, [' folded?', 'x'])
    assert.equal(content(session), '\r\n folded?\r\nx\r\n')
  })

  test('message_drop_headers are dropped, stray CR becomes a blank', async () => {
    const { session } = await mail({}, ['Bcc: secret@x', 'Return-Path: <x>', 'Subject: a\rb', '', 'c\rd'])
    assert.equal(content(session), 'Subject: a b\r\n\r\nc d\r\n')
  })
})

describe('verdicts at the end of the message', () => {
  test('a refusal delivers nothing, however big the message', async () => {
    const verdict: SmtpScript['verdict'] = stage => (stage === 'end_of_data' ? '554 5.7.1 no' : undefined)
    for (const size of [1, 300]) {
      const { session, reply } = await mail(
        { verdict, mainCf: 'postern_message_staging_size = 1000' },
        Array(size).fill('x'.repeat(70)),
      )
      assert.equal(reply, '554 5.7.1 no')
      assert.deepEqual(session.delivered, [])
      // Postfix 3.7: the transaction is still there.
      assert.deepEqual(await session.say('MAIL FROM:<a@x.example>', 'RSET', 'MAIL FROM:<a@x.example>'), [
        '503 5.5.1 Error: nested MAIL command',
        '250 2.0.0 Ok',
        '250 2.1.0 Ok',
      ])
    }
  })

  test('the judge is told the size', async () => {
    const { session } = await mail({}, ['x', ''])
    assert.equal(session.judged.find(({ stage }) => stage === 'end_of_data')?.facts.size, 5)
  })

  test('DISCARD, HOLD, REDIRECT, FILTER, BCC', async () => {
    const cases: [object, string, string, string[]][] = [
      [{ hold: true }, QUEUED, 'hold', ['b@y.example']],
      [{ redirect: 'r@y.example' }, QUEUED, 'main', ['r@y.example']],
      [{ filter: 'filter:x' }, QUEUED, 'filter', ['b@y.example']],
      [{ bcc: ['c@y.example'] }, QUEUED, 'main', ['b@y.example', 'c@y.example']],
      [{ redirect: 'r@y.example', bcc: ['c@y.example'] }, QUEUED, 'main', ['r@y.example', 'c@y.example']],
    ]
    for (const stage of ['recipient', 'end_of_data']) {
      for (const [effects, expected, hop, recipients] of cases) {
        const { session, reply } = await mail({ verdict: at => (at === stage ? effects : undefined) }, ['x'])
        assert.equal(reply, expected)
        assert.deepEqual(
          session.delivered.map(each => [each.hop, each.recipients]),
          [[hop, recipients]],
        )
      }
      const { session, reply } = await mail({ verdict: at => (at === stage ? { discard: true } : undefined) }, ['x'])
      assert.deepEqual([reply, session.delivered], [QUEUED, []])
    }
  })

  test('FILTER with a transport that is none of ours defers, and says what to write', async () => {
    for (const size of [1, 300]) {
      const { session, reply } = await mail(
        {
          verdict: stage => (stage === 'recipient' ? { filter: 'unknown:x' } : undefined),
          mainCf: 'postern_message_staging_size = 1000',
        },
        Array(size).fill('x'.repeat(70)),
      )
      assert.deepEqual([reply, session.delivered], ['451 4.3.5 Server configuration error', []])
      assert.ok(
        session.log.some(line =>
          /warning: \w+: cannot use FILTER unknown:x: name where .* smtp:\[HOST\]:PORT/.test(line),
        ),
        session.log.join('\n'),
      )
    }
  })

  test('HOLD without a place for it defers', async () => {
    const { session, reply } = await mail({ verdict: () => ({ hold: true }), noHold: true }, ['x'])
    assert.deepEqual([reply, session.delivered], ['451 4.7.1 Error: mail cannot be held here, try again later', []])
  })

  test('what comes too late for a message that streams already defers it', async () => {
    const verdict: SmtpScript['verdict'] = stage => (stage === 'end_of_data' ? { redirect: 'r@y.example' } : undefined)
    const { session, reply } = await mail(
      { verdict, mainCf: 'postern_message_staging_size = 1000' },
      Array(300).fill('x'.repeat(70)),
    )
    assert.deepEqual([reply, session.delivered], [FAILED, []])
    assert.ok(session.log.some(line => line.includes('has part of the message already')))
  })

  test('PREPEND comes above our Received header', async () => {
    const { session } = await mail(
      { verdict: stage => (stage === 'recipient' ? { prepend: ['X-Greylist: passed'] } : undefined) },
      ['x: y'],
    )
    assert.ok(session.delivered[0]?.text.startsWith('X-Greylist: passed\r\nReceived: from h.example'))
  })
})

describe('the next hop says', () => {
  test('no to a recipient: the client and the log hear it', async () => {
    const session = new SmtpSession({
      hopRecipient: address =>
        address.startsWith('bad') ? { ok: false, reply: '550 5.1.1 <bad@y.example>: no such user' } : { ok: true },
    })
    await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>')
    assert.deepEqual(await session.say('RCPT TO:<bad@y.example>', 'RCPT TO:<ok@y.example>', 'DATA'), [
      '550 5.1.1 <bad@y.example>: no such user',
      '250 2.1.5 Ok',
      '354 End data with <CR><LF>.<CR><LF>',
    ])
    await session.say('x', '.')
    assert.deepEqual(session.delivered[0]?.recipients, ['ok@y.example'])
    assert.ok(
      session.log.includes(
        'smtpd: QID: reject: RCPT from client.example[192.0.2.7]: 550 5.1.1 <bad@y.example>: no such user; from=<a@x.example> to=<bad@y.example> proto=ESMTP helo=<h.example>',
      ),
    )
  })

  test('no to the message: nothing is queued', async () => {
    const hopResult: SmtpScript['hopResult'] = recipients => ({
      outcome: 'refused',
      reply: '554 5.7.1 spam',
      recipients: recipients.map(recipient => ({
        recipient,
        status: 'bounced',
        relay: 'hop',
        dsn: '5.7.1',
        text: '554 5.7.1 spam',
      })),
    })
    const { session, reply } = await mail({ hopResult }, ['x'])
    assert.equal(reply, '554 5.7.1 spam')
    assert.ok(session.log.some(line => line.endsWith('dsn=5.7.1, status=bounced (554 5.7.1 spam)')))
    assert.deepEqual(await session.say('MAIL FROM:<a@x.example>'), ['250 2.1.0 Ok'])
  })
})

describe('limits of a message', () => {
  test('message_size_limit', async () => {
    const { session, reply } = await mail({ mainCf: 'message_size_limit = 100' }, ['x'.repeat(97), 'y'])
    assert.equal(reply, '552 5.3.4 Error: message file too big')
    assert.ok(session.log.includes('smtpd: warning: QID: queue file size limit exceeded'))
    assert.deepEqual(await session.say('MAIL FROM:<a@x.example> SIZE=101'), [
      '552 5.3.4 Message size exceeds fixed limit',
    ])
    const exact = await mail({ mainCf: 'message_size_limit = 100' }, ['x'.repeat(98)])
    assert.equal(exact.reply, QUEUED)
  })

  test('hopcount_limit counts our own Received header', async () => {
    const hops = (count: number): string[] => [...Array(count).fill('Received: by x'), '', 'b']
    assert.equal((await mail({ mainCf: 'hopcount_limit = 5' }, hops(3))).reply, QUEUED)
    const { session, reply } = await mail({ mainCf: 'hopcount_limit = 5' }, hops(4))
    assert.equal(reply, '554 5.4.0 Error: too many hops')
    assert.ok(session.log.includes('cleanup: warning: QID: message rejected: hopcount exceeded'))
  })
})

describe('BDAT', () => {
  test('chunks join to one message, lines may cross them', async () => {
    const session = new SmtpSession()
    await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>')
    assert.deepEqual(await session.sayRaw('BDAT 12\r\nSubject: x\r\n'), ['250 2.0.0 Ok: 12 bytes'])
    assert.deepEqual(await session.sayRaw('BDAT 4\r\n\r\n.a'), ['250 2.0.0 Ok: 4 bytes'])
    const [reply] = await session.sayRaw('BDAT 5 LAST\r\nb\r\n.c')
    assert.match(reply ?? '', /^250 2\.0\.0 Ok: \d+ bytes queued as [0-9A-F]{12}$/)
    assert.equal(content(session), 'Subject: x\r\n\r\n.ab\r\n.c\r\n')
  })

  test('after an error chunks are thrown away until the last', async () => {
    const session = new SmtpSession({ mainCf: 'message_size_limit = 10' })
    await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>')
    assert.deepEqual(await session.sayRaw(`BDAT 20\r\n${'x'.repeat(20)}BDAT 3\r\nabcBDAT 3 LAST\r\nabcNOOP\r\n`), [
      '552 5.3.4 Chunk exceeds message size limit',
      '551 5.0.0 Discarded 3 bytes after earlier error',
      '551 5.0.0 Discarded 3 bytes after earlier error',
      '250 2.0.0 Ok',
    ])
  })
})

describe('bare newlines', () => {
  test('reject: the whole message is read, then refused, and the log says why', async () => {
    const session = new SmtpSession({ mainCf: 'smtpd_forbid_bare_newline = reject' })
    await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
    assert.deepEqual(await session.sayRaw('a\nb\r\n'), [])
    assert.deepEqual(await session.sayRaw('.\r\n'), ['550 5.5.2 mx.here.example Error: bare <LF> received'])
    assert.deepEqual(session.delivered, [])
    assert.ok(
      session.log.some(line =>
        line.startsWith('smtpd: QID: reject: END-OF-MESSAGE from client.example[192.0.2.7]: bare <LF> received;'),
      ),
    )
    assert.deepEqual(await session.sayRaw('NOOP\n'), ['550 5.5.2 mx.here.example Error: bare <LF> received'])
    await session.over
  })

  test('normalize: they become CRLF; note: and the log tells', async () => {
    for (const setting of ['normalize', 'note']) {
      const session = new SmtpSession({ mainCf: `smtpd_forbid_bare_newline = ${setting}` })
      await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
      await session.sayRaw('Subject: x\n\nb\n.\r\n.\r\n')
      assert.equal(content(session), 'Subject: x\r\n\r\nb\r\n')
      await session.say('QUIT')
      await session.over
      assert.equal(session.log.at(-1)?.endsWith('notes=bare_lf'), setting === 'note')
    }
  })
})
