import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { envelope, hopBench, PLAIN_RCPT, pieces, tableResolver } from '../../test/support/hop_bench.ts'
import { type HopPair, hopPair, MESSAGE } from '../../test/support/hop_pair.ts'
import { type HopScript, ScriptedHop } from '../../test/support/scripted_hop.ts'

const open: { close(): Promise<void> }[] = []
after(() => Promise.all(open.map(one => one.close())))

async function setUp(...args: Parameters<typeof hopPair>): Promise<HopPair> {
  const pair = await hopPair(...args)
  open.push(pair)
  return pair
}

const HANGS: readonly (readonly [string, HopScript, RegExp])[] = [
  ['greeting', { greeting: 'HANG' }, /timed out while receiving the initial server greeting/],
  ['EHLO', { EHLO: 'HANG' }, /timed out while performing the EHLO handshake/],
  ['MAIL', { MAIL: 'HANG', RCPT: 'HANG' }, /timed out while sending MAIL FROM/],
  ['RCPT', { RCPT: 'HANG' }, /timed out while sending RCPT TO/],
]

describe('a hop that hangs', () => {
  const short = { helo: 50, mail: 50, rcpt: 50, dataInit: 50, dataDone: 50, dataXfer: 50 }
  const timeouts = { connect: 1000, startTls: 50, xforward: 50, rset: 50, ...short }
  for (const [name, script, text] of HANGS) {
    test(`at ${name}`, async () => {
      const { send, events } = await setUp(script, { timeouts })
      const { answers } = await send(['bob@x.example'])
      assert.deepEqual(answers, [{ ok: false, reply: '451 4.4.1 Next hop unavailable' }])
      assert.ok(
        events.some(event => event.kind === 'info' && text.test(event.text)),
        JSON.stringify(events),
      )
    })
  }

  test('at DATA, and after the dot', async () => {
    for (const script of [{ DATA: 'HANG' }, { dot: 'HANG' }]) {
      const { send } = await setUp(script, { timeouts })
      const { result } = await send(['bob@x.example'])
      assert.equal(result.reply, '451 4.4.1 Next hop unavailable')
      assert.match(result.recipients[0]?.text ?? '', /^conversation with .* timed out while sending/)
    }
  })

  test('that takes nothing of a long message', async () => {
    const server = net.createServer(socket => {
      socket.write('220 hop\r\n250-hop\r\n250 PIPELINING\r\n'.slice(0, 9))
      socket.on('error', () => undefined)
      socket.on('data', data => {
        const text = data.toString('latin1')
        if (text.startsWith('EHLO')) socket.write('250-hop\r\n250 PIPELINING\r\n')
        else if (text.startsWith('MAIL')) socket.write('250 ok\r\n250 ok\r\n')
        else if (text.startsWith('DATA')) {
          socket.write('354 go\r\n')
          socket.pause()
        }
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    open.push({ close: () => new Promise(resolve => server.close(() => resolve())) })
    const { hops } = hopBench(`smtp:[127.0.0.1]:${port}`, { timeouts })
    const tx = hops.main.begin(envelope())
    await tx.addRecipient('bob@x.example', PLAIN_RCPT)
    let pulled = 0
    async function* endless() {
      for (; pulled < 400; pulled++) yield Buffer.alloc(65_536, 'x')
    }
    const result = await tx.data(endless())
    assert.match(result.recipients[0]?.text ?? '', /timed out while sending message body/)
  })
})

describe('connections', () => {
  test('are used again', async () => {
    const { hop, send } = await setUp({})
    for (let i = 0; i < 3; i++) assert.equal((await send(['bob@x.example'])).result.outcome, 'taken')
    assert.equal(hop.connections, 1)
    assert.deepEqual(
      hop.commands.filter(command => command === 'RSET'),
      [],
    )
  })

  test('are used again after a refusal, with RSET', async () => {
    const { hop, send, hops } = await setUp({ RCPT: line => (line.includes('bad@') ? '550 5.1.1 no' : '250 ok') })
    const tx = hops.main.begin(envelope())
    await tx.addRecipient('bad@x.example', PLAIN_RCPT)
    tx.abort()
    tx.abort()
    while (!hop.commands.includes('RSET')) await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setImmediate(resolve))
    await send(['bob@x.example'])
    assert.equal(hop.messages.length, 1)
  })

  test('that died while idle are replaced without the client noticing', async () => {
    const { hop, send } = await setUp({})
    await send(['bob@x.example'])
    hop.hangUp()
    const { answers, result } = await send(['a@x.example', 'b@x.example', 'c@x.example'])
    assert.deepEqual(answers, [{ ok: true }, { ok: true }, { ok: true }])
    assert.equal(result.outcome, 'taken')
    assert.equal(hop.connections, 2)
    assert.deepEqual(
      hop.commands
        .filter(c => c.startsWith('RCPT'))
        .slice(-3)
        .map(c => c.slice(0, 11)),
      ['RCPT TO:<a@', 'RCPT TO:<b@', 'RCPT TO:<c@'],
    )
  })

  test('one each for transactions at the same time', async () => {
    const { hop, send } = await setUp({})
    await Promise.all([send(['a@x.example']), send(['b@x.example']), send(['c@x.example'])])
    assert.equal(hop.connections, 3)
    assert.equal(hop.messages.length, 3)
  })

  test('close waits for the transaction and says QUIT', async () => {
    const { hop, hops } = await setUp({})
    const tx = hops.main.begin(envelope())
    await tx.addRecipient('bob@x.example', PLAIN_RCPT)
    let closed = false
    const closing = hops.close().then(() => {
      closed = true
    })
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(closed, false)
    assert.equal((await tx.data(pieces(MESSAGE))).outcome, 'taken')
    await closing
    while (hop.commands.at(-1) !== 'QUIT') await new Promise(resolve => setImmediate(resolve))
  })

  test('the next MX host when the first refuses the connection', async () => {
    const hop = new ScriptedHop({})
    const port = await hop.listen()
    const resolver = tableResolver({
      'MX mail.example': {
        status: 'found',
        records: [
          { type: 'MX', preference: 20, exchange: 'two.example', ttl: 1 },
          { type: 'MX', preference: 10, exchange: 'one.example', ttl: 1 },
        ],
        stale: false,
        secondsLeft: 1,
      },
      'A one.example': {
        status: 'found',
        records: [{ type: 'A', address: '127.0.0.9', ttl: 1 }],
        stale: false,
        secondsLeft: 1,
      },
      'A two.example': {
        status: 'found',
        records: [{ type: 'A', address: '127.0.0.1', ttl: 1 }],
        stale: false,
        secondsLeft: 1,
      },
    })
    const { hops, events } = hopBench(`smtp:mail.example:${port}`, {}, resolver)
    open.push(hop, hops)
    const tx = hops.main.begin(envelope())
    assert.deepEqual(await tx.addRecipient('bob@x.example', PLAIN_RCPT), { ok: true })
    const result = await tx.data(pieces(MESSAGE))
    assert.equal(result.recipients[0]?.relay, `two.example[127.0.0.1]:${port}`)
    assert.deepEqual(events, [
      { kind: 'info', text: `connect to one.example[127.0.0.9]:${port}: Connection refused`, daemon: 'smtp' },
    ])
  })

  test('a destination without an address', async () => {
    const { hops, events } = hopBench('smtp:[nowhere.example]:25')
    const tx = hops.main.begin(envelope())
    assert.deepEqual(await tx.addRecipient('bob@x.example', PLAIN_RCPT), {
      ok: false,
      reply: '451 4.4.1 Next hop unavailable',
    })
    tx.abort()
    assert.deepEqual(events, [
      {
        kind: 'info',
        text: 'Host or domain name not found. Name service error for name=nowhere.example type=A: Host not found',
        daemon: 'smtp',
      },
    ])
  })
})

const LMTP: readonly (readonly [string, readonly string[], string, string, readonly string[]])[] = [
  ['all well', ['250 2.0.0 a', '250 2.0.0 b'], 'taken', '250 2.0.0 a', ['sent', 'sent']],
  ['one full', ['250 2.0.0 a', '452 4.2.2 full'], 'refused', '452 4.2.2 full', ['sent', 'deferred']],
  [
    'one gone',
    ['250 2.0.0 a', '550 5.1.1 gone'],
    'refused',
    '554 5.3.0 Not delivered to <b@x.example>: 5.1.1 gone',
    ['sent', 'bounced'],
  ],
  ['all gone', ['550 5.1.1 gone', '550 5.1.1 gone'], 'refused', '550 5.1.1 gone', ['bounced', 'bounced']],
  ['one gone, one full', ['550 5.1.1 gone', '452 4.2.2 full'], 'refused', '452 4.2.2 full', ['bounced', 'deferred']],
]

describe('LMTP', () => {
  for (const [name, dot, outcome, reply, statuses] of LMTP) {
    test(name, async () => {
      const { send } = await setUp({ dot }, {}, true)
      const { result } = await send(['a@x.example', 'b@x.example'])
      assert.equal(result.outcome, outcome)
      assert.equal(result.reply, reply)
      assert.deepEqual(
        result.recipients.map(r => r.status),
        statuses,
      )
    })
  }

  test('lost after the first of two answers', async () => {
    const { send } = await setUp({ dot: ['250 2.0.0 a', 'CLOSE'] }, {}, true)
    const { result } = await send(['a@x.example', 'b@x.example'])
    assert.equal(result.outcome, 'refused')
    assert.match(result.reply, /^451 /)
  })

  test('over a Unix-domain socket below queue_directory', async () => {
    const queueDirectory = fs.mkdtempSync(path.join(os.tmpdir(), 'hop'))
    const hop = new ScriptedHop({})
    await hop.listen(path.join(queueDirectory, 'lmtp'))
    const { hops } = hopBench('lmtp:unix:lmtp', { queueDirectory })
    open.push(hop, hops)
    const tx = hops.main.begin(envelope())
    assert.deepEqual(await tx.addRecipient('bob@x.example', PLAIN_RCPT), { ok: true })
    const result = await tx.data(pieces(MESSAGE))
    assert.equal(result.recipients[0]?.relay, 'gate.example[lmtp]')
  })
})
