import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock, settle } from '../../test/support/manual_clock.ts'
import { ACCEPT, ALL_PROTOCOL, message, mta, NotingJudge, shown } from '../../test/support/milter_packets.ts'
import type { MessageVerdict } from '../model/mail_auth.ts'
import { formatPacket } from './codec.ts'
import { SMFIF, SMFIP } from './flags.ts'
import { HEADER_LIMIT } from './message.ts'
import { MilterSession } from './session.ts'
import { MAX_REMOVALS } from './verdict.ts'

function start(
  decide: (judge: NotingJudge) => MessageVerdict | Promise<MessageVerdict> = () => ACCEPT,
  isLocal = false,
) {
  const clock = new ManualClock()
  const judges: NotingJudge[] = []
  const warnings: string[] = []
  const log: string[] = []
  let written: Buffer[] = []
  let open = 0
  const session = new MilterSession({
    isLocal,
    clock,
    open() {
      const judge = new NotingJudge(decide)
      judges.push(judge)
      open++
      return {
        judge,
        log: ({ daemon, text }, queueId) => log.push(`${daemon} ${queueId}: ${text}`),
        warn: text => warnings.push(text),
        release: () => void open--,
      }
    },
    warn: text => warnings.push(text),
    write: bytes => written.push(Buffer.from(bytes)),
    wake: () => session.proceed(),
  })
  /** All answers since the last `say` began. */
  const heard = (): readonly string[] => shown(Buffer.concat(written))
  /** What is answered to these packets. */
  const say = async (...packets: readonly Buffer[]): Promise<readonly string[]> => {
    written = []
    session.push(Buffer.concat(packets))
    session.proceed()
    await settle()
    return heard()
  }
  const writes = (): number => written.length
  return { session, clock, judges, warnings, log, say, heard, writes, open: () => open }
}

/** Without an answer to anything but the end: as agreed with a Postfix of today. */
async function connected(decide?: (judge: NotingJudge) => MessageVerdict | Promise<MessageVerdict>) {
  const started = start(decide)
  assert.equal((await started.say(mta.offer(), mta.connect(), mta.helo())).length, 1)
  return started
}

const verdict = (parts: Partial<MessageVerdict>): MessageVerdict => ({ ...ACCEPT, ...parts })

describe('G23 option negotiation', () => {
  const wanted = 'ef180'
  const cases: readonly (readonly [what: string, offer: Buffer, answer: string])[] = [
    ['Postfix, milter_protocol = 6', mta.offer(6), 'O 6 131 1ef180 2={auth_authen} {auth_type} 5=i'],
    ['Postfix, milter_protocol = 4', mta.offer(4, 0x1ff, 0x37f), 'O 4 131 100 2={auth_authen} {auth_type} 5=i'],
    ['Postfix, milter_protocol = 3', mta.offer(3, 0x1ff, 0x17f), 'O 3 131 100 2={auth_authen} {auth_type} 5=i'],
    ['version 2, sendmail 8.13', mta.offer(2, 0x3f, 0x7f), 'O 2 31 0'],
    ['no_header_reply', mta.offer(2, 0x3f, 0xff), 'O 2 31 80'],
    ['without leading blanks', mta.offer(6, 0x1ff, 0xfffff), `O 6 131 ${wanted} 2={auth_authen} {auth_type} 5=i`],
    ['a version to come', mta.offer(7), 'O 6 131 1ef180 2={auth_authen} {auth_type} 5=i'],
    ['256K', mta.offer(6, 0x3f, 0x7f | SMFIP.MDS_256K), 'O 6 31 10000000'],
    ['256K and 1M', mta.offer(6, 0x3f, 0x7f | SMFIP.MDS_256K | SMFIP.MDS_1M), 'O 6 31 20000000'],
    ['nothing offered', mta.offer(2, 0, 0), 'O 2 1 0'],
    ['no headers may be changed', mta.offer(6, SMFIF.ADDRCPT, ALL_PROTOCOL), 'O 6 0 1ef180'],
  ]
  for (const [what, offer, answer] of cases) {
    test(what, async () => {
      assert.deepEqual(await start().say(offer), [answer])
    })
  }

  test('what is not agreed on is answered', async () => {
    const { say } = start()
    await say(mta.offer(2, 0x3f, 0x7f))
    assert.deepEqual(await say(mta.connect(), mta.helo(), ...message('x')), 'c c c c c c c c a'.split(' '))
    assert.deepEqual(await say(mta.mail(), mta.rcpt(), mta.data(), mta.unknown('XYZZY')), ['c', 'c', 'c', 'c'])
  })

  test('each flag spares its own answer, but DATA is always answered', async () => {
    const events: readonly (readonly [flag: keyof typeof SMFIP, packet: Buffer])[] = [
      ['NR_CONN', mta.connect()],
      ['NR_HELO', mta.helo()],
      ['NR_MAIL', mta.mail()],
      ['NR_RCPT', mta.rcpt()],
      ['NR_DATA', mta.data()],
      ['NR_UNKN', mta.unknown('X')],
      ['NR_HDR', mta.header('A', 'b')],
      ['NR_EOH', mta.eoh()],
      ['NR_BODY', mta.body('x')],
    ]
    for (const [flag] of events) {
      const { say } = start()
      await say(mta.offer(6, 0x1ff, SMFIP[flag] | SMFIP.SKIP))
      for (const [other, packet] of events)
        assert.deepEqual(await say(packet), other === flag && flag !== 'NR_DATA' ? [] : ['c'], `${flag} ${other}`)
    }
  })

  test('behind a Unix socket nothing waits for an acknowledgement, so that DATA needs no answer', async () => {
    const { say } = start(undefined, true)
    assert.deepEqual(await say(mta.offer()), ['O 6 131 1ff180 2={auth_authen} {auth_type} 5=i'])
    assert.deepEqual(await say(mta.connect(), mta.helo(), mta.mail(), mta.rcpt(), mta.data()), [])
    const without = start(undefined, true)
    const flags = SMFIP.NR_CONN | SMFIP.NR_MAIL
    const said = await without.say(mta.offer(6, 0x1ff, flags), mta.connect(), mta.mail(), mta.data())
    assert.deepEqual(said, ['O 6 131 5000 2={auth_authen} {auth_type} 5=i', 'c'])
  })
})

describe('G23 a message', () => {
  test('with more forged headers than an MTA can take away in time is refused', async () => {
    const remove = Array.from({ length: MAX_REMOVALS + 1 }, (_, i) => ({ name: 'Authentication-Results', nth: i + 1 }))
    const most = await connected(() => verdict({ remove: remove.slice(1) }))
    assert.equal((await most.say(mta.mail(), mta.end())).length, MAX_REMOVALS + 1)
    const { say, warnings } = await connected(() => verdict({ remove, insert: ['A: b'] }))
    const said = await say(mta.mail(), mta.macros('E', 'i', 'Q1'), mta.end())
    assert.deepEqual(said, [`y 550 5.7.1 ${MAX_REMOVALS + 1} header fields are forged`])
    assert.deepEqual(warnings, [`Q1: the MTA lets us not remove as many as ${MAX_REMOVALS + 1} headers: refused`])
  })

  test('is told to the judge byte for byte', async () => {
    const { say, judges } = await connected()
    const said = await say(
      mta.mail(),
      mta.rcpt(),
      mta.data(),
      mta.header('Subject', ' one\n two\n\tthree'),
      mta.header('X-Bare', 'no blank'),
      mta.header('X-Two', '  two blanks '),
      mta.header('X-Empty', ''),
      mta.header('X-Utf8', Buffer.from(' h\xe4\xff\x80', 'latin1')),
      mta.header('X-Crlf', ' a\r\n b\n c\r'),
      mta.eoh(),
      mta.body('one\r\n'),
      mta.body(Buffer.from('t\xf6\0\r\n', 'latin1')),
      mta.end('three\r\n'),
    )
    assert.deepEqual(said, ['c', 'a'])
    assert.deepEqual(judges[0]?.fields, [
      'Subject: one\r\n two\r\n\tthree',
      'X-Bare:no blank',
      'X-Two:  two blanks ',
      'X-Empty:',
      'X-Utf8: h\xe4\xff\x80',
      'X-Crlf: a\r\n b\r\n c\r',
    ])
    assert.equal(judges[0]?.content.toString('latin1'), 'one\r\nt\xf6\0\r\nthree\r\n')
  })

  test('gets back the blank that an old MTA eats', async () => {
    const { say, judges } = start()
    await say(mta.offer(6, 0x1ff, 0xfffff), mta.connect(), mta.mail(), mta.header('Subject', 'x\n y'), mta.end())
    assert.deepEqual(judges[0]?.fields, ['Subject: x\r\n y'])
  })

  test('is judged by what was said in the session', async () => {
    const { say, judges } = await connected()
    await say(
      mta.macros('M', '{auth_authen}', 'me', '{mail_addr}', 'x@y'),
      mta.mail('<"a b"@client.example>', 'SIZE=10', 'BODY=8BITMIME'),
      mta.rcpt('<one@example.com>', 'NOTIFY=NEVER'),
      mta.rcpt('<two@example.com>'),
      mta.header('A', ' b'),
      mta.macros('E', 'i', '4bXyz'),
      mta.end(),
    )
    assert.deepEqual(judges[0]?.envelope, {
      clientAddress: '192.0.2.1',
      clientName: 'client.example',
      helo: 'helo.example',
      sender: 'a b@client.example',
      recipients: ['one@example.com', 'two@example.com'],
      authenticated: true,
      queueId: '4bXyz',
    })
    assert.deepEqual(judges[0]?.started, { ...judges[0]?.envelope, queueId: null })
    // Nothing of it is left for the next one.
    await say(mta.mail('<>'), mta.rcpt('<three@example.com>'), mta.end())
    assert.deepEqual(judges[1]?.envelope, {
      ...judges[0]?.envelope,
      sender: '',
      recipients: ['three@example.com'],
      authenticated: false,
      queueId: null,
    })
  })

  const clients: readonly (readonly [what: string, packet: Buffer, address: string, name: string])[] = [
    ['with a name', mta.connect('mx.example', '192.0.2.9'), '192.0.2.9', 'mx.example'],
    ['without a name', mta.connect('[192.0.2.9]', '192.0.2.9'), '192.0.2.9', 'unknown'],
    ['IPv6 of Postfix', mta.connect('mx.example', '2001:db8::1'), '2001:db8::1', 'mx.example'],
    ['IPv6 of sendmail', mta.connect('mx.example', 'IPv6:2001:db8::1'), '2001:db8::1', 'mx.example'],
    ['of the same machine', formatPacket('C', Buffer.from('localhost\0U')), '127.0.0.1', 'localhost'],
    ['by a Unix socket', formatPacket('C', Buffer.from('localhost\0L\0\0/run/x\0')), '127.0.0.1', 'localhost'],
  ]
  for (const [what, packet, address, name] of clients) {
    test(`of a client ${what}`, async () => {
      const { say, judges } = start()
      await say(mta.offer(), packet, mta.mail(), mta.end())
      assert.deepEqual([judges[0]?.envelope?.clientAddress, judges[0]?.envelope?.clientName], [address, name])
    })
  }

  test('several over one connection, pipelined', async () => {
    const { say, judges, open } = await connected(judge => verdict({ insert: [`X-Seen:${judge.fields[0]?.slice(8)}`] }))
    const said = await say(...message('one'), ...message('two'), mta.abort(), ...message('three'), mta.quit())
    assert.deepEqual(said, ['i 0 X-Seen| one', 'a', 'i 0 X-Seen| two', 'a', 'i 0 X-Seen| three', 'a'])
    assert.equal(judges.length, 3)
    assert.equal(open(), 0)
  })

  test('ABORT, HELO and MAIL break it off', async () => {
    for (const end of [mta.abort(), mta.helo('again.example'), mta.mail()]) {
      const { say, judges, open, session } = await connected()
      assert.deepEqual(
        await say(mta.macros('M', '{auth_type}', 'PLAIN'), mta.mail('<a@b>'), mta.rcpt(), mta.header('A', ' b'), end),
        [],
      )
      assert.equal(open(), 0)
      assert.equal(judges[0]?.envelope, null)
      assert.deepEqual(await say(...message('x')), ['a'])
      assert.deepEqual(judges[1]?.fields.length, 2)
      assert.equal(judges[1]?.envelope?.authenticated, false)
      assert.equal(session.isOver, false)
    }
  })

  test('QUIT_NC makes way for the next client', async () => {
    const { say, judges } = await connected()
    await say(...message('one'), mta.quitNc(), mta.connect('other.example', '192.0.2.2'), ...message('two'))
    assert.equal(judges[1]?.envelope?.clientName, 'other.example')
    assert.equal(judges[1]?.envelope?.helo, '')
  })
})

describe('G23 verdicts', () => {
  const all = ALL_PROTOCOL
  const old = all & ~SMFIP.HDR_LEADSPC
  const cases: readonly (readonly [
    what: string,
    verdict: Partial<MessageVerdict>,
    said: readonly string[],
    offer?: Buffer,
  ])[] = [
    ['accept', {}, ['a']],
    [
      'headers, the first one topmost',
      { insert: ['Authentication-Results: mx; a=b;\r\n\tc=d', 'Received-SPF: Pass'] },
      ['i 0 Received-SPF| Pass', 'i 0 Authentication-Results| mx; a=b;\n\tc=d', 'a'],
    ],
    [
      'headers without leading blanks',
      { insert: ['A: b', 'C:d'] },
      ['i 0 C|d', 'i 0 A|b', 'a'],
      mta.offer(6, 0x1ff, old),
    ],
    [
      'headers away, the last first, before any is inserted',
      {
        insert: ['A: b'],
        remove: [
          { name: 'Authentication-Results', nth: 1 },
          { name: 'Authentication-Results', nth: 3 },
        ],
      },
      ['m 3 Authentication-Results|', 'm 1 Authentication-Results|', 'i 0 A| b', 'a'],
    ],
    [
      'reject',
      { action: 'reject', reply: '550 5.7.1 rejected by DMARC policy for 100%.example', insert: ['A: b'] },
      ['y 550 5.7.1 rejected by DMARC policy for 100%%.example'],
    ],
    ['tempfail', { action: 'tempfail', reply: '451 4.7.1 later' }, ['y 451 4.7.1 later']],
    ['a reply that is none', { action: 'reject', reply: 'no' }, ['r']],
    ['a reply of the wrong kind', { action: 'tempfail', reply: '550 5.7.1 no' }, ['t']],
    ['a reply of mixed kinds', { action: 'reject', reply: '550 4.7.1 no' }, ['r']],
    ['a reply with line ends', { action: 'reject', reply: '550 5.7.1 a\r\n250 b' }, ['y 550 5.7.1 a 250 b']],
    ['quarantine', { action: 'quarantine', reply: 'why', insert: ['A: b'] }, ['i 0 A| b', 'q why', 'a']],
    [
      'quarantine where the MTA cannot',
      { action: 'quarantine', reply: 'why', insert: ['A: b'] },
      ['i 0 A| b', 'i 0 X-Postern-Quarantine| why', 'a'],
      mta.offer(6, 0x1df, all),
    ],
  ]
  for (const [what, parts, said, offer] of cases) {
    test(what, async () => {
      const { say, writes } = start(() => verdict(parts))
      await say(offer ?? mta.offer(), mta.connect())
      assert.deepEqual(await say(...message('x')), said)
      assert.equal(writes(), 1, 'in one write')
    })
  }

  test('what the MTA does not let us do is told', async () => {
    const { say, warnings } = start(() => verdict({ insert: ['A: b'], remove: [{ name: 'A', nth: 1 }] }))
    await say(mta.offer(6, SMFIF.ADDRCPT, ALL_PROTOCOL), mta.connect())
    assert.deepEqual(await say(mta.mail(), mta.macros('E', 'i', 'Q1'), mta.end()), ['a'])
    assert.deepEqual(warnings, ['Q1: the MTA lets us not add headers and remove headers'])
  })

  test('log lines bear the queue id', async () => {
    const { say, log } = await connected(() => verdict({ log: [{ daemon: 'opendmarc', text: 'example.org pass' }] }))
    await say(mta.mail(), mta.macros('E', 'i', 'Q1'), mta.end())
    assert.deepEqual(log, ['opendmarc Q1: example.org pass'])
  })

  test('while one is awaited the MTA hears so, and nothing more is taken', async () => {
    let settleVerdict: (verdict: MessageVerdict) => void = () => undefined
    const slow = (): Promise<MessageVerdict> =>
      new Promise(resolve => {
        settleVerdict = resolve
      })
    const { say, heard, clock, session, judges, open } = await connected(slow)
    assert.deepEqual(await say(...message('one'), ...message('two')), [])
    assert.equal(session.isJudging, true)
    await clock.advance(5000)
    assert.equal(judges.length, 1)
    settleVerdict(ACCEPT)
    await settle()
    assert.deepEqual(heard(), ['p', 'a'])
    assert.equal(judges.length, 2)
    session.close()
    assert.equal(open(), 1, 'the second is being judged yet')
    settleVerdict(ACCEPT)
    await settle()
    assert.equal(open(), 0)
    assert.equal(clock.waiting, 0)
  })

  test('progress comes every five seconds', async () => {
    const { say, clock, heard } = await connected(() => new Promise(() => undefined))
    await say(...message('x'))
    await clock.advance(4999)
    assert.deepEqual(heard(), [])
    await clock.advance(1)
    assert.deepEqual(heard(), ['p'])
    await clock.advance(10_000)
    assert.deepEqual(heard(), ['p', 'p', 'p'])
  })

  test('T5.2 a fault in judging lets the message pass', async () => {
    const broken = async (): Promise<MessageVerdict> => {
      throw new Error('a fault')
    }
    const { say, warnings, open } = await connected(broken)
    assert.deepEqual(await say(...message('x')), ['a'])
    assert.match(warnings.join(), /judging a message failed, it passes: Error: a fault/)
    assert.equal(open(), 0)
  })
})

describe('T5.2 hostile packets', () => {
  const before = [mta.offer(), mta.connect()]
  const cases: readonly (readonly [what: string, packets: readonly Buffer[], warning: RegExp])[] = [
    ['no offer', [mta.connect()], /connect out of order/],
    ['two offers', [mta.offer(), mta.offer()], /negotiate out of order/],
    ['an offer too short', [formatPacket('O', Buffer.alloc(11))], /too short/],
    ['version 1', [mta.offer(1)], /version 1/],
    ['MAIL without a client', [mta.offer(), mta.mail()], /mail out of order/],
    ['RCPT without MAIL', [...before, mta.rcpt()], /rcpt out of order/],
    ['a header without MAIL', [...before, mta.header('A', 'b')], /header out of order/],
    ['the end without MAIL', [...before, mta.end()], /end out of order/],
    ['RCPT after a header', [...before, mta.mail(), mta.header('A', 'b'), mta.rcpt()], /rcpt out of order/],
    ['a header after the body', [...before, mta.mail(), mta.body('x'), mta.header('A', 'b')], /header out of order/],
    ['a second client', [...before, mta.connect()], /connect out of order/],
    ['an unknown command', [...before, formatPacket('Z')], /unknown command "Z"/],
    ['a packet without a command', [Buffer.alloc(4)], /without a command/],
    ['a packet of 4 GB', [Buffer.from('ffffffff', 'hex')], /4294967295 bytes/],
    ['a header without a name', [...before, mta.mail(), formatPacket('L', Buffer.from('\0x\0'))], /without a name/],
    ['a header without an end', [...before, mta.mail(), formatPacket('L', Buffer.from('A\0x'))], /without an end/],
    ['HELO without an end', [...before, formatPacket('H', Buffer.from('x'))], /without an end/],
    ['MAIL without an address', [...before, formatPacket('M')], /without an address/],
    ['a client without a family', [mta.offer(), formatPacket('C', Buffer.from('x\0'))], /family/],
    ['a client of an unknown family', [mta.offer(), formatPacket('C', Buffer.from('x\x007'))], /family "7"/],
    ['a client without an address', [mta.offer(), formatPacket('C', Buffer.from('x\x004\0'))], /without an address/],
    ['macros for nothing', [...before, formatPacket('D')], /macros/],
  ]
  for (const [what, packets, warning] of cases) {
    test(what, async () => {
      const { say, session, warnings, open, clock } = start()
      await say(...packets)
      assert.equal(session.isOver, true)
      assert.equal(warnings.length, 1)
      assert.match(warnings[0] ?? '', /^closing a milter connection: /)
      assert.match(warnings[0] ?? '', warning)
      assert.deepEqual(await say(...message('x')), [])
      assert.equal(open(), 0)
      assert.equal(clock.waiting, 0)
    })
  }

  test('headers beyond all bounds are refused, and the connection lives on', async () => {
    const { say, judges, open } = await connected()
    const large = mta.header('X', Buffer.alloc(1024 * 1024 - 10, 'x'))
    await say(mta.mail())
    for (let size = 0; size <= HEADER_LIMIT; size += 1024 * 1024) await say(large)
    assert.deepEqual(await say(mta.eoh(), mta.body('x'), mta.end()), [
      'y 552 5.3.4 Message header size exceeds fixed limit',
    ])
    assert.equal(judges[0]?.envelope, null)
    assert.equal(open(), 0)
    assert.deepEqual(await say(...message('x')), ['a'])
  })

  test('recipients beyond all bounds are not kept', async () => {
    const { say, judges } = await connected()
    await say(mta.mail())
    for (let i = 0; i < 11; i++) await say(...Array.from({ length: 1000 }, () => mta.rcpt()))
    await say(mta.end())
    assert.equal(judges[0]?.envelope?.recipients.length, 10_000)
  })
})
