import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeMemory } from '../../test/support/fake_memory.ts'
import { openSession, type SessionOptions } from '../../test/support/judge_session.ts'
import { ManualClock, settle } from '../../test/support/manual_clock.ts'

const DAY = 86_400
const DEFERRED =
  '450 4.2.0 <user@here.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/here.example.html'

/** Sessions over one memory and one clock; each call is a new session. */
function gateway(mainCf = 'smtpd_recipient_restrictions = check_greylist') {
  const clock = new ManualClock()
  const lifetimes = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, correspondent: 30 * DAY }
  const memory = new FakeMemory(lifetimes, clock)
  const options: SessionOptions = { mainCf, clock, memory }
  return { clock, memory, open: () => openSession(options) }
}

describe('check_greylist', () => {
  test('G18 defers an unknown triplet, lets it pass when the delay is over, and puts a header in front', async () => {
    const { clock, open } = gateway()
    assert.equal(await open().rcpt(), DEFERRED)
    await clock.advance(300_000)
    const session = open()
    const judged = await session.judgement('recipient', { recipient: 'user@here.example' })
    assert.equal(judged.reply, null)
    assert.match(
      judged.effects.prepend.join(),
      /^X-Greylist: delayed 300 seconds by postgrey-1\.37 at mx\.here\.example; /,
    )
    const [line] = judged.events.filter(event => event.kind === 'info')
    assert.deepEqual(line, {
      kind: 'info',
      daemon: 'postgrey',
      text: 'action=pass, reason=triplet found, delay=300, client_name=unknown, client_address=192.0.2.1, sender=sender@there.example, recipient=user@here.example',
    })
  })

  test('is a deferral that a later refusal beats, as Postgrey in Postfix', async () => {
    const { open } = gateway('smtpd_recipient_restrictions = check_greylist, reject')
    assert.match(await open().rcpt(), /^554 5\.7\.1 /)
  })

  test('under warn_if_reject it warns, and lets pass', async () => {
    const session = gateway('smtpd_recipient_restrictions = warn_if_reject check_greylist').open()
    assert.equal(await session.rcpt(), 'ok')
    assert.ok(session.log.includes(`reject_warning: ${DEFERRED}`))
  })

  test('a list that ends before it remembers nothing', async () => {
    const { memory, open } = gateway('smtpd_recipient_restrictions = reject, check_greylist')
    await open().rcpt()
    const entries = []
    for await (const entry of memory.entries('triplet')) entries.push(entry)
    assert.deepEqual(entries, [])
  })

  test('T5.1 a memory that does not answer delays nobody, and is told', async () => {
    const { memory, open } = gateway()
    memory.broken = 'disk full'
    const session = open()
    assert.equal(await session.rcpt(), 'ok')
    assert.deepEqual(session.log, ['warning: check_greylist: nobody is greylisted: disk full'])
    // The gateway has one Greylisting for all sessions: it says a trouble once a minute.
    const next = gateway()
    next.memory.broken = 'disk full'
    const one = next.open()
    for (const recipient of ['a@here.example', 'b@here.example']) assert.equal(await one.rcpt({ recipient }), 'ok')
    assert.equal(one.log.length, 1)
  })

  test('T3.6 postern_greylist = no', async () => {
    const { open } = gateway('smtpd_recipient_restrictions = check_greylist\npostern_greylist = no')
    assert.equal(await open().rcpt(), 'ok')
  })
})

describe('T3.3 somebody to whom a user of ours wrote is not delayed', () => {
  const mainCf =
    'smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, check_greylist\nsmtpd_sasl_auth_enable = yes'
  const answer = { sender: 'friend@far.example', recipient: 'user@here.example' }
  const cases: readonly (readonly [
    who: string,
    said: Parameters<ReturnType<typeof openSession>['rcpt']>[0],
    reply: string,
  ])[] = [
    ['a client that signed in', { sasl: 'user', client: '203.0.113.9' }, 'ok'],
    ['a client in mynetworks', { client: '198.51.100.7' }, 'ok'],
    ['a stranger', { client: '203.0.113.9' }, DEFERRED],
    ['a bounce of ours', { client: '198.51.100.7', sender: '' }, DEFERRED],
  ]
  for (const [who, said, reply] of cases)
    test(`the mail was from ${who}: ${reply.slice(0, 3)}`, async () => {
      const { open } = gateway(mainCf)
      await open().rcpt({ ...said, recipient: 'friend@far.example' })
      await settle()
      assert.equal(await open().rcpt(answer), reply)
    })

  test('an address of our own is not remembered: whoever forges it would not wait', async () => {
    const { open } = gateway(mainCf)
    await open().rcpt({ client: '198.51.100.7', recipient: 'other@here.example' })
    await settle()
    assert.equal(await open().rcpt({ sender: 'other@here.example' }), DEFERRED)
  })
})
