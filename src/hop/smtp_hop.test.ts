import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { envelope, PLAIN_RCPT, pieces } from '../../test/support/hop_bench.ts'
import { type HopPair, hopPair, MESSAGE } from '../../test/support/hop_pair.ts'
import type { HopScript } from '../../test/support/scripted_hop.ts'

const open: { close(): Promise<void> }[] = []
after(() => Promise.all(open.map(one => one.close())))

async function setUp(...args: Parameters<typeof hopPair>): Promise<HopPair> {
  const pair = await hopPair(...args)
  open.push(pair)
  return pair
}

const REFUSALS: readonly (readonly [string, HopScript, string])[] = [
  ['550 at RCPT', { RCPT: '550 5.1.1 <bob@x.example>: user unknown' }, '550 5.1.1 <bob@x.example>: user unknown'],
  ['450 at RCPT', { RCPT: '450 4.2.1 greylisted' }, '450 4.2.1 greylisted'],
  ['no enhanced status', { RCPT: '550 unknown' }, '550 5.0.0 unknown'],
  ['status of another class', { RCPT: '550 4.1.1 odd' }, '550 5.0.0 odd'],
  [
    'several lines',
    { RCPT: '550-5.1.1 no such user\r\n550-5.1.1 here\r\n550 5.1.1 (see docs)' },
    '550 5.1.1 no such user here (see docs)',
  ],
  ['550 at MAIL', { MAIL: '550 5.7.1 sender refused' }, '550 5.7.1 sender refused'],
  ['421 at MAIL', { MAIL: { say: '421 4.3.2 closing', thenClose: true } }, '451 4.3.2 closing'],
  ['421 at RCPT', { RCPT: { say: '421 4.7.0 too many errors', thenClose: true } }, '451 4.7.0 too many errors'],
  ['521 at RCPT', { RCPT: { say: '521 5.3.2 go away', thenClose: true } }, '554 5.3.2 go away'],
  ['421 at the greeting', { greeting: { say: '421 4.3.2 busy', thenClose: true } }, '451 4.4.1 Next hop unavailable'],
  ['554 at the greeting', { greeting: '554 no service here' }, '451 4.4.1 Next hop unavailable'],
  ['hangs up at once', { greeting: 'CLOSE' }, '451 4.4.1 Next hop unavailable'],
  ['hangs up at EHLO', { EHLO: 'CLOSE' }, '451 4.4.1 Next hop unavailable'],
  ['refuses EHLO and HELO', { EHLO: '502 no', HELO: '550 no' }, '451 4.4.1 Next hop unavailable'],
  ['hangs up at MAIL', { MAIL: 'CLOSE' }, '451 4.4.1 Next hop unavailable'],
  ['hangs up at RCPT', { RCPT: 'CLOSE' }, '451 4.4.1 Next hop unavailable'],
  ['garbage at RCPT', { RCPT: '<html>hello</html>' }, '451 4.4.1 Next hop unavailable'],
  ['354 at RCPT', { RCPT: '354 go on' }, '451 4.5.0 Unexpected answer of the next hop'],
]

describe('what the client hears at RCPT', () => {
  for (const [name, script, reply] of REFUSALS) {
    test(name, async () => {
      const { send } = await setUp(script)
      const { answers, result } = await send(['bob@x.example'])
      assert.deepEqual(answers, [{ ok: false, reply }])
      assert.equal(result.outcome, 'refused')
    })
  }

  test('nobody listens', async () => {
    const { hop, send, events, port } = await setUp({})
    await hop.close()
    const { answers } = await send(['bob@x.example', 'carol@x.example'])
    assert.deepEqual(
      answers.map(a => (a.ok ? 'ok' : a.reply)),
      Array(2).fill('451 4.4.1 Next hop unavailable'),
    )
    const text = `connect to 127.0.0.1[127.0.0.1]:${port}: Connection refused`
    assert.deepEqual(events, [{ kind: 'info', text, daemon: 'smtp' }])
  })

  test('one of three is refused, the message goes to the others', async () => {
    const { hop, send } = await setUp({ RCPT: line => (line.includes('bad@') ? '550 5.1.1 no' : '250 2.1.5 Ok') })
    const { answers, result } = await send(['a@x.example', 'bad@x.example', 'c@x.example'])
    assert.deepEqual(
      answers.map(answer => answer.ok),
      [true, false, true],
    )
    assert.equal(result.outcome, 'taken')
    assert.deepEqual(
      result.recipients.map(r => [r.recipient, r.status, r.dsn, r.text]),
      [
        ['a@x.example', 'sent', '2.0.0', '250 2.0.0 Ok: queued as HOP1'],
        ['c@x.example', 'sent', '2.0.0', '250 2.0.0 Ok: queued as HOP1'],
      ],
    )
    assert.deepEqual(hop.messages, [MESSAGE])
  })

  test('a message too big by its announced size', async () => {
    const { hops } = await setUp({})
    const tx = hops.main.begin(envelope({ size: 20_000_000 }))
    assert.deepEqual(await tx.addRecipient('a@x.example', PLAIN_RCPT), {
      ok: false,
      reply: '552 5.3.4 Message size exceeds fixed limit',
    })
    tx.abort()
  })
})

describe('what is sent', () => {
  test('everything that the hop offers', async () => {
    const { hop, hops } = await setUp({
      EHLO: '250-hop\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE',
    })
    const tx = hops.main.begin(envelope({ size: 1234, body: '8BITMIME', smtputf8: true, ret: 'HDRS', envid: 'a+3Db' }))
    assert.deepEqual(
      await tx.addRecipient('bob@x.example', { notify: ['FAILURE', 'DELAY'], orcpt: 'rfc822;old@x.example' }),
      { ok: true },
    )
    assert.deepEqual(await tx.addRecipient('odd name@x.example', PLAIN_RCPT), { ok: true })
    tx.abort()
    assert.deepEqual(hop.commands, [
      'EHLO gate.example',
      'XFORWARD NAME=mx.sender.example ADDR=192.0.2.1 PORT=40000',
      'XFORWARD PROTO=ESMTP HELO=mx.sender.example IDENT=4F00BA SOURCE=REMOTE',
      'MAIL FROM:<alice@sender.example> SIZE=1234 BODY=8BITMIME ENVID=a+3Db RET=HDRS SMTPUTF8',
      'RCPT TO:<bob@x.example> ORCPT=rfc822;old@x.example NOTIFY=FAILURE,DELAY',
      'RCPT TO:<"odd name"@x.example> ORCPT=rfc822;"odd+20name"@x.example',
    ])
  })

  test('nothing that a plain server would not know', async () => {
    const { hop, hops } = await setUp({ EHLO: '502 5.5.1 no', HELO: '250 old' })
    const tx = hops.main.begin(envelope({ size: 1234, body: '8BITMIME', ret: 'FULL', envid: 'x', sender: '' }))
    assert.deepEqual(await tx.addRecipient('bob@x.example', { notify: ['NEVER'], orcpt: null }), { ok: true })
    const result = await tx.data(pieces(MESSAGE))
    assert.equal(result.outcome, 'taken')
    assert.deepEqual(hop.commands, [
      'EHLO gate.example',
      'HELO gate.example',
      'MAIL FROM:<>',
      'RCPT TO:<bob@x.example>',
      'DATA',
    ])
  })

  test('a UTF-8 address only to a server with SMTPUTF8', async () => {
    const { hops } = await setUp({ EHLO: '250-hop\r\n250 PIPELINING' })
    const tx = hops.main.begin(envelope({ smtputf8: true }))
    const refused = await tx.addRecipient('bärbel@x.example', PLAIN_RCPT)
    assert.deepEqual(refused, {
      ok: false,
      reply: '553 5.6.7 SMTPUTF8 is required, but was not offered by the next hop',
    })
    assert.deepEqual(await tx.addRecipient('bob@x.example', PLAIN_RCPT), { ok: true })
    const result = await tx.data(pieces('Subject: b\xc3\xa4r\r\n\r\nx\r\n'))
    assert.equal(result.outcome, 'refused')
    assert.match(result.reply, /^553 5\.6\.7 /)
  })

  for (const cut of [[1], [13], [15], [16], [19, 20], [20, 21, 22, 23, 24], [3, 14, 17, 30]]) {
    test(`dots and line ends with cuts at ${cut.join()}`, async () => {
      const { hop, send } = await setUp({})
      const parts = [0, ...cut].map((from, i) => MESSAGE.slice(from, cut[i] ?? MESSAGE.length))
      const { result } = await send(['bob@x.example'], pieces(...parts))
      assert.equal(result.outcome, 'taken')
      assert.deepEqual(hop.messages, [MESSAGE])
    })
  }

  test('a missing last line end is added; an empty message stays empty', async () => {
    const { hop, send } = await setUp({})
    await send(['bob@x.example'], pieces('a\r\n\r\nb'))
    await send(['bob@x.example'], pieces())
    assert.deepEqual(hop.messages, ['a\r\n\r\nb\r\n', ''])
  })
})

const LOSSES: readonly (readonly [string, HopScript, string, RegExp])[] = [
  [
    'refused at DATA',
    { DATA: '554 5.7.1 no' },
    '554 5.7.1 no',
    /^host 127.0.0.1\[127.0.0.1\] said: 554 5.7.1 no \(in reply to DATA command\)$/,
  ],
  ['250 at DATA', { DATA: '250 what' }, '451 4.5.0 Unexpected answer of the next hop', /said: 250 what/],
  [
    'lost at DATA',
    { DATA: 'CLOSE' },
    '451 4.4.1 Next hop unavailable',
    /^lost connection with 127.0.0.1\[127.0.0.1\] while sending DATA command$/,
  ],
  [
    'refused after the message',
    { dot: '550 5.7.1 spam' },
    '550 5.7.1 spam',
    /said: 550 5.7.1 spam \(in reply to end of DATA command\)$/,
  ],
  ['deferred after the message', { dot: '452 4.3.1 full' }, '452 4.3.1 full', /said: 452 4.3.1 full/],
  [
    'lost after the dot',
    { dot: 'CLOSE' },
    '451 4.4.1 Next hop unavailable',
    /while sending end of data -- message may be sent more than once$/,
  ],
  ['421 after the dot', { dot: { say: '421 4.3.0 dying', thenClose: true } }, '451 4.3.0 dying', /said: 421/],
  ['garbage after the dot', { dot: 'OK' }, '451 4.4.1 Next hop unavailable', /^non-ESMTP response from/],
  ['354 after the dot', { dot: '354 more' }, '451 4.5.0 Unexpected answer of the next hop', /said: 354 more/],
  [
    'refused in the middle, and closed',
    { inData: { after: 100_000, move: { say: '552 5.3.4 too big', thenClose: true } } },
    '552 5.3.4 too big',
    /said: 552 5.3.4 too big/,
  ],
  [
    'refused in the middle, kept open',
    { inData: { after: 100_000, move: '552 5.3.4 too big' } },
    '552 5.3.4 too big',
    /said: 552 5.3.4 too big/,
  ],
  [
    'lost in the middle',
    { inData: { after: 100_000, move: 'CLOSE' } },
    '451 4.4.1 Next hop unavailable',
    /^lost connection with .* while sending message body$/,
  ],
  [
    '250 in the middle',
    { inData: { after: 100_000, move: '250 2.0.0 premature' } },
    '451 4.4.1 Next hop unavailable',
    /while sending message body$/,
  ],
]

describe('what the client hears after the message', () => {
  const big = `Subject: big\r\n\r\n${'x'.repeat(76)}\r\n`.padEnd(0) + `${'y'.repeat(76)}\r\n`.repeat(100)
  for (const [name, script, reply, text] of LOSSES) {
    test(name, async () => {
      const { send } = await setUp(script)
      const { answers, result } = await send(['bob@x.example'], pieces(...Array(300).fill(big)))
      assert.deepEqual(answers, [{ ok: true }])
      assert.equal(result.outcome, 'refused')
      assert.equal(result.reply, reply)
      assert.match(result.recipients[0]?.text ?? '', text)
      assert.equal(result.recipients[0]?.status, reply.startsWith('5') ? 'bounced' : 'deferred')
    })
  }

  test('a message that breaks off is not delivered', async () => {
    const { hop, send } = await setUp({})
    async function* broken() {
      yield Buffer.from('Subject: x\r\n\r\n')
      throw new Error('client is gone')
    }
    const { result } = await send(['bob@x.example'], broken())
    assert.equal(result.outcome, 'aborted')
    const next = await send(['bob@x.example'])
    assert.equal(next.result.outcome, 'taken')
    assert.deepEqual(hop.messages, [MESSAGE])
    assert.equal(hop.connections, 2)
  })
})

describe('a transaction that waits for its message', () => {
  test('knows when the server has hung up, or said goodbye, and another one succeeds', async () => {
    const { hop, hops } = await setUp({})
    const tx = hops.main.begin(envelope())
    assert.deepEqual(await tx.addRecipient('bob@x.example', PLAIN_RCPT), { ok: true })
    assert.equal(tx.isLost, false)
    hop.hangUp()
    while (!tx.isLost) await new Promise(resolve => setImmediate(resolve))
    const again = hops.main.begin(envelope())
    assert.deepEqual(await again.addRecipient('bob@x.example', PLAIN_RCPT), { ok: true })
    tx.abort()
    assert.equal(tx.isLost, false)
    assert.equal((await again.data(pieces(MESSAGE))).outcome, 'taken')
    assert.equal(again.isLost, false)
    assert.deepEqual([hop.messages, hop.connections], [[MESSAGE], 2])
  })

  test('one that has nobody yet, or is over, is not lost', async () => {
    const { hops } = await setUp({})
    const tx = hops.main.begin(envelope())
    assert.equal(tx.isLost, false)
    tx.abort()
    assert.equal(tx.isLost, false)
  })
})
