import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { TEST_SETTINGS, tableResolver } from '../../test/support/hop_bench.ts'
import { type HopScript, ScriptedHop } from '../../test/support/scripted_hop.ts'
import type { Event } from '../model/event.ts'
import { VerifyCache } from '../store/verify_cache.ts'
import { systemClock } from '../util/clock.ts'
import { makeVerifier, type VerifierOptions } from './verifier.ts'

const open: ScriptedHop[] = []
after(() => Promise.all(open.map(hop => hop.close())))

type Changes = Partial<VerifierOptions['config']>

async function setUp(script: HopScript, changes: Changes = {}, negativeCache = true) {
  const hop = new ScriptedHop(script)
  open.push(hop)
  const port = await hop.listen()
  const events: Event[] = []
  const found = (address: string) => ({
    status: 'found' as const,
    records: [{ type: 'A' as const, address, ttl: 9 }],
    stale: false,
    secondsLeft: 9,
  })
  const verifier = makeVerifier({
    config: {
      postern_next_hop: `smtp:[127.0.0.1]:${port}`,
      postern_verify_port: port,
      smtp_address_verify_target: 'rcpt',
      address_verify_sender: 'double-bounce',
      address_verify_sender_ttl: 0,
      address_verify_poll_count: 3,
      address_verify_poll_delay: 3,
      address_verify_pending_request_limit: 5000,
      myorigin: 'gate.example',
      ...changes,
    },
    deps: {
      settings: TEST_SETTINGS,
      resolver: tableResolver({
        'MX sender.example': { status: 'absent', reason: 'nodata', secondsLeft: 9 },
        'A sender.example': found('127.0.0.1'),
      }),
      clock: systemClock,
      emit: event => void events.push(event),
    },
    cache: new VerifyCache(
      { positiveExpire: 1000, positiveRefresh: 1000, negativeExpire: 1000, negativeRefresh: 1000, negativeCache },
      systemClock,
      null,
    ),
    isOurs: address => Promise.resolve(address.endsWith('@ours.example')),
  })
  return { hop, port, verifier, events }
}

describe('verify', () => {
  test('an address that the next hop takes; asked once', async () => {
    const { hop, verifier, port, events } = await setUp({ RCPT: '250 2.1.5 Ok' })
    for (let i = 0; i < 3; i++)
      assert.deepEqual(await verifier.verify('bob@ours.example'), { status: 'ok', text: '250 2.1.5 Ok' })
    while (hop.commands.at(-1) !== 'QUIT') await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(hop.commands, [
      'EHLO gate.example',
      'MAIL FROM:<double-bounce@gate.example>',
      'RCPT TO:<bob@ours.example> ORCPT=rfc822;bob@ours.example',
      'RSET',
      'QUIT',
    ])
    const text = `PROBE: to=<bob@ours.example>, relay=127.0.0.1[127.0.0.1]:${port}, dsn=2.1.5, status=deliverable (250 2.1.5 Ok)`
    assert.deepEqual(events, [{ kind: 'info', text, daemon: 'smtp' }])
  })

  const cases: readonly (readonly [string, HopScript, string, RegExp])[] = [
    [
      'refused',
      { RCPT: '550 5.1.1 no such user' },
      'undeliverable',
      /^host 127.0.0.1\[127.0.0.1\] said: 550 5.1.1 no such user \(in reply to RCPT TO command\)$/,
    ],
    [
      'greylisted',
      { RCPT: '450 4.2.0 later' },
      'deferred',
      /^host .* said: 450 4.2.0 later \(in reply to RCPT TO command\)$/,
    ],
    [
      'probe sender refused',
      { MAIL: '550 5.7.1 go away', RCPT: '503 5.5.1 no' },
      'undeliverable',
      /said: 550 5.7.1 go away \(in reply to MAIL FROM command\)$/,
    ],
    ['lost', { RCPT: 'CLOSE' }, 'deferred', /^lost connection with .* while sending RCPT TO$/],
    ['refused to talk', { greeting: '554 5.7.1 no' }, 'deferred', /^host .* refused to talk to me: 554 5.7.1 no$/],
  ]
  for (const [name, script, status, text] of cases) {
    test(name, async () => {
      const { verifier } = await setUp(script)
      const outcome = await verifier.verify('bob@ours.example')
      assert.equal(outcome.status, status)
      assert.match(outcome.text, text)
    })
  }

  test('a slow server: in progress, and the answer next time', async () => {
    const { hop, verifier } = await setUp({ RCPT: 'HANG' }, { address_verify_poll_delay: 0.05 })
    const outcome = await verifier.verify('bob@ours.example')
    assert.deepEqual(outcome, { status: 'in progress', text: 'Address verification in progress' })
    hop.hangUp()
    while ((await verifier.verify('bob@ours.example')).status === 'in progress');
    assert.equal((await verifier.verify('bob@ours.example')).status, 'deferred')
  })

  test('without a negative cache a failure stays in progress', async () => {
    const { verifier } = await setUp({ RCPT: '550 5.1.1 no' }, {}, false)
    assert.equal((await verifier.verify('bob@ours.example')).status, 'in progress')
  })

  test('a sender of elsewhere is asked at its MX host', async () => {
    const { verifier } = await setUp({ RCPT: '550 5.1.1 no' }, { postern_next_hop: 'discard:' })
    assert.equal((await verifier.verify('a@ours.example')).status, 'ok')
    const outcome = await verifier.verify('a@sender.example')
    assert.equal(outcome.text, 'host sender.example[127.0.0.1] said: 550 5.1.1 no (in reply to RCPT TO command)')
    const nowhere = await verifier.verify('a@nowhere.example')
    assert.equal(nowhere.status, 'undeliverable')
    assert.match(
      nowhere.text,
      /^Host or domain name not found. Name service error for name=nowhere.example type=A: Host not found$/,
    )
  })

  test('up to DATA if so wanted, and hung up on there', async () => {
    const { hop, verifier } = await setUp({}, { smtp_address_verify_target: 'data' })
    assert.deepEqual(await verifier.verify('a@ours.example'), { status: 'ok', text: '354 go' })
    assert.equal(hop.commands.at(-1), 'DATA')
    assert.deepEqual(hop.messages, [])
  })
})
