import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeMemory } from '../../test/support/fake_memory.ts'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { loadConfig } from '../config/config.ts'
import type { GreylistAnswer, GreylistRequest } from '../model/greylist.ts'
import type { SpfAnswer } from '../model/spf.ts'
import { Greylist } from './greylist.ts'
import { GreylistLists } from './lists.ts'
import { greylistSettings } from './settings.ts'

const DAY = 86_400

/** Greylisting with these lines of main.cf and no white lists but that of the big senders. */
async function greylist(mainCf = '') {
  const { config, problems } = loadConfig({
    mainCf: `smtpd_relay_restrictions = reject\nmyhostname = mx.example\n${mainCf}`,
    path: 'main.cf',
    env: { hostname: 'mx.example', interfaces: [], readFirstLine: () => null },
  })
  assert.deepEqual(problems, [])
  const clock = new ManualClock()
  const lifetimes = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, correspondent: 30 * DAY }
  const memory = new FakeMemory(lifetimes, clock)
  const lists = new GreylistLists({
    files: {
      clients: [],
      recipients: [],
      providers: config.postern_greylist_providers ? '/nonexistent/greylist_providers' : null,
    },
    clock,
    warn: text => assert.fail(text),
  })
  await lists.ready()
  let asked = 0
  const subject = new Greylist({ settings: greylistSettings(config), lists, memory, clock })
  const decide = (request: Partial<GreylistRequest> = {}, spf?: Partial<SpfAnswer>): Promise<GreylistAnswer> =>
    subject.decide({ ...REQUEST, ...request }, async () => {
      asked++
      return { ...NO_SPF, ...spf }
    })
  return { clock, memory, subject, decide, spfAsked: () => asked }
}

const REQUEST: GreylistRequest = {
  clientAddress: '192.0.2.7',
  clientName: 'mail.b.example',
  helo: 'mail.b.example',
  sender: 'a@b.example',
  recipient: 'user@here.example',
  queueId: '',
  instance: '1.1',
  hasEtrnDomain: true,
}
const NO_SPF: SpfAnswer = {
  result: 'none',
  identity: 'mailfrom',
  domain: '',
  explanation: null,
  mechanism: null,
  problem: null,
}
const PASS: Partial<SpfAnswer> = { result: 'pass', domain: 'b.example', mechanism: 'ip4:192.0.0.0/8' }

describe('T3.1 a pool of addresses', () => {
  test('20 retries from 20 networks: the first one after the delay passes', async () => {
    const { clock, decide } = await greylist()
    for (let i = 0; i < 20; i++) {
      assert.equal((await decide({ clientAddress: `192.0.${i}.1` }, PASS)).status, 'greylist')
      await clock.advance(14_000)
    }
    await clock.advance(20_000)
    const answer = await decide({ clientAddress: '192.0.200.1' }, PASS)
    assert.equal(answer.status, 'pass')
    assert.match(answer.status === 'pass' ? (answer.prepend ?? '') : '', /^X-Greylist: delayed 300 seconds/)
  })

  test('without SPF, or with SPF that does not pass, every network waits for itself', async () => {
    for (const [mainCf, spf] of [
      ['postern_greylist_spf = no', PASS],
      ['', { result: 'neutral', domain: 'b.example' }],
    ] as const) {
      const { clock, decide } = await greylist(mainCf)
      assert.equal((await decide({ clientAddress: '192.0.1.1' }, spf)).status, 'greylist')
      await clock.advance(301_000)
      assert.equal((await decide({ clientAddress: '192.0.2.1' }, spf)).status, 'greylist')
    }
  })

  test('SPF is not asked about a network that has waited', async () => {
    const { clock, decide, spfAsked } = await greylist()
    await decide({}, PASS)
    assert.equal(spfAsked(), 1)
    await clock.advance(301_000)
    assert.equal((await decide({}, PASS)).status, 'pass')
    assert.equal(spfAsked(), 1)
  })

  test('another sender of the same domain waits for itself', async () => {
    const { clock, decide } = await greylist()
    await decide({ clientAddress: '192.0.1.1' }, PASS)
    await clock.advance(301_000)
    assert.equal((await decide({ clientAddress: '192.0.2.1', sender: 'z@b.example' }, PASS)).status, 'greylist')
  })
})

describe('T3.2 big senders wait 0 s', () => {
  const byName = [
    'mail-yb0-f190.google.com',
    'mail-am6eur05on2090.outbound.protection.outlook.com',
    'a8-32.smtp-out.amazonses.com',
    'mail73.sea31.mcsv.net',
    'o1.ptr1234.sendgrid.net',
    'mout.gmx.net',
    'MOUT.WEB.DE',
  ]
  for (const clientName of byName)
    test(`G19 by forward-confirmed name ${clientName}`, async () => {
      const answer = await (await greylist()).decide({ clientName })
      assert.equal(answer.status, 'pass')
      const [line = ''] = answer.status === 'pass' ? answer.log : []
      assert.match(
        line,
        new RegExp(
          `^action=pass, reason=client whitelist, client_name=${clientName}, .*, matched=\\w+ \\(built in:\\d+\\)$`,
        ),
      )
    })

  const bySpf: readonly (readonly [domain: string, mechanism: string])[] = [
    ['customer.example', 'include:_spf.google.com'],
    ['customer.example', 'include:spf.protection.outlook.com'],
    ['customer.example', '+include:amazonses.com'],
    ['customer.example', 'include:servers.mcsv.net'],
    ['customer.example', 'include:SendGrid.net.'],
    ['gmail.com', 'ip4:209.85.128.0/17'],
  ]
  for (const [domain, mechanism] of bySpf)
    test(`by SPF of ${domain} through ${mechanism}`, async () => {
      const { decide } = await greylist()
      const spf = { result: 'pass', domain, mechanism } as const
      assert.equal((await decide({ clientName: 'unknown' }, spf)).status, 'pass')
      assert.equal(
        (await decide({ clientName: 'unknown', sender: 'o@x.example' }, { ...spf, result: 'softfail' })).status,
        'greylist',
      )
    })

  test('a client with a forged PTR, which Postfix and Postern call unknown, waits', async () => {
    assert.equal((await (await greylist()).decide({ clientName: 'unknown' })).status, 'greylist')
  })

  test('names that only end alike wait, and so do rented machines', async () => {
    const { decide } = await greylist()
    for (const clientName of [
      'notgoogle.com',
      'google.com.evil.example',
      '7.2.0.192.bc.googleusercontent.com',
      'ec2-192-0-2-7.compute-1.amazonaws.com',
    ])
      assert.equal((await decide({ clientName })).status, 'greylist', clientName)
  })

  test('postern_greylist_providers = no: they wait as everybody does', async () => {
    const { decide } = await greylist('postern_greylist_providers = no')
    const spf = { result: 'pass', domain: 'gmail.com', mechanism: 'include:_spf.google.com' } as const
    assert.equal((await decide({ clientName: 'mail-yb0-f190.google.com' }, spf)).status, 'greylist')
  })
})

describe('T3.3 somebody to whom a user of ours wrote', () => {
  test('is not delayed for 30 days, whatever the letters, the extension or the address of the client', async () => {
    const { clock, subject, decide } = await greylist()
    await subject.noteCorrespondent('Friend@Far.example')
    const answer = await decide({ sender: 'friend+list@far.example' })
    assert.equal(answer.status, 'pass')
    await clock.advance(30 * DAY * 1000)
    assert.equal((await decide({ sender: 'friend@far.example', clientAddress: '198.51.100.1' })).status, 'pass')
    await clock.advance(1000)
    assert.equal((await decide({ sender: 'friend@far.example', clientAddress: '203.0.113.1' })).status, 'greylist')
  })

  test('is delayed all the same when SPF says that it is somebody else', async () => {
    const { subject, decide } = await greylist()
    await subject.noteCorrespondent('friend@far.example')
    const forged = await decide({ sender: 'friend@far.example' }, { result: 'fail', domain: 'far.example' })
    assert.equal(forged.status, 'greylist')
  })

  test('postern_greylist_correspondents = 0: nobody is remembered', async () => {
    const { memory, subject, decide } = await greylist('postern_greylist_correspondents = 0')
    await subject.noteCorrespondent('friend@far.example')
    assert.equal((await memory.find('correspondent', 'friend@far.example')).status, 'absent')
    assert.equal((await decide({ sender: 'friend@far.example' })).status, 'greylist')
  })
})

test('T3.6 turned off it greylists nobody, whatever is stored, and stores nothing', async () => {
  const { memory, subject, decide } = await greylist('postern_greylist = no')
  await memory.touch('triplet', '192.0.2.0/a@b.example/user@here.example', 1)
  assert.deepEqual(await decide(), { status: 'pass', reason: 'greylisting is off', prepend: null, log: [] })
  await decide({ clientAddress: '198.51.100.1' })
  await subject.noteCorrespondent('friend@far.example')
  const entries = []
  for (const kind of ['client', 'correspondent'] as const)
    for await (const entry of memory.entries(kind)) entries.push(entry)
  assert.deepEqual(entries, [])
  assert.equal((await memory.find('triplet', '198.51.100.0/a@b.example/user@here.example')).status, 'absent')
})

test('T5.1 a memory that does not answer delays nobody', async () => {
  const { clock, memory, decide } = await greylist()
  memory.broken = 'disk full'
  assert.deepEqual(await decide(), { status: 'failed', reason: 'disk full', warning: 'disk full' })
  assert.deepEqual(await decide(), { status: 'failed', reason: 'disk full', warning: null })
  await clock.advance(60_000)
  const later = await decide()
  assert.equal(later.status === 'failed' && later.warning, 'disk full; 1 more in the last 60 s')
})

test('T11.1 an IPv6 /64 is one client; /48 can be set', async () => {
  const cases = [
    ['', '2001:db8:1:2:b::2', 'pass'],
    ['', '2001:db8:1:3::1', 'greylist'],
    ['postern_greylist_ipv6_prefix = 48', '2001:db8:1:3::1', 'pass'],
  ] as const
  for (const [mainCf, clientAddress, status] of cases) {
    const { clock, decide } = await greylist(mainCf)
    await decide({ clientAddress: '2001:db8:1:2:a::1' })
    await clock.advance(300_000)
    assert.equal((await decide({ clientAddress })).status, status)
  }
})

test('T11.3 ::ffff:192.0.2.9 is in the network of 192.0.2.7', async () => {
  const { clock, decide } = await greylist()
  await decide()
  await clock.advance(300_000)
  assert.equal((await decide({ clientAddress: '::ffff:192.0.2.9' })).status, 'pass')
})

describe('postern_greylist_only', () => {
  const cases: readonly (readonly [
    only: string,
    request: Partial<GreylistRequest>,
    spf: Partial<SpfAnswer>,
    status: string,
  ])[] = [
    ['unknown_name', { clientName: 'unknown' }, {}, 'greylist'],
    ['unknown_name', {}, {}, 'pass'],
    ['dynamic_name', { clientName: '192-0-2-7.isp.example' }, {}, 'greylist'],
    ['dynamic_name', { clientName: 'p5.dip0.isp.example' }, {}, 'greylist'],
    ['dynamic_name', { clientName: 'c0000207.isp.example' }, {}, 'greylist'],
    ['dynamic_name', { clientName: 'mx7.isp.example' }, {}, 'pass'],
    ['no_spf', {}, {}, 'greylist'],
    ['no_spf', {}, PASS, 'pass'],
    ['unknown_name no_spf', {}, { result: 'softfail', domain: 'b.example' }, 'greylist'],
  ]
  for (const [only, request, spf, status] of cases)
    test(`${only}: ${JSON.stringify({ ...request, ...spf })} ${status}`, async () => {
      const { decide } = await greylist(`postern_greylist_only = ${only}`)
      assert.equal((await decide(request, spf)).status, status)
    })
})

test('one X-Greylist header a message', async () => {
  const { clock, decide } = await greylist()
  await decide()
  await decide({ recipient: 'second@here.example' })
  await clock.advance(300_000)
  const answers = [await decide(), await decide({ recipient: 'second@here.example' })]
  assert.deepEqual(
    answers.map(each => each.status === 'pass' && each.prepend !== null),
    [true, false],
  )
})
