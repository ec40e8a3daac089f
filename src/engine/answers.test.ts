import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts, type Said } from '../../test/support/facts.ts'
import type { FakeZone } from '../../test/support/fake_resolver.ts'
import { openSession, type SessionOptions, type TestSession } from '../../test/support/judge_session.ts'
import { ManualClock, settle } from '../../test/support/manual_clock.ts'
import { makeSlowResolver, type SlowResolver } from '../../test/support/slow_resolver.ts'

/** The guide's lists: nine restrictions that ask the DNS, and a policy server. */
const GUIDE = `
  smtpd_sender_restrictions =
    permit_mynetworks
    permit_sasl_authenticated
    reject_unknown_client_hostname
    reject_unknown_sender_domain
  smtpd_helo_restrictions =
    permit_mynetworks
    permit_sasl_authenticated
    check_helo_access hash:helo_access
    reject_invalid_helo_hostname
    reject_non_fqdn_helo_hostname
    reject_unknown_helo_hostname
  smtpd_recipient_restrictions =
    permit_mynetworks
    permit_sasl_authenticated
    check_policy_service inet:127.0.0.1:10023
    check_client_access hash:rbl_override
    reject_rhsbl_helo dbl.example
    reject_rhsbl_reverse_client dbl.example
    reject_rhsbl_sender dbl.example
    permit_dnswl_client list.dnswl.example=127.0.[0..255].[1..3]
    permit_dnswl_client swl.example
    reject_rbl_client zen.example
  smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination`

const ZONE: FakeZone = {
  PTR: { '1.2.0.192.in-addr.arpa': ['mail.there.example'] },
  A: { 'mail.there.example': ['192.0.2.1'] },
  MX: { 'there.example': ['10 mail.there.example'] },
}

const HELO: Said = { helo: 'mail.there.example' }
const MAIL: Said = { ...HELO, sender: 'sender@there.example' }
const RCPT: Said = { ...MAIL, recipient: 'user@here.example' }

interface Timed {
  readonly clock: ManualClock
  readonly resolver: SlowResolver
  readonly session: TestSession
  /** The questions so far, sorted. */
  asked(): string[]
}

function openTimed(options: SessionOptions = {}, zone: FakeZone = ZONE): Timed {
  const clock = new ManualClock()
  const resolver = makeSlowResolver(zone, clock)
  const session = openSession({
    mainCf: GUIDE,
    policy: { 'inet:127.0.0.1:10023': 'DUNNO' },
    tables: { 'hash:helo_access': {}, 'hash:rbl_override': {} },
    ...options,
    clock,
    resolver,
  })
  return { clock, resolver, session, asked: () => resolver.asked.map(each => each.question).sort() }
}

/** How many answers in a row a verdict waits for. */
async function countTicks(timed: Timed, verdict: Promise<unknown>): Promise<number> {
  let done = false
  void verdict.then(() => {
    done = true
  })
  await settle()
  for (let ticks = 0; ticks < 100; ticks++) {
    if (done) return ticks
    await timed.clock.advance(1)
  }
  throw new Error('no verdict after 100 ticks')
}

const AT_CONNECT = [
  'A 1.2.0.192.list.dnswl.example',
  'A 1.2.0.192.swl.example',
  'A 1.2.0.192.zen.example',
  'PTR 1.2.0.192.in-addr.arpa',
]
const AT_HELO = [
  'A mail.there.example',
  'A mail.there.example.dbl.example',
  'AAAA mail.there.example',
  'MX mail.there.example',
]
const AT_MAIL = ['A there.example', 'A there.example.dbl.example', 'AAAA there.example', 'MX there.example']

describe('look-ahead', () => {
  test('starts each question of the guide as soon as its facts are known', async () => {
    const timed = openTimed()
    timed.session.judge.lookAhead(makeFacts())
    await settle()
    assert.deepEqual(timed.asked(), AT_CONNECT)
    timed.session.judge.lookAhead(makeFacts(HELO))
    await settle()
    assert.deepEqual(timed.asked(), [...AT_CONNECT, ...AT_HELO].sort())
    timed.session.judge.lookAhead(makeFacts(MAIL))
    await settle()
    assert.deepEqual(timed.asked(), [...AT_CONNECT, ...AT_HELO, ...AT_MAIL].sort())
    assert.deepEqual(new Set(timed.resolver.asked.map(each => each.atMs)), new Set([0]))
  })

  test('decides the guide at RCPT after two answers in a row', async () => {
    // Its own names differ, so that nothing is answered by another question.
    const zone: FakeZone = {
      PTR: { '1.2.0.192.in-addr.arpa': ['ptr.there.example'] },
      A: { 'ptr.there.example': ['192.0.2.1'], 'mail.there.example': ['192.0.2.1'] },
      MX: { 'there.example': ['10 mail.there.example'] },
    }
    const timed = openTimed({}, zone)
    for (const said of [{}, HELO, MAIL, RCPT]) timed.session.judge.lookAhead(makeFacts(said))
    const verdict = timed.session.rcpt(RCPT)
    assert.equal(await countTicks(timed, verdict), 2)
    assert.equal(await verdict, 'ok')
    assert.deepEqual(timed.session.world.policyAsked, ['inet:127.0.0.1:10023'])
  })

  test('leaves nothing to ask for the next recipient', async () => {
    const timed = openTimed()
    await countTicks(timed, timed.session.rcpt(RCPT))
    assert.equal(await countTicks(timed, timed.session.rcpt({ ...RCPT, recipient: 'two@here.example' })), 0)
  })

  test('without it Postfix waits for one answer after the other', async () => {
    const timed = openTimed({ mainCf: `${GUIDE}\npostern_lookahead = no` })
    timed.session.judge.lookAhead(makeFacts())
    await settle()
    assert.deepEqual(timed.asked(), [])
    const ticks = await countTicks(timed, timed.session.rcpt(RCPT))
    assert.ok(ticks >= 9, String(ticks))
  })

  test('gives the same verdict, reply and log as without', async () => {
    const zones: FakeZone[] = [
      ZONE,
      {},
      { ...ZONE, A: { ...ZONE.A, '1.2.0.192.zen.example': ['127.0.0.2'] } },
      {
        ...ZONE,
        A: { ...ZONE.A, 'there.example.dbl.example': ['127.0.1.2'] },
        TXT: { 'there.example.dbl.example': ['spam'] },
      },
      { ...ZONE, fail: ['MX there.example'] },
      { ...ZONE, fail: ['A 1.2.0.192.swl.example'], A: { ...ZONE.A, '1.2.0.192.zen.example': ['127.0.0.2'] } },
      { ...ZONE, fail: ['PTR 1.2.0.192.in-addr.arpa'] },
    ]
    for (const zone of zones) {
      const told: unknown[] = []
      for (const lookahead of ['yes', 'no']) {
        const timed = openTimed({ mainCf: `${GUIDE}\npostern_lookahead = ${lookahead}` }, zone)
        for (const said of [{}, HELO, MAIL]) timed.session.judge.lookAhead(makeFacts(said))
        const verdict = timed.session.rcpt(RCPT)
        await countTicks(timed, verdict)
        told.push([await verdict, timed.session.log])
      }
      assert.deepEqual(told[0], told[1])
    }
  })

  test('asks nothing for a client that the first words let in', async () => {
    const timed = openTimed()
    const own = { client: '198.51.100.1' }
    for (const said of [own, { ...HELO, ...own }, { ...MAIL, ...own }, { ...RCPT, ...own }])
      timed.session.judge.lookAhead(makeFacts(said))
    await settle()
    // The log wants the client's name in any case.
    assert.deepEqual(timed.asked(), ['PTR 1.100.51.198.in-addr.arpa'])
  })

  test('asks nothing that stands behind permit, reject or a fault', async () => {
    for (const stop of ['permit', 'reject', 'defer', 'nonsense', 'reject_plaintext_session']) {
      const timed = openTimed({ mainCf: `smtpd_recipient_restrictions = ${stop}, reject_rbl_client zen.example` })
      timed.session.judge.lookAhead(makeFacts())
      await settle()
      assert.deepEqual(timed.asked(), ['PTR 1.2.0.192.in-addr.arpa'], stop)
    }
  })

  test('asks what stands behind a refusal that is only warned of', async () => {
    for (const warning of [
      'warn_if_reject reject',
      'warn_if_reject reject_plaintext_session',
      'warn_if_reject strict',
    ]) {
      const timed = openTimed({
        mainCf: `smtpd_restriction_classes = strict
          strict = permit_mynetworks, reject
          smtpd_recipient_restrictions = ${warning}, reject_rbl_client zen.example`,
      })
      timed.session.judge.lookAhead(makeFacts())
      await settle()
      assert.ok(timed.asked().includes('A 1.2.0.192.zen.example'), warning)
    }
  })

  test('looks into restriction classes', async () => {
    const timed = openTimed({
      mainCf: `smtpd_restriction_classes = strict
        strict = reject_rbl_client zen.example
        smtpd_recipient_restrictions = strict`,
    })
    timed.session.judge.lookAhead(makeFacts())
    await settle()
    assert.ok(timed.asked().includes('A 1.2.0.192.zen.example'))
  })

  test('spares a list that is close to its query limit until it is needed', async () => {
    const timed = openTimed({ nearBudget: ['zen.example', 'dbl.example'] })
    for (const said of [{}, HELO, MAIL, RCPT]) timed.session.judge.lookAhead(makeFacts(said))
    await timed.clock.advance(5)
    assert.deepEqual(
      timed.asked().filter(question => /zen|dbl/.test(question)),
      [],
    )
    await countTicks(timed, timed.session.rcpt(RCPT))
    assert.deepEqual(
      timed.asked().filter(question => /zen|dbl/.test(question)),
      ['A 1.2.0.192.zen.example', 'A mail.there.example.dbl.example', 'A there.example.dbl.example'],
    )
  })

  test('asks no policy server, probes no address and does not sleep', async () => {
    const timed = openTimed({
      mainCf: `smtpd_recipient_restrictions = sleep 60, check_policy_service inet:127.0.0.1:10023, reject_unverified_sender`,
      verify: {
        get 'sender@there.example'(): never {
          throw new Error('probed')
        },
      },
    })
    for (const said of [{}, HELO, MAIL, RCPT]) timed.session.judge.lookAhead(makeFacts(said))
    await settle()
    assert.deepEqual(timed.session.world.policyAsked, [])
    // One timer: the PTR question.
    assert.equal(timed.clock.waiting, 1)
  })
})

describe('memory of a session', () => {
  test('nothing is asked twice, whoever asks and however often', async () => {
    const timed = openTimed()
    for (const recipient of ['one@here.example', 'two@here.example']) {
      for (const said of [{}, HELO, MAIL, { ...RCPT, recipient }]) timed.session.judge.lookAhead(makeFacts(said))
      await countTicks(timed, timed.session.rcpt({ ...RCPT, recipient }))
    }
    timed.session.judge.resetTransaction()
    timed.session.judge.lookAhead(makeFacts(MAIL))
    await countTicks(timed, timed.session.rcpt(RCPT))
    const asked = timed.asked()
    assert.deepEqual(asked, [...new Set(asked)])
    assert.deepEqual(asked, [...AT_CONNECT, ...AT_HELO, ...AT_MAIL].sort())
  })

  test('a new HELO, sender or login is judged anew', async () => {
    const session = openSession({
      mainCf: `smtpd_sasl_auth_enable = yes
        smtpd_helo_restrictions = reject_non_fqdn_helo_hostname
        smtpd_sender_restrictions = reject_non_fqdn_sender
        smtpd_recipient_restrictions = permit_sasl_authenticated, reject`,
    })
    const refused = (said: Said): Promise<string> => session.rcpt(said)
    assert.match(await refused({ helo: 'short' }), /^504 .*<short>/)
    assert.match(await refused({ helo: 'long.example', sender: 'a@short' }), /^504 .*<a@short>/)
    assert.match(await refused({ helo: 'short', sender: 'a@short' }), /^504 .*<short>/)
    assert.match(await refused({ helo: 'long.example', sender: 'a@long.example' }), /^554/)
    assert.equal(await refused({ helo: 'long.example', sender: 'a@long.example', sasl: 'alice' }), 'ok')
    assert.match(await refused({ helo: 'long.example', sender: 'a@long.example' }), /^554/)
  })

  test('SMTPUTF8 of a later mail lets a HELO name pass that was refused before', async () => {
    const session = openSession({ mainCf: 'smtpd_helo_restrictions = reject_non_fqdn_helo_hostname' })
    assert.match(await session.rcpt({ helo: 'grün.example' }), /^504/)
    assert.equal(await session.rcpt({ helo: 'grün.example', smtputf8: true }), 'ok')
  })

  test('the null sender is not the absence of a sender', async () => {
    const session = openSession({
      mainCf: 'smtpd_recipient_restrictions = check_sender_access hash:t',
      tables: { 'hash:t': { '<>': 'REJECT no bounces' } },
    })
    assert.equal(await session.rcpt({ sender: null }), 'ok')
    assert.match(await session.rcpt({ sender: '' }), /^554/)
  })

  test('answers of a check stay with its place in the lists', async () => {
    const session = openSession({
      mainCf: `smtpd_client_restrictions = check_client_access hash:first
        smtpd_recipient_restrictions = check_client_access hash:second`,
      tables: { 'hash:first': { '192.0.2.1': 'OK' }, 'hash:second': { '192.0.2.1': 'REJECT' } },
    })
    assert.match(await session.rcpt(), /^554/)
  })
})

test('a restriction that hangs is cut off after postern_check_timeout', async () => {
  const clock = new ManualClock()
  const session = openSession({
    mainCf: 'postern_check_timeout = 30s\nsmtpd_recipient_restrictions = reject_unknown_sender_domain',
    clock,
    resolver: { query: () => new Promise(() => {}) },
  })
  // The name of the client hangs as well; the face waits for it before it says anything.
  const told: Said = { ...RCPT, toldName: 'mail.there.example' }
  let reply: string | null = null
  void session.rcpt(told).then(text => {
    reply = text
  })
  await clock.advance(29_999)
  assert.equal(reply, null)
  await clock.advance(1)
  assert.equal(reply, '451 4.3.5 Server configuration error')
  assert.match(session.log[0] ?? '', /^warning: restriction reject_unknown_sender_domain .*took longer than 30 seconds/)
})
