import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { settle } from '../../test/support/manual_clock.ts'
import { HANGUP, type SmtpScript, SmtpSession } from '../../test/support/smtp_session.ts'
import type { ClientName } from '../model/judge.ts'

/** Runs "C: …" / "S: …" scripts; further lines of a reply follow each other. */
async function play(script: SmtpScript, dialogue: string): Promise<SmtpSession> {
  const session = new SmtpSession(script)
  const lines = dialogue
    .trim()
    .split('\n')
    .map(line => line.trim())
  let heard = await session.hear()
  for (const line of lines) {
    const text = line.slice(3)
    if (line.startsWith('C:')) {
      assert.deepEqual(heard, [], `unexpected reply before "${text}"`)
      heard = await session.say(text)
    } else assert.equal(heard.shift(), text)
  }
  assert.deepEqual(heard, [])
  return session
}

test('a whole mail, as the client, the log and the next hop see it', async () => {
  const session = await play(
    {},
    `S: 220 mx.here.example ESMTP Postfix
     C: HELO client.example
     S: 250 mx.here.example
     C: MAIL FROM:<a@x.example>
     S: 250 2.1.0 Ok
     C: RCPT TO:<"b c"@y.example>
     S: 250 2.1.5 Ok
     C: DATA
     S: 354 End data with <CR><LF>.<CR><LF>`,
  )
  const [queued] = await session.say('Message-ID: <1@x>', '', '..x', '.')
  assert.match(queued ?? '', /^250 2\.0\.0 Ok: queued as [0-9A-F]{12}$/)
  assert.deepEqual(await session.say('QUIT'), ['221 2.0.0 Bye'])
  await session.over
  const [mail] = session.delivered
  assert.deepEqual([mail?.hop, mail?.sender, mail?.recipients], ['main', 'a@x.example', ['b c@y.example']])
  assert.match(
    mail?.text ?? '',
    /^Received: from client\.example \(client\.example \[192\.0\.2\.7\]\)\r\n\tby mx\.here\.example \(Postfix\) with SMTP id [0-9A-F]{12}\r\n\tfor <"b c"@y\.example>; Thu, {2}1 Jan 2026 00:00:00 [-+]\d{4}[^\r]*\r\nMessage-ID: <1@x>\r\n\r\n\.x\r\n$/,
  )
  assert.deepEqual(session.log, [
    'smtpd: connect from client.example[192.0.2.7]',
    'smtpd: QID: client=client.example[192.0.2.7]',
    'cleanup: QID: message-id=<1@x>',
    'smtp: QID: to=<"b c"@y.example>, relay=hop[192.0.2.26]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)',
    'smtpd: disconnect from client.example[192.0.2.7] helo=1 mail=1 rcpt=1 data=1 quit=1 commands=5',
  ])
})

describe('greeting', () => {
  test('does not wait for the name; lines that need it do, in order', async () => {
    let know: (name: ClientName) => void = () => undefined
    const session = new SmtpSession({
      name: new Promise(resolve => {
        know = resolve
      }),
    })
    assert.deepEqual(await session.hear(), ['220 mx.here.example ESMTP Postfix'])
    assert.deepEqual(await session.say('EHLO x'), [
      '250-mx.here.example',
      '250-PIPELINING',
      '250-SIZE 10240000',
      '250-VRFY',
      '250-ETRN',
      '250-ENHANCEDSTATUSCODES',
      '250-8BITMIME',
      '250-DSN',
      '250-SMTPUTF8',
      '250 CHUNKING',
    ])
    assert.deepEqual(await session.say('QUIT'), ['221 2.0.0 Bye'])
    assert.deepEqual(session.log, [])
    know({
      name: 'unknown',
      reverseName: 'r.example',
      nameStatus: 'permanent',
      reverseNameStatus: 'ok',
      warnings: ['hostname r.example does not resolve to address 192.0.2.7'],
    })
    await session.over
    assert.deepEqual(session.log, [
      'smtpd: warning: hostname r.example does not resolve to address 192.0.2.7',
      'smtpd: connect from unknown[192.0.2.7]',
      'smtpd: disconnect from unknown[192.0.2.7] ehlo=1 quit=1 commands=2',
    ])
  })

  test('a refused client is told so instead of the greeting, and only QUIT works', async () => {
    const session = new SmtpSession({
      verdict: stage =>
        stage === 'client' ? '554 5.7.1 <client.example[192.0.2.7]>: Client host rejected: Access denied' : undefined,
    })
    assert.deepEqual(await session.hear(), [
      '554 5.7.1 <client.example[192.0.2.7]>: Client host rejected: Access denied',
    ])
    assert.deepEqual(await session.say('EHLO x'), ['503 5.7.0 Error: access denied for client.example[192.0.2.7]'])
    assert.deepEqual(await session.say('QUIT'), ['221 2.0.0 Bye'])
  })

  test('what is known is looked ahead at once', async () => {
    const session = new SmtpSession()
    await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>')
    const [connect, helo, mail, rcpt] = session.lookedAhead
    assert.deepEqual(
      [connect?.helo, helo?.helo?.name, mail?.sender, rcpt?.recipient],
      [null, 'h.example', 'a@x.example', 'b@y.example'],
    )
  })

  test('early talkers are noted, and refused if smtpd_forbid_unauth_pipelining', async () => {
    for (const [setting, reply] of [
      ['no', '220 mx.here.example ESMTP Postfix'],
      ['yes', '554 5.5.0 Error: SMTP protocol synchronization'],
    ] as const) {
      const session = new SmtpSession({ mainCf: `smtpd_forbid_unauth_pipelining = ${setting}` })
      session.stream.send('EHLO x\r\n')
      assert.equal((await session.hear())[0], reply)
      assert.ok(
        session.log.includes(
          'smtpd: improper command pipelining after CONNECT from client.example[192.0.2.7]: EHLO x\\r\\n',
        ),
      )
    }
  })
})

describe('limits', () => {
  test('hard error limit: that many errors are answered, the next command is not', async () => {
    const session = await play(
      { mainCf: 'smtpd_hard_error_limit = 2' },
      `S: 220 mx.here.example ESMTP Postfix
       C: FOO
       S: 500 5.5.2 Error: command not recognized
       C: FOO
       S: 500 5.5.2 Error: command not recognized
       S: 421 4.7.0 mx.here.example Error: too many errors`,
    )
    await session.over
    assert.equal(session.stream.ended, true)
    assert.ok(session.log.includes('smtpd: too many errors after UNKNOWN from client.example[192.0.2.7]'))
  })

  test('from the soft limit on, each reply waits for smtpd_error_sleep_time', async () => {
    const session = new SmtpSession({ mainCf: 'smtpd_soft_error_limit = 1\nsmtpd_error_sleep_time = 7' })
    await session.say('FOO')
    assert.deepEqual(await session.say('NOOP'), [])
    await session.clock.advance(6999)
    assert.deepEqual(await session.hear(), [])
    await session.clock.advance(1)
    assert.deepEqual(await session.hear(), ['250 2.0.0 Ok'])
  })

  test('junk commands beyond the limit count as errors; a delivered message forgives all', async () => {
    const session = new SmtpSession({ mainCf: 'smtpd_junk_command_limit = 2\nsmtpd_hard_error_limit = 2' })
    await session.say('NOOP', 'NOOP', 'NOOP', 'NOOP')
    await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
    await session.say('x', '.')
    assert.deepEqual(await session.say('NOOP', 'NOOP', 'NOOP'), ['250 2.0.0 Ok', '250 2.0.0 Ok', '250 2.0.0 Ok'])
    assert.deepEqual(await session.say('NOOP', 'NOOP', 'NOOP'), [
      '250 2.0.0 Ok',
      '250 2.0.0 Ok',
      '421 4.7.0 mx.here.example Error: too many errors',
    ])
  })

  test('silence ends in 421 and a log line', async () => {
    const session = new SmtpSession({ mainCf: 'smtpd_timeout = 5s' })
    await session.say('EHLO x')
    await session.clock.advance(4999)
    assert.deepEqual(await session.hear(), [])
    await session.clock.advance(1)
    assert.deepEqual(await session.hear(), ['421 4.4.2 mx.here.example Error: timeout exceeded'])
    await session.over
    assert.ok(session.log.includes('smtpd: timeout after EHLO from client.example[192.0.2.7]'))
  })

  test('a client that does not read is cut off after smtpd_timeout', async () => {
    const session = new SmtpSession({ mainCf: 'smtpd_timeout = 5s' })
    session.stream.stuck = true
    await session.say('EHLO x')
    await session.clock.advance(5000)
    await session.hear()
    await session.clock.advance(5000)
    await session.over
    assert.equal(session.stream.ended, true)
  })

  test('a client that never closes its side is cut off ten seconds after the end', async () => {
    const session = new SmtpSession()
    session.stream.end = () => new Promise(() => undefined)
    await session.say('QUIT')
    await session.over
    await session.clock.advance(9999)
    assert.equal(session.stream.destroyed, false)
    await session.clock.advance(1)
    assert.equal(session.stream.destroyed, true)
  })

  test('with deadlines trickled bytes do not prolong a command', async () => {
    const session = new SmtpSession({ mainCf: 'smtpd_timeout = 5s\nsmtpd_per_request_deadline = yes' })
    await session.hear()
    for (let second = 0; second < 5; second++) {
      session.stream.send('N')
      await session.clock.advance(1000)
    }
    assert.deepEqual(await session.hear(), ['421 4.4.2 mx.here.example Error: timeout exceeded'])
  })

  test('too many connections and too high rates', async () => {
    const session = new SmtpSession({
      mainCf:
        'smtpd_client_connection_count_limit = 1\nsmtpd_client_message_rate_limit = 1\nsmtpd_client_recipient_rate_limit = 1',
    })
    const second = session.connect()
    await session.hear()
    assert.equal(second.take(), '421 4.7.0 mx.here.example Error: too many connections from 192.0.2.7\r\n')
    assert.equal(second.ended, true)
    await session.say('MAIL FROM:<a@x.example>')
    assert.deepEqual(await session.say('RCPT TO:<b@y.example>', 'RCPT TO:<c@y.example>'), [
      '250 2.1.5 Ok',
      '450 4.7.1 Error: too many recipients from 192.0.2.7',
    ])
    assert.deepEqual(await session.say('RSET', 'MAIL FROM:<a@x.example>'), [
      '250 2.0.0 Ok',
      '450 4.7.1 Error: too much mail from 192.0.2.7',
    ])
    assert.ok(
      session.log.includes(
        'smtpd: warning: Connection concurrency limit exceeded: 2 from client.example[192.0.2.7] for service smtp',
      ),
    )
    assert.ok(
      session.log.includes(
        'smtpd: warning: Message delivery request rate limit exceeded: 2 from client.example[192.0.2.7] for service smtp',
      ),
    )
  })
})

describe('the client goes away', () => {
  // after these lines                                         what the log says
  const cases: [string[], string][] = [
    [[], 'smtpd: lost connection after CONNECT from client.example[192.0.2.7]'],
    [['EHLO x'], 'smtpd: lost connection after EHLO from client.example[192.0.2.7]'],
    [
      ['MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA', 'abc', 'de'],
      'smtpd: lost connection after DATA (9 bytes) from client.example[192.0.2.7]',
    ],
    [
      ['MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'BDAT 10', 'abc'],
      'smtpd: lost connection after BDAT (5 bytes) from client.example[192.0.2.7]',
    ],
  ]
  for (const [lines, expected] of cases)
    test(expected, async () => {
      const session = new SmtpSession()
      for (const line of lines) await session.say(line)
      session.stream.hangUp()
      await session.over
      assert.ok(session.log.includes(expected), session.log.join('\n'))
      assert.deepEqual(session.delivered, [])
    })

  test('after its message nothing is said about it', async () => {
    const session = new SmtpSession()
    await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
    await session.say('x', '.')
    session.stream.hangUp()
    await session.over
    assert.equal(session.delivered.length, 1)
    assert.ok(!session.log.some(line => line.includes('lost connection')))
  })

  test('in the middle of a big message: the hop delivers nothing', async () => {
    const session = new SmtpSession({ mainCf: 'postern_message_staging_size = 1000' })
    await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
    await session.say(...Array.from({ length: 100 }, () => 'x'.repeat(100)))
    session.stream.hangUp()
    await session.over
    assert.deepEqual(session.delivered, [])
    assert.ok(session.aborted > 0)
  })
})

describe('replies', () => {
  test('421 and 521 end the session, whoever says them', async () => {
    for (const reply of ['421 4.7.1 go away', '521 5.7.1 go away']) {
      const session = new SmtpSession({ verdict: stage => (stage === 'recipient' ? reply : undefined) })
      await session.say('MAIL FROM:<a@x.example>')
      assert.deepEqual(await session.say('RCPT TO:<b@y.example>', 'NOOP'), [reply])
      await session.over
      assert.equal(session.stream.ended, true)
    }
  })

  // Postfix access(5): HANGUP.
  test('HANGUP closes the connection without a reply, and nobody is said to have lost it', async () => {
    const session = new SmtpSession({ verdict: stage => (stage === 'recipient' ? HANGUP : undefined) })
    await session.hear()
    await session.say('EHLO h.example')
    await session.say('MAIL FROM:<a@x.example>')
    assert.deepEqual(await session.say('RCPT TO:<b@y.example>', 'NOOP'), [])
    await session.over
    assert.equal(session.stream.ended, true)
    assert.deepEqual(session.log, [
      'smtpd: connect from client.example[192.0.2.7]',
      'smtpd: disconnect from client.example[192.0.2.7] ehlo=1 mail=1 rcpt=0/1 commands=2/3',
    ])
  })

  test('soft_bounce makes every 5xx a 4xx', async () => {
    const session = new SmtpSession({ mainCf: 'soft_bounce = yes' })
    await session.hear()
    assert.deepEqual(await session.say('FOO', 'MAIL FROM:x y', 'HELO'), [
      '400 4.5.2 Error: command not recognized',
      '455 4.5.4 Unsupported option: y',
      '401 Syntax: HELO hostname',
    ])
  })

  test('footers repeat code and status on each line', async () => {
    const session = new SmtpSession({
      mainCf: 'smtpd_reject_footer = \\c; see $client_address\\nhelo=$helo_name $sender',
    })
    await session.say('EHLO x', 'MAIL FROM:<a@x.example>')
    assert.deepEqual(await session.say('FOO'), [
      '500-5.5.2 Error: command not recognized; see 192.0.2.7',
      '500 5.5.2 helo=x a@x.example',
    ])
    assert.deepEqual(await session.say('NOOP'), ['250 2.0.0 Ok'])
  })

  test('smtpd_reject_footer_maps win over smtpd_reject_footer', async () => {
    const tables = { smtpd_reject_footer_maps: (key: string) => (key.startsWith('500') ? '\\c (mapped)' : undefined) }
    const session = new SmtpSession({ mainCf: 'smtpd_reject_footer = plain', tables })
    await session.hear()
    assert.deepEqual(await session.say('FOO', 'RCPT TO:<x>'), [
      '500 5.5.2 Error: command not recognized (mapped)',
      '503-5.5.1 Error: need MAIL command',
      '503 5.5.1 plain',
    ])
  })

  test('replies to pipelined commands leave together', async () => {
    const session = new SmtpSession()
    await session.say('EHLO x')
    const writes: string[] = []
    const { stream } = session
    const write = stream.write.bind(stream)
    stream.write = bytes => {
      writes.push(Buffer.from(bytes).toString())
      write(bytes)
    }
    await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'RCPT TO:<c@y.example>', 'DATA')
    assert.equal(writes.length, 1)
  })

  test('bytes that are no UTF-8 come back as they were', async () => {
    const session = new SmtpSession({ mainCf: 'smtputf8_enable = no' })
    await session.hear()
    assert.deepEqual(await session.say('MAIL FROM:<a> \xff\xfe'), ['555 5.5.4 Unsupported option: \xff\xfe'])
  })
})

describe('trust', () => {
  test('XCLIENT changes who is judged and named, and begins anew', async () => {
    const session = new SmtpSession({ lists: { smtpd_authorized_xclient_hosts: ['192.0.2.7'] } })
    await session.hear()
    assert.deepEqual(
      await session.say('XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:DB8::1 HELO=h.example PROTO=ESMTP LOGIN=joe'),
      ['220 mx.here.example ESMTP Postfix'],
    )
    await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>')
    const facts = session.judged.at(-1)?.facts
    assert.deepEqual(
      [facts?.client.address, facts?.client.toldName, facts?.helo?.name, facts?.protocol, facts?.sasl?.username],
      ['2001:db8::1', null, 'h.example', 'ESMTP', 'joe'],
    )
    // The new address is not in the list.
    assert.deepEqual(await session.say('RSET', 'XCLIENT ADDR=192.0.2.1'), [
      '250 2.0.0 Ok',
      '550 5.7.0 Error: insufficient authorization',
    ])
  })

  test('strangers may not', async () => {
    const session = new SmtpSession()
    await session.hear()
    assert.deepEqual(await session.say('XCLIENT ADDR=10.0.0.1', 'XFORWARD NAME=x'), [
      '550 5.7.0 Error: insufficient authorization',
      '550 5.7.0 Error: insufficient authorization',
    ])
  })

  test('STARTTLS: clear text that came with it is forgotten, the session begins anew', async () => {
    const tls = { kind: 'tls_context', fingerprintDigest: 'sha256' } as const
    const session = new SmtpSession({ mainCf: 'smtpd_tls_security_level = may', tls })
    session.stream.tls = {
      ok: true,
      info: {
        protocol: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        keyBits: 256,
        sessionReused: false,
        clientCert: null,
      },
    }
    assert.ok((await session.say('EHLO x')).includes('250-STARTTLS'))
    await session.say('MAIL FROM:<a@x.example>')
    assert.deepEqual(await session.say('STARTTLS', 'RCPT TO:<injected@y.example>'), ['220 2.0.0 Ready to start TLS'])
    assert.deepEqual(await session.say('MAIL FROM:<b@x.example>'), ['250 2.1.0 Ok'])
    assert.equal(session.judged.at(-1)?.facts.tls?.protocol, 'TLSv1.3')
    assert.deepEqual(await session.say('STARTTLS'), ['554 5.5.1 Error: TLS already active'])
  })

  test('where TLS is required nothing else goes before it', async () => {
    const session = new SmtpSession({ mainCf: 'smtpd_tls_security_level = encrypt' })
    await session.hear()
    assert.deepEqual(await session.say('MAIL FROM:<a@x.example>', 'NOOP', 'STARTTLS'), [
      '530 5.7.0 Must issue a STARTTLS command first',
      '250 2.0.0 Ok',
      '454 4.7.0 TLS not available due to local problem',
    ])
  })

  test('a handshake that fails ends the session', async () => {
    const session = new SmtpSession({
      mainCf: 'smtpd_tls_security_level = may',
      tls: { kind: 'tls_context', fingerprintDigest: 'sha256' },
    })
    await session.say('STARTTLS')
    await session.over
    assert.ok(session.log.includes('smtpd: lost connection after STARTTLS from client.example[192.0.2.7]'))
  })
})

test('HELP is a command from Postfix 3.9 on', async () => {
  const old = new SmtpSession()
  await old.hear()
  assert.deepEqual(await old.say('HELP'), ['500 5.5.2 Error: command not recognized'])
  const later = new SmtpSession({ mainCf: 'mail_version = 3.9.1' })
  await later.hear()
  assert.deepEqual(await later.say('HELP'), [
    '214 2.0.0 Commands: AUTH BDAT DATA EHLO ETRN HELO HELP MAIL NOOP QUIT RCPT RSET STARTTLS VRFY XCLIENT XFORWARD',
  ])
})

test('non-SMTP commands, noop commands, replaced commands', async () => {
  const script: SmtpScript = {
    lists: { smtpd_forbidden_commands: ['GET'], smtpd_noop_commands: ['XNOP'] },
    tables: { smtpd_command_filter: key => (key === 'QUIET' ? 'NOOP' : undefined) },
  }
  const session = new SmtpSession(script)
  await session.hear()
  assert.deepEqual(await session.say('xnop a', '  QUIET', 'GET / HTTP/1.1', 'NOOP'), [
    '250 2.0.0 Ok',
    '250 2.0.0 Ok',
    '221 2.7.0 Error: I can break rules, too. Goodbye.',
  ])
  await session.over
  assert.ok(session.log.includes('smtpd: warning: non-SMTP command from client.example[192.0.2.7]: GET / HTTP/1.1'))
})

describe('a server that stops or changes', () => {
  test('sessions keep the configuration that they began with', async () => {
    const session = new SmtpSession()
    await session.hear()
    const other = new SmtpSession({ mainCf: 'smtpd_banner = new' })
    void other
    assert.equal(session.server.sessions, 1)
    assert.deepEqual(await session.say('QUIT'), ['221 2.0.0 Bye'])
    await session.over
    assert.equal(session.server.sessions, 0)
  })

  test('stop() tells a client between two transactions 421 at once', async () => {
    const session = new SmtpSession()
    await session.hear()
    const stopping = session.server.stop(10_000)
    assert.deepEqual(await session.hear(), ['421 4.3.2 mx.here.example Service shutting down'])
    await session.clock.advance(500)
    await stopping
    assert.equal(session.stream.destroyed, true)
  })

  test('stop() lets a transaction end, and no other begin', async () => {
    const session = new SmtpSession()
    await session.hear()
    await session.say('HELO client.example')
    await session.say('MAIL FROM:<a@b.example>')
    const stopping = session.server.stop(10_000)
    assert.deepEqual(await session.say('RSET'), ['250 2.0.0 Ok', '421 4.3.2 mx.here.example Service shutting down'])
    await stopping
  })

  test('stop() cuts a transaction off when its time is over', async () => {
    const session = new SmtpSession()
    await session.hear()
    await session.say('HELO client.example')
    await session.say('MAIL FROM:<a@b.example>')
    let stopped = false
    const stopping = session.server.stop(10_000).then(() => {
      stopped = true
    })
    await session.clock.advance(9999)
    await settle()
    assert.equal(stopped, false)
    await session.clock.advance(1)
    assert.deepEqual(await session.hear(), ['421 4.3.2 mx.here.example Service shutting down'])
    await session.clock.advance(500)
    await stopping
    assert.equal(session.stream.destroyed, true)
  })
})
