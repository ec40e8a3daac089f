import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FakeZone, makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import type { DnsType } from '../../dns/resolver.ts'
import type { SpfAnswer } from '../../model/spf.ts'
import { makeSpf } from './spf.ts'

const ADDRESS = '192.0.2.1'

async function ask(
  zone: FakeZone,
  sender: string,
  address = ADDRESS,
): Promise<SpfAnswer & { asked: readonly string[] }> {
  const resolver = makeFakeResolver(zone)
  const spf = makeSpf({ resolver, clock: new ManualClock(), receiver: 'mx.example.org', timeLimit: 20, voidLimit: 2 })
  return {
    ...(await spf.check({ identity: 'mailfrom', address, helo: 'mx.example.net', sender })),
    asked: resolver.asked,
  }
}

test('the deciding term is named, of an include the including one', async () => {
  const TXT = { 'a.example': ['v=spf1 mx include:b.example -all'], 'b.example': ['v=spf1 ip4:192.0.2.0/24 ~all'] }
  const said = await ask({ TXT }, 'x@a.example')
  assert.deepEqual([said.result, said.mechanism, said.problem], ['pass', 'include:b.example', null])
  const other = await ask({ TXT }, 'x@a.example', '198.51.100.1')
  assert.deepEqual([other.result, other.mechanism], ['fail', '-all'])
})

test('a domain without a record costs one question', async () => {
  const said = await ask({}, 'x@none.example')
  assert.equal(said.result, 'none')
  assert.deepEqual(said.asked, ['TXT none.example'])
})

const BROKEN: readonly (readonly [name: string, zone: FakeZone, problem: string])[] = [
  [
    'syntax',
    { TXT: { 'a.example': ['v=spf1 ipv4:192.0.2.1 -all'] } },
    'a.example: an unknown mechanism in "ipv4:192.0.2.1"',
  ],
  [
    'comma',
    { TXT: { 'a.example': ['v=spf1 a:mail.example, -all'] } },
    'a.example: no domain name in "a:mail.example,"',
  ],
  [
    'length',
    { TXT: { 'a.example': ['v=spf1 ip4:192.0.2.1/33 -all'] } },
    'a.example: a network length that is too big in "ip4:192.0.2.1/33"',
  ],
  ['two records', { TXT: { 'a.example': ['v=spf1 -all', 'v=spf1 ~all'] } }, 'a.example: more than one SPF record'],
  [
    'macro',
    { TXT: { 'a.example': ['v=spf1 exists:%{z}.example -all'] } },
    'a.example: a bad macro "%{z}" in "exists:%{z}.example"',
  ],
  [
    'syntax in an include',
    { TXT: { 'a.example': ['v=spf1 include:b.example -all'], 'b.example': ['v=spf1 foo -all'] } },
    'b.example: an unknown mechanism in "foo" (by "include:b.example" of a.example)',
  ],
  [
    'include of nothing',
    { TXT: { 'a.example': ['v=spf1 include:b.example -all'] } },
    'a.example: no SPF record at b.example for "include:b.example"',
  ],
  [
    'a loop: 11 lookups',
    { TXT: { 'a.example': ['v=spf1 include:a.example -all'] } },
    'a.example: more than 10 DNS lookups at "include:a.example"',
  ],
  [
    '3 lookups without an answer',
    { TXT: { 'a.example': ['v=spf1 a:1.example a:2.example a:3.example -all'] } },
    'a.example: more than 2 lookups without an answer at "a:3.example"',
  ],
  [
    '11 MX hosts',
    {
      TXT: { 'a.example': ['v=spf1 mx -all'] },
      MX: { 'a.example': Array.from({ length: 11 }, (_, i) => `10 m${i}.example`) },
    },
    'a.example: more than 10 MX hosts for "mx"',
  ],
]
for (const [name, zone, problem] of BROKEN) {
  test(`T14.2 a permerror names the term that broke it: ${name}`, async () => {
    const said = await ask(zone, 'x@a.example')
    assert.deepEqual([said.result, said.problem], ['permerror', problem])
  })
}

const FAILURES: readonly (readonly [record: string, failing: string])[] = [
  ['v=spf1 -all', 'TXT a.example'],
  ['v=spf1 a -all', 'A a.example'],
  ['v=spf1 mx -all', 'MX a.example'],
  ['v=spf1 mx -all', 'A mx.a.example'],
  ['v=spf1 include:b.example -all', 'TXT b.example'],
  ['v=spf1 redirect=b.example', 'TXT b.example'],
  ['v=spf1 exists:%{i}.b.example -all', `A ${ADDRESS}.b.example`],
  ['v=spf1 ptr -all', 'PTR 1.2.0.192.in-addr.arpa'],
  ['v=spf1 ptr ~all', 'A host.a.example'],
]
for (const [record, failing] of FAILURES) {
  test(`T14.1 a DNS failure never makes a fail: "${record}", ${failing}`, async () => {
    const zone: FakeZone = {
      TXT: { 'a.example': [record], 'b.example': ['v=spf1 -all'] },
      MX: { 'a.example': ['10 mx.a.example'] },
      A: { 'a.example': ['198.51.100.1'], 'mx.a.example': ['198.51.100.1'] },
      PTR: { '1.2.0.192.in-addr.arpa': ['host.a.example'] },
      fail: [failing],
    }
    const said = await ask(zone, 'x@a.example')
    assert.equal(said.result, 'temperror')
    assert.match(said.problem ?? '', new RegExp(failing.replaceAll('.', '\\.')))
  })
}

test('RFC 7208 4.6.4 a check that takes longer than the limit is a temperror, and asks no more', async () => {
  const clock = new ManualClock()
  const fake = makeFakeResolver({ TXT: { 'a.example': ['v=spf1 a:slow.example a:next.example -all'] } })
  const slow = Promise.withResolvers<void>()
  const resolver = {
    query: async (name: string, type: DnsType) => {
      const answer = await fake.query(name, type)
      if (name === 'slow.example') await slow.promise
      return answer
    },
  }
  const spf = makeSpf({ resolver, clock, receiver: '', timeLimit: 20, voidLimit: 2 })
  const answer = spf.check({ identity: 'mailfrom', address: ADDRESS, helo: 'h.example', sender: 'x@a.example' })
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  await clock.advance(20_000)
  assert.equal((await answer).result, 'temperror')
  slow.resolve()
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  assert.ok(!fake.asked.includes('A next.example'))
})

test('RFC 7208 6.2 a fail stays a fail when its explanation takes too long', async () => {
  const clock = new ManualClock()
  const fake = makeFakeResolver({ TXT: { 'a.example': ['v=spf1 -all exp=slow.example'] } })
  const resolver = {
    query: (name: string, type: DnsType) =>
      name === 'slow.example' ? new Promise<never>(() => undefined) : fake.query(name, type),
  }
  const spf = makeSpf({ resolver, clock, receiver: '', timeLimit: 20, voidLimit: 2 })
  const answer = spf.check({ identity: 'mailfrom', address: ADDRESS, helo: 'h.example', sender: 'x@a.example' })
  await clock.advance(20_000)
  const { result, explanation } = await answer
  assert.deepEqual([result, explanation], ['fail', null])
})

test('the null sender, and the HELO identity, are postmaster at the HELO name (RFC 7208 2.3, 2.4)', async () => {
  const TXT = { 'mx.example.net': ['v=spf1 exists:%{l}.%{o}.t.example -all'] }
  const A = { 'postmaster.mx.example.net.t.example': ['127.0.0.2'] }
  const said = await ask({ TXT, A }, '')
  assert.deepEqual([said.result, said.domain], ['pass', 'mx.example.net'])
})

test('RFC 8616 4: a domain outside ASCII is asked for by its A-labels, a local part outside ASCII matches no macro', async () => {
  const TXT = { 'xn--bcher-kva.example': ['v=spf1 exists:%{l}.example ip4:192.0.2.1 -all'] }
  const said = await ask({ TXT, A: { '*': ['127.0.0.2'] } }, 'ü@bücher.example')
  assert.deepEqual([said.result, said.mechanism], ['pass', 'ip4:192.0.2.1'])
  assert.deepEqual(said.asked, ['TXT xn--bcher-kva.example'])
})

test('a backslash in a name is one, and no escape of the resolver', async () => {
  const TXT = { 'a.example': ['v=spf1 exists:%{l}.x.example -all'] }
  const said = await ask({ TXT }, 'a\\046b@a.example')
  assert.deepEqual(said.asked, ['TXT a.example', 'A a\\\\046b.x.example'])
})

test('hostile records are bounded: thousands of terms, macro bombs, deep includes', async () => {
  const terms = `v=spf1 ${'ip4:198.51.100.1 '.repeat(3800)}-all`
  const bomb = `v=spf1 exists:${'%{s}%{i}'.repeat(8000)}.example -all`
  const said = await ask({ TXT: { 'a.example': [terms] } }, 'x@a.example')
  assert.equal(said.result, 'fail')
  const bombed = await ask({ TXT: { 'a.example': [bomb] } }, `${'l'.repeat(64)}@a.example`)
  assert.equal(bombed.result, 'fail')
  assert.ok(bombed.asked.every(question => question.length < 270))
  for (const term of [
    `exists:.${'a1'.repeat(30_000)}!`,
    `a:${'/'.repeat(60_000)}`,
    `a:${'a.'.repeat(30_000)}`,
    '%{s'.repeat(20_000),
  ]) {
    const odd = await ask({ TXT: { 'a.example': [`v=spf1 ${term} -all`] } }, 'x@a.example')
    assert.ok(odd.result === 'permerror' || odd.result === 'fail', term.slice(0, 20))
  }
  const chain = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`c${i}.example`, [`v=spf1 include:c${i + 1}.example -all`]]),
  )
  const deep = await ask({ TXT: chain }, 'x@c0.example')
  assert.deepEqual([deep.result, deep.asked.length], ['permerror', 11])
})
