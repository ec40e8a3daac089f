import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SmtpSession } from '../../test/support/smtp_session.ts'

const MAIN_CF =
  'header_checks = pcre:h\nnested_header_checks = pcre:n\nmime_header_checks = pcre:m\nbody_checks = pcre:b'

/** Sends a message through tables that are functions; all replies, log lines and deliveries were compared with Postfix 3.7 (cleanup). */
async function check(
  tables: Record<string, (key: string) => string | undefined>,
  lines: string[],
): Promise<{ session: SmtpSession; reply: string; text: string; log: string[] }> {
  const session = new SmtpSession({ mainCf: MAIN_CF, tables })
  await session.say('EHLO h.example')
  await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
  const reply = ((await session.say(...lines, '.'))[0] ?? '').replace(/[0-9A-F]{12}/, 'QID')
  const text = (session.delivered[0]?.text ?? '').replace(/^Received: [^\n]*\n(?:\t[^\n]*\n)*/, '')
  return {
    session,
    reply,
    text,
    log: session.log.filter(line => line.startsWith('cleanup') && !line.includes('message-id')),
  }
}

function subject(action: string): Record<string, (key: string) => string | undefined> {
  return { header_checks: key => (key.startsWith('Subject:') ? action : undefined) }
}

const WHO = 'from client.example[192.0.2.7]; from=<a@x.example> to=<b@y.example> proto=ESMTP helo=<h.example>'

describe('header_checks', () => {
  // action                     reply                                        log                                                    delivered header
  const cases: [string, string, string | null, string | null][] = [
    [
      'REJECT no such subject',
      '550 5.7.1 no such subject',
      `QID: reject: header Subject: s ${WHO}: 5.7.1 no such subject`,
      null,
    ],
    [
      'REJECT',
      '550 5.7.1 message content rejected',
      `QID: reject: header Subject: s ${WHO}: 5.7.1 message content rejected`,
      null,
    ],
    ['reject 4.7.9 later', '451 4.7.9 later', `QID: reject: header Subject: s ${WHO}: 4.7.9 later`, null],
    ['REJECT 5.7.9 never', '550 5.7.9 never', `QID: reject: header Subject: s ${WHO}: 5.7.9 never`, null],
    ['WARN hm', '250', `QID: warning: header Subject: s ${WHO}: hm`, 'Subject: s'],
    ['INFO', '250', `QID: info: header Subject: s ${WHO}`, 'Subject: s'],
    ['DISCARD', '250', `QID: discard: header Subject: s ${WHO}`, null],
    ['HOLD', '250', `QID: hold: header Subject: s ${WHO}`, 'Subject: s'],
    ['PREPEND X-A: b', '250', `QID: prepend: header Subject: s ${WHO}: X-A: b`, 'X-A: b\r\nSubject: s'],
    [
      'PREPEND nonsense',
      '250',
      'warning: bad PREPEND header text "nonsense" in header_checks map -- need "headername: headervalue"',
      'Subject: s',
    ],
    ['REPLACE Subject: t', '250', `QID: replace: header Subject: s ${WHO}: Subject: t`, 'Subject: t'],
    ['STRIP', '250', `QID: strip: header Subject: s ${WHO}`, ''],
    ['IGNORE', '250', null, ''],
    ['DUNNO', '250', null, 'Subject: s'],
    ['REDIRECT r@y.example', '250', `QID: redirect: header Subject: s ${WHO}: r@y.example`, 'Subject: s'],
    ['REDIRECT r', '250', 'warning: bad REDIRECT target "r" in header_checks map -- need user@domain', 'Subject: s'],
    ['BCC c@y.example', '250', `QID: bcc: header Subject: s ${WHO}: c@y.example`, 'Subject: s'],
    ['FILTER filter:x', '250', `QID: filter: header Subject: s ${WHO}: filter:x`, 'Subject: s'],
    ['FILTER x', '250', 'warning: bad FILTER command x in header_checks -- need transport:destination', 'Subject: s'],
    ['NONSENSE x', '250', 'warning: unknown command in header_checks map: NONSENSE x', 'Subject: s'],
  ]
  for (const [action, reply, line, header] of cases)
    test(action, async () => {
      const result = await check(subject(action), ['Subject: s', '', 'body'])
      if (reply === '250') assert.equal(result.reply, '250 2.0.0 Ok: queued as QID')
      else assert.equal(result.reply, reply)
      assert.deepEqual(result.log, line === null ? [] : [`cleanup: ${line}`])
      if (header === null) assert.deepEqual(result.session.delivered, [])
      else assert.equal(result.text, `${header === '' ? '' : `${header}\r\n`}\r\nbody\r\n`)
    })

  test('where the message goes follows from the action', async () => {
    const went = async (action: string) =>
      (await check(subject(action), ['Subject: s'])).session.delivered.map(({ hop, recipients }) => [hop, recipients])
    assert.deepEqual(await went('HOLD'), [['hold', ['b@y.example']]])
    assert.deepEqual(await went('REDIRECT r@y.example'), [['main', ['r@y.example']]])
    assert.deepEqual(await went('BCC c@y.example'), [['main', ['b@y.example', 'c@y.example']]])
    assert.deepEqual(await went('FILTER filter:x'), [['filter', ['b@y.example']]])
  })

  test('folded headers are one text; our own Received header is looked at too', async () => {
    const seen: string[] = []
    await check(
      {
        header_checks: key => {
          seen.push(key)
          return undefined
        },
      },
      ['X-Long: a', '\tb', 'X-Space : c', ''],
    )
    assert.match(seen[0] ?? '', /^Received: from h\.example .*\n\tby /)
    assert.deepEqual(seen.slice(1), ['X-Long: a\n\tb', 'X-Space: c'])
  })

  test('a table that fails defers', async () => {
    const session = new SmtpSession({ mainCf: MAIN_CF })
    const lists = session.lists
    lists.find = async maps => (maps === 'header_checks' ? { status: 'failed', reason: 'gone' } : { status: 'absent' })
    await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
    assert.deepEqual(await session.say('x: y', '.'), ['451 4.3.0 Error: queue file write error'])
  })
})

describe('attachments', () => {
  const message = [
    'Subject: top',
    'Content-Type: multipart/mixed;',
    ' boundary="b1"',
    '',
    'preamble: no header',
    '--b1',
    'Content-Type: text/plain',
    'X-Part: 1',
    '',
    'X-Body: no',
    '--b1',
    'Content-Type: message/rfc822',
    '',
    'X-Inner: 2',
    'Content-Type: text/html',
    '',
    'inner body',
    '--b1--',
    'X-Epilogue: no',
  ]

  test('each kind of header goes to its own table', async () => {
    const seen: string[] = []
    const note =
      (name: string) =>
      (key: string): undefined => {
        if (!key.startsWith('Received')) seen.push(`${name} ${key}`)
      }
    await check(
      {
        header_checks: note('h'),
        mime_header_checks: note('m'),
        nested_header_checks: note('n'),
        body_checks: note('b'),
      },
      message,
    )
    assert.deepEqual(seen, [
      'h Subject: top',
      'm Content-Type: multipart/mixed;\n boundary="b1"',
      'b preamble: no header',
      'b --b1',
      'm Content-Type: text/plain',
      'm X-Part: 1',
      'b X-Body: no',
      'b --b1',
      'm Content-Type: message/rfc822',
      'n X-Inner: 2',
      'm Content-Type: text/html',
      'b inner body',
      'b --b1--',
      'b X-Epilogue: no',
    ])
  })

  test('the message passes unchanged all the same', async () => {
    const { text } = await check({ header_checks: () => undefined, body_checks: () => undefined }, message)
    assert.equal(text, message.map(line => `${line}\r\n`).join(''))
  })
})

describe('body_checks', () => {
  test('REJECT, REPLACE, PREPEND, IGNORE', async () => {
    const actions: Record<string, string> = { replace: 'REPLACE new', prepend: 'PREPEND before', ignore: 'IGNORE' }
    const { text, log } = await check({ body_checks: key => actions[key] }, [
      'Subject: s',
      '',
      'a',
      'replace',
      'prepend',
      'ignore',
      'z',
    ])
    assert.equal(text, 'Subject: s\r\n\r\na\r\nnew\r\nbefore\r\nprepend\r\nz\r\n')
    assert.deepEqual(log, [
      `cleanup: QID: replace: body replace ${WHO}: new`,
      `cleanup: QID: prepend: body prepend ${WHO}: before`,
    ])
    const rejected = await check({ body_checks: key => (key === 'bad' ? 'REJECT no' : undefined) }, ['', 'bad', 'more'])
    assert.equal(rejected.reply, '550 5.7.1 no')
    assert.deepEqual(rejected.session.delivered, [])
  })

  test('only the first body_checks_size_limit bytes are looked at', async () => {
    let asked = 0
    const session = new SmtpSession({
      mainCf: `${MAIN_CF}\nbody_checks_size_limit = 100`,
      tables: {
        body_checks: () => {
          asked++
          return undefined
        },
      },
    })
    await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
    await session.say('', ...Array(50).fill('123456789'), '.')
    assert.equal(asked, 10)
  })
})
