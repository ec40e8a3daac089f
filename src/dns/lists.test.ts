import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type FakeZone, makeFakeResolver } from '../../test/support/fake_resolver.ts'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { seededRandom } from '../util/random.ts'
import type { ListUse } from './list_zones.ts'
import { type ListsOptions, makeLists, parseListBudgets } from './lists.ts'
import type { DnsAnswer } from './resolver.ts'

const block = (zone: string): ListUse => ({ zone, addresses: true, names: false, blocks: true, allows: false })
const allow = (zone: string): ListUse => ({ zone, addresses: true, names: false, blocks: false, allows: true })
const domain = (zone: string): ListUse => ({ zone, addresses: false, names: true, blocks: true, allows: false })

/** Lists over a zone that the test may replace. */
function setUp(uses: readonly ListUse[], zone: FakeZone, options: Partial<ListsOptions> = {}) {
  const clock = new ManualClock()
  const warnings: string[] = []
  const world = { zone }
  const asked: string[] = []
  const answer = (
    name: string,
    type: Parameters<ReturnType<typeof makeFakeResolver>['query']>[1],
  ): Promise<DnsAnswer> => {
    asked.push(`${type} ${name}`)
    return makeFakeResolver(world.zone).query(name, type)
  }
  const lists = makeLists({
    uses,
    resolver: { query: answer, refresh: answer },
    clock,
    random: seededRandom(1),
    safeAnswers: true,
    onWarning: text => warnings.push(text),
    ...options,
  })
  const states = () => lists.report().map(report => `${report.zone} ${report.health.state}`)
  return { clock, warnings, world, asked, lists, states }
}

const SOUND = { '2.0.0.127.bl.example': ['127.0.0.2'] }

describe('what a DNS list answers', () => {
  const { lists, warnings } = setUp([block('bl.example'), allow('list.dnswl.org'), domain('dbl.spamhaus.org')], {})
  // zone, address, listing
  const cases: [string, string, boolean][] = [
    ['bl.example', '127.0.0.2', true],
    ['bl.example', '127.0.0.255', true],
    ['bl.example', '127.0.0.1', false],
    ['bl.example', '127.255.255.252', false],
    ['bl.example', '127.255.255.254', false],
    ['bl.example', '127.255.255.255', false],
    ['bl.example', '127.255.255.1', false],
    ['bl.example', '127.255.254.1', true],
    ['bl.example', '10.1.2.3', false],
    ['bl.example', '203.0.113.5', false],
    ['BL.Example.', '127.0.0.2', true],
    ['multi.uribl.com', '127.0.0.1', false],
    ['dbl.spamhaus.org', '127.0.1.2', true],
    ['dbl.spamhaus.org', '127.0.1.255', false],
    ['bl.example', '127.0.1.255', true],
    ['key.dbl.dq.spamhaus.net', '127.0.1.255', false],
    ['list.dnswl.org', '127.0.5.1', true],
    ['list.dnswl.org', '127.0.0.255', false],
  ]
  for (const [zone, address, want] of cases) {
    test(`${address} from ${zone} ${want ? 'is a listing' : 'is none'}`, () =>
      assert.equal(lists.isListing(zone, address), want))
  }

  test('each list is complained of once, with answer and remedy, not once per mail', () => {
    for (let i = 0; i < 100; i++) lists.isListing('bl.example', '127.255.255.254')
    assert.equal(warnings.filter(text => text.includes('bl.example')).length, 1)
    assert.match(
      warnings.find(text => text.includes('dbl.spamhaus.org')) ?? '',
      /127\.0\.1\.255.*postern_spamhaus_dqs_key/,
    )
  })

  test('with postern_dns_list_safe_answers = no every answer counts, as in Postfix', () => {
    const careless = setUp([block('bl.example')], {}, { safeAnswers: false })
    assert.equal(careless.lists.isListing('bl.example', '127.255.255.254'), true)
    assert.equal(careless.lists.isListing('bl.example', '10.1.2.3'), true)
  })
})

describe('health of DNS lists', () => {
  // name, use, zone contents, state
  const cases: [string, ListUse, FakeZone, string][] = [
    ['test entry listed, 127.0.0.1 not', block('bl.example'), { A: SOUND }, 'healthy'],
    [
      'everything listed',
      block('bl.example'),
      { A: { ...SOUND, '1.0.0.127.bl.example': ['127.0.0.2'] } },
      'lists the world',
    ],
    [
      'parked domain',
      block('bl.example'),
      { A: { '2.0.0.127.bl.example': ['203.0.113.9'], '1.0.0.127.bl.example': ['203.0.113.9'] } },
      'lists the world',
    ],
    ['no test entry', block('bl.example'), { A: {} }, 'no data'],
    ['SERVFAIL', block('bl.example'), { fail: ['A 2.0.0.127.bl.example', 'A 1.0.0.127.bl.example'] }, 'silent'],
    ['SERVFAIL for 127.0.0.1 only', block('bl.example'), { A: SOUND, fail: ['A 1.0.0.127.bl.example'] }, 'healthy'],
    [
      '127.255.255.254',
      block('bl.example'),
      { A: { '2.0.0.127.bl.example': ['127.255.255.254'], '1.0.0.127.bl.example': ['127.255.255.254'] } },
      'refused',
    ],
    [
      '127.0.0.1 (URIBL)',
      domain('multi.uribl.com'),
      { A: { 'test.multi.uribl.com': ['127.0.0.1'], 'invalid.multi.uribl.com': ['127.0.0.1'] } },
      'refused',
    ],
    [
      'own test name (URIBL)',
      domain('multi.uribl.com'),
      { A: { 'test.uribl.com.multi.uribl.com': ['127.0.0.14'] } },
      'healthy',
    ],
    ['RFC 5782 names', domain('d.example'), { A: { 'test.d.example': ['127.0.0.2'] } }, 'healthy'],
    [
      '"invalid" listed',
      domain('d.example'),
      { A: { 'test.d.example': ['127.0.0.2'], 'invalid.d.example': ['127.0.0.2'] } },
      'lists the world',
    ],
    ['allow list, sound', allow('w.example'), { A: { '2.0.0.127.w.example': ['127.0.10.0'] } }, 'healthy'],
    [
      'allow list that says yes to TEST-NET',
      allow('w.example'),
      { A: { '2.0.0.127.w.example': ['127.0.10.0'], '1.2.0.192.w.example': ['127.0.10.3'] } },
      'lists the world',
    ],
    [
      'block list may list TEST-NET',
      block('bl.example'),
      { A: { ...SOUND, '1.2.0.192.bl.example': ['127.0.0.2'] } },
      'healthy',
    ],
    ['dnswl.org blocks', allow('list.dnswl.org'), { A: { '2.0.0.127.list.dnswl.org': ['127.0.0.255'] } }, 'refused'],
  ]
  for (const [name, use, zone, want] of cases) {
    test(`${name}: ${want}`, async () => {
      const { lists } = setUp([use], zone)
      assert.equal((await lists.check())[0]?.health.state, want)
    })
  }

  test('a server that refuses by its response code', async () => {
    const refused: DnsAnswer = { status: 'failed', reason: 'REFUSED from 192.0.2.53' }
    const ask = (name: string) =>
      Promise.resolve(
        name.endsWith('bl.example') ? refused : ({ status: 'absent', reason: 'nxdomain', secondsLeft: 1 } as const),
      )
    const { lists } = setUp([block('bl.example')], {}, { resolver: { query: ask, refresh: ask } })
    assert.equal((await lists.check())[0]?.health.state, 'refused')
  })

  test('a resolver that invents addresses makes every list worthless, until it is honest', async () => {
    const honest = setUp([block('bl.example')], { A: SOUND })
    const invent = (name: string) =>
      Promise.resolve<DnsAnswer>({
        status: 'found',
        records: [{ type: 'A', address: name.startsWith('2.') ? '127.0.0.2' : '203.0.113.80', ttl: 1 }],
        stale: false,
        secondsLeft: 1,
      })
    const { lists, warnings } = setUp([block('bl.example')], {}, { resolver: { query: invent, refresh: invent } })
    const [report] = await lists.check()
    assert.equal(report?.health.state, 'rewritten')
    assert.equal(lists.isListing('bl.example', '127.0.0.2'), false)
    assert.match(warnings[0] ?? '', /203\.0\.113\.80/)
    await honest.lists.check()
    assert.equal(honest.lists.isListing('bl.example', '127.0.0.2'), true)
  })

  test('a list is set aside within one interval, comes back by itself, and both moments are told once', async () => {
    const { lists, clock, world, warnings, states } = setUp([block('bl.example')], { A: SOUND })
    lists.start(900)
    await clock.advance(1)
    assert.deepEqual(states(), ['bl.example healthy'])
    assert.deepEqual(warnings, [])
    world.zone = { A: { ...SOUND, '1.0.0.127.bl.example': ['127.0.0.2'] } }
    await clock.advance(900_000)
    assert.equal(lists.isListing('bl.example', '127.0.0.2'), false)
    await clock.advance(2_700_000)
    world.zone = { A: SOUND }
    await clock.advance(900_000)
    assert.equal(lists.isListing('bl.example', '127.0.0.2'), true)
    await clock.advance(2_700_000)
    assert.equal(warnings.length, 2)
    assert.match(warnings[0] ?? '', /bl\.example: set aside: lists the world: answer 127\.0\.0\.2 for 127\.0\.0\.1/)
    assert.equal(warnings[1], 'DNS list bl.example: sound again')
    lists.stop()
    const { waiting } = clock
    await clock.advance(900_000)
    assert.deepEqual([waiting, clock.waiting], [0, 0])
  })

  test('a list that refuses us gives no verdict at all until it answers again', async () => {
    const { lists, world } = setUp([block('bl.example')], { A: { '2.0.0.127.bl.example': ['127.255.255.254'] } })
    await lists.check()
    assert.equal(lists.isListing('bl.example', '127.0.0.2'), false)
    world.zone = { A: SOUND }
    await lists.check()
    assert.equal(lists.isListing('bl.example', '127.0.0.2'), true)
  })

  test('an allow list that turns to yes-to-all lets nobody in, before and after', async () => {
    const { lists, world } = setUp([allow('w.example')], { A: { '2.0.0.127.w.example': ['127.0.10.0'] } })
    await lists.check()
    assert.equal(lists.isListing('w.example', '127.0.10.3'), true)
    world.zone = { A: { '2.0.0.127.w.example': ['127.0.10.3'], '1.2.0.192.w.example': ['127.0.10.3'] } }
    await lists.check()
    assert.equal(lists.isListing('w.example', '127.0.10.3'), false)
  })

  test('a domain list is never asked for an address', async () => {
    const { lists, asked } = setUp([domain('dbl.spamhaus.org')], {})
    await lists.check()
    assert.deepEqual(
      asked.filter(question => /A [\d.]+\.dbl/.test(question)),
      [],
    )
  })
})

describe('lists that do not answer', () => {
  test('cost three questions and a probe, then nothing until they answer again', async () => {
    const dead = (name: string) => name.endsWith('.bl.example')
    let down = true
    const asked: string[] = []
    const ask = (name: string): Promise<DnsAnswer> => {
      asked.push(name)
      if (down && dead(name)) return Promise.resolve({ status: 'failed', reason: 'timeout from 192.0.2.53' })
      return Promise.resolve({ status: 'absent', reason: 'nxdomain', secondsLeft: 60 })
    }
    const { lists, clock, warnings } = setUp(
      [block('bl.example'), block('other.example')],
      {},
      { resolver: { query: ask, refresh: ask } },
    )
    for (const i of [1, 2, 3]) await lists.resolver.query(`${i}.2.0.192.bl.example`, 'A')
    await clock.advance(1)
    assert.equal(asked.length, 4)
    for (let i = 4; i < 50; i++) {
      const answer = await lists.resolver.query(`${i}.2.0.192.bl.example`, 'A')
      assert.equal(answer.status, 'failed')
    }
    assert.equal(asked.length, 4)
    assert.equal((await lists.resolver.query('1.2.0.192.other.example', 'A')).status, 'absent')
    down = false
    await clock.advance(5000)
    assert.equal((await lists.resolver.query('77.2.0.192.bl.example', 'A')).status, 'absent')
    assert.deepEqual(warnings, [
      'DNS list bl.example: no answer (timeout from 192.0.2.53); not asked until it answers again',
      'DNS list bl.example: answers again',
    ])
    lists.stop()
  })

  test('a list with some broken entries goes on being asked', async () => {
    const { lists, clock, world, warnings } = setUp([block('bl.example')], {
      fail: ['* 1.bl.example', '* 2.bl.example', '* 3.bl.example', '* 4.bl.example'],
    })
    for (const i of [1, 2, 3, 4]) await lists.resolver.query(`${i}.bl.example`, 'A')
    await clock.advance(1)
    world.zone = { A: { '9.bl.example': ['127.0.0.2'] } }
    assert.equal((await lists.resolver.query('9.bl.example', 'A')).status, 'found')
    assert.deepEqual(warnings, [])
  })
})

describe('a Spamhaus key', () => {
  const options = { dqsKey: 'Secretkey123' }

  test('is asked under for every list of theirs, and for no other', async () => {
    const zone = { A: { '2.0.0.127.secretkey123.zen.dq.spamhaus.net': ['127.0.0.2'], '9.bl.example': ['127.0.0.2'] } }
    const { lists, asked } = setUp(
      [block('zen.spamhaus.org'), domain('dbl.spamhaus.org'), block('bl.example')],
      zone,
      options,
    )
    assert.equal((await lists.resolver.query('2.0.0.127.zen.spamhaus.org', 'A')).status, 'found')
    await lists.resolver.query('x.example.dbl.spamhaus.org', 'TXT')
    await lists.resolver.query('9.bl.example', 'A')
    await lists.resolver.query('www.spamhaus.org', 'A')
    assert.deepEqual(asked, [
      'A 2.0.0.127.secretkey123.zen.dq.spamhaus.net',
      'TXT x.example.secretkey123.dbl.dq.spamhaus.net',
      'A 9.bl.example',
      'A www.spamhaus.org',
    ])
  })

  test('is in no report and no warning, also where it is part of the configured name', async () => {
    const uses = [block('zen.spamhaus.org'), block('secretkey123.xbl.dq.spamhaus.net')]
    const { lists, warnings } = setUp(uses, { fail: ['A 2.0.0.127.secretkey123.xbl.dq.spamhaus.net'] }, options)
    await lists.check()
    lists.isListing('secretkey123.xbl.dq.spamhaus.net', '127.255.255.255')
    const shown = JSON.stringify([
      lists.report().map(({ zone, health, usage }) => ({ zone, health, usage: usage?.queries })),
      warnings,
    ])
    assert.doesNotMatch(shown, /secretkey123/i)
    assert.equal(warnings.length, 3)
  })
})

describe('budgets', () => {
  test('a list near its limit of the day is spared; the next day begins anew', async () => {
    const { lists, clock } = setUp(
      [block('zen.spamhaus.org'), block('bl.example'), block('own.example')],
      {},
      {
        limits: parseListBudgets(['own.example=10']),
      },
    )
    for (let i = 0; i < 79_999; i++) lists.countQuestion('4.3.2.1.zen.spamhaus.org')
    for (let i = 0; i < 200_000; i++) lists.countQuestion('4.3.2.1.bl.example')
    for (let i = 0; i < 8; i++) lists.countQuestion('4.3.2.1.own.example')
    assert.deepEqual(
      ['zen.spamhaus.org', 'bl.example', 'own.example'].map(zone => lists.nearBudget(zone)),
      [false, false, true],
    )
    lists.countQuestion('4.3.2.1.zen.spamhaus.org')
    assert.equal(lists.nearBudget('ZEN.spamhaus.org.'), true)
    assert.deepEqual(lists.report()[0]?.usage, {
      zone: 'zen.spamhaus.org',
      day: '2026-01-01',
      queries: 80_000,
      limit: 100_000,
    })
    await clock.advance(86_400_000)
    assert.equal(lists.nearBudget('zen.spamhaus.org'), false)
    assert.equal(lists.report()[0]?.usage?.day, '2026-01-02')
  })

  test('several processes share a limit; what was counted before a restart counts', () => {
    const earlier = [{ zone: 'zen.spamhaus.org', day: '2026-01-01', queries: 20_000, limit: 100_000 }]
    const { lists } = setUp([block('zen.spamhaus.org')], {}, { processes: 4, earlier })
    assert.equal(lists.nearBudget('zen.spamhaus.org'), true)
    const late = setUp(
      [block('zen.spamhaus.org')],
      {},
      { earlier: [{ ...earlier[0], zone: 'zen.spamhaus.org', day: '2025-12-31', queries: 99_999, limit: 100_000 }] },
    )
    assert.equal(late.lists.nearBudget('zen.spamhaus.org'), false)
  })

  test('under a Spamhaus key the free limit does not hold', () => {
    const { lists } = setUp([block('zen.spamhaus.org')], {}, { dqsKey: 'k' })
    for (let i = 0; i < 100_000; i++) lists.countQuestion('1.2.3.4.k.zen.dq.spamhaus.net')
    assert.equal(lists.nearBudget('zen.spamhaus.org'), false)
    assert.equal(lists.report()[0]?.usage?.queries, 100_000)
  })
})
