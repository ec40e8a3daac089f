import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts, type Said } from '../../test/support/facts.ts'
import { type FakeWorldOptions, makeFakeWorld } from '../../test/support/fake_world.ts'
import { ManualClock } from '../../test/support/manual_clock.ts'
import type { Resolver } from '../dns/resolver.ts'
import { registry } from '../restrictions/index.ts'
import { sleep } from '../util/clock.ts'
import { splitWords } from '../util/words.ts'
import { makePolicy } from './judge.ts'
import { type ListVerdict, makeListJudge } from './list_judge.ts'

const RCPT: Said = { recipient: 'user@here.example', client: '203.0.113.9' }

function judge(list: string, said: Said = RCPT, options: FakeWorldOptions = {}): Promise<ListVerdict> {
  const policy = makePolicy({ world: makeFakeWorld(options), registry, classes: new Map() })
  const words = splitWords(list).map(text => ({ text }))
  return makeListJudge(policy, 'endpoint', words)(makeFacts(said))
}

describe('makeListJudge', () => {
  test('a permit ends the list', async () => {
    const { refusal, deferIfPermit, trace } = await judge('permit, reject')
    assert.deepEqual([refusal, deferIfPermit, trace.steps.length], [null, null, 1])
  })

  test('tells the refusal, its events and its trace', async () => {
    const { refusal, events, trace } = await judge('check_client_access inline:{203.0.113.9=DUNNO}, reject', RCPT, {
      tables: { 'inline:{203.0.113.9=DUNNO}': {} },
    })
    assert.equal(refusal, '554 5.7.1 <user@here.example>: Recipient address rejected: Access denied')
    assert.deepEqual(
      events.map(event => event.kind),
      ['verdict'],
    )
    assert.deepEqual(
      trace.steps.map(step => [step.list, step.restriction]),
      [
        ['endpoint', 'check_client_access'],
        ['endpoint', 'reject'],
      ],
    )
  })

  test('tells deferrals instead of carrying them out', async () => {
    assert.equal(
      (await judge('defer_if_permit, permit')).deferIfPermit,
      '450 4.7.0 <user@here.example>: Recipient address rejected: defer_if_permit requested',
    )
    assert.equal(
      (await judge('defer_if_reject')).deferIfReject,
      '450 4.7.0 <user@here.example>: Recipient address rejected: defer_if_reject requested',
    )
  })

  test('a permanent refusal behind a failure is a deferral', async () => {
    const { refusal } = await judge('defer_if_reject, reject')
    assert.match(refusal ?? '', /^450 4\.7\.0 /)
  })

  test('bare tables look up recipients, and the subject follows the stage', async () => {
    const tables = { 'hash:t': { 'user@here.example': 'REJECT by table' } }
    assert.match((await judge('hash:t', RCPT, { tables })).refusal ?? '', /^554 5\.7\.1 .*by table$/)
    assert.match(
      (await judge('reject', { where: 'EHLO', helo: 'h.example' })).refusal ?? '',
      /<h\.example>: Helo command rejected/,
    )
    assert.match(
      (await judge('reject', { where: 'DATA', sender: 'a@b.example' })).refusal ?? '',
      /<DATA>: Data command rejected/,
    )
  })

  test('collects what is to be done to the message', async () => {
    const tables = { 'hash:t': { 'user@here.example': 'HOLD for a look', 'sender@there.example': 'PREPEND X-A: 1' } }
    const { effects } = await judge('check_recipient_access hash:t, check_sender_access hash:t', RCPT, { tables })
    assert.deepEqual([effects.hold, effects.prepend], [true, ['X-A: 1']])
  })

  test('asks everything at once: the latency is that of the longest chain', async () => {
    const clock = new ManualClock()
    const asked: string[] = []
    // RFC 2308: nothing exists, and each answer takes a second.
    const resolver: Resolver = {
      async query(name, type) {
        asked.push(`${type} ${name}`)
        await sleep(clock, 1000)
        return { status: 'absent', reason: 'nxdomain', secondsLeft: 60 }
      },
    }
    let done = false
    const list =
      'reject_rbl_client a.example, reject_rbl_client b.example, reject_rhsbl_sender c.example, reject_rhsbl_helo d.example'
    const verdict = judge(list, RCPT, { clock, resolver }).then(() => {
      done = true
    })
    await clock.advance(999)
    assert.equal(done, false)
    assert.ok(asked.length >= 5, asked.join())
    await clock.advance(1)
    await verdict
    assert.equal(done, true)
  })

  test('T5.2 a fault of ours is 451, and the log tells it', async () => {
    const policy = makePolicy({ world: makeFakeWorld(), registry, classes: new Map() })
    const clock = new ManualClock()
    clock.monotonic = () => {
      throw new Error('the clock is broken')
    }
    const broken = { ...policy, world: { ...policy.world, clock } }
    const { refusal, events } = await makeListJudge(broken, 'endpoint', [{ text: 'permit' }])(makeFacts(RCPT))
    assert.equal(refusal, '451 4.3.0 Temporary lookup failure')
    assert.match(JSON.stringify(events), /judging RCPT failed: .*the clock is broken/)
  })
})
