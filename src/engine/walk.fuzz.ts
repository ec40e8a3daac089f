import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeFacts, type Said } from '../../test/support/facts.ts'
import { makeFakeResolver } from '../../test/support/fake_resolver.ts'
import { makeFakeWorld } from '../../test/support/fake_world.ts'
import { ManualClock } from '../../test/support/manual_clock.ts'
import type { DnsAnswer, DnsRecord, DnsType, Resolver } from '../dns/resolver.ts'
import type { Judgement, Stage } from '../model/judge.ts'
import { registry } from '../restrictions/index.ts'
import { splitWords } from '../util/words.ts'
import { makeJudgeFactory, makePolicy } from './judge.ts'
import type { World } from './world.ts'

/** A refusal as it may go on the wire: code and status of the same class. */
const REFUSAL = /^([45])\d\d \1\.\d{1,3}\.\d{1,3}(?: |$)/

const CLASSES = ['class_a', 'class_b', 'class_c'] as const
const NAMES = [
  'here.example',
  'relay.example',
  'there.example',
  'a.there.example',
  'mail',
  '192.0.2.1',
  'grün.example',
] as const
const TABLES = ['hash:t', 'regexp:t', 'hash:away', 'hash:broken', 'hash:nowhere'] as const
/** What a table or policy server may answer. */
const ACTIONS = [
  'OK',
  'DUNNO',
  'REJECT',
  'REJECT 5.1.1 no',
  '450 later',
  '550 5.7.1 no',
  '421',
  'DEFER_IF_PERMIT',
  'DEFER_IF_REJECT',
  'DISCARD',
  'HOLD',
  'PREPEND X: y',
  'FILTER',
  'WARN x',
  'class_a',
  'reject',
  'permit, reject',
  'warn_if_reject reject',
  'hash:t',
  '',
  'nonsense here',
] as const

const restrictions = [...registry].filter(each => each.name !== 'sleep')

const domainArgument = fc.constantFrom('bl.example', 'bl.example=127.0.0.[2..4]', 'bl.example=127', '=', 'a..b')
const tableArgument = fc.constantFrom(...TABLES, '{ hash:t { search_order = cert_fingerprint } }', 'none')
const serverArgument = fc.constantFrom('inet:127.0.0.1:1', 'unix:gone', 'none')
const word = fc.constantFrom(...restrictions).chain(({ name, argument }) => {
  switch (argument) {
    case 'domain':
      return domainArgument.map(text => `${name} ${text}`)
    case 'table':
      return tableArgument.map(text => `${name} ${text}`)
    case 'server':
      return serverArgument.map(text => `${name} ${text}`)
    default:
      return fc.constant(name)
  }
})
const anyWord = fc.oneof(
  { weight: 12, arbitrary: word },
  { weight: 2, arbitrary: fc.constant('warn_if_reject') },
  { weight: 2, arbitrary: fc.constantFrom(...CLASSES) },
  { weight: 1, arbitrary: fc.constantFrom(...TABLES) },
  { weight: 1, arbitrary: fc.constantFrom('nonsense', 'sleep x', 'REJECT', '{ }', '{', ':', 'check_client_access') },
)
const list = fc.array(anyWord, { maxLength: 6 }).map(words => words.join(' '))

const address = fc.oneof(
  fc.constantFrom('', 'user', 'postmaster', 'a%b@here.example', 'a@b@relay.example', 'a!b', '@', '@here.example', '"'),
  fc
    .tuple(fc.constantFrom('user', 'u+x', ' ', '<>'), fc.constantFrom(...NAMES))
    .map(([local, domain]) => `${local}@${domain}`),
  fc.string({ maxLength: 12 }),
)
const said: fc.Arbitrary<Said> = fc.record(
  {
    client: fc.constantFrom('192.0.2.1', '198.51.100.1', '2001:db8::1', 'unknown'),
    helo: fc.oneof(
      fc.constantFrom(...NAMES, '[192.0.2.1]', '[', '', '?'),
      fc.string({ maxLength: 8 }),
      fc.constant(null),
    ),
    sender: fc.oneof(address, fc.constant(null)),
    recipient: fc.oneof(address, fc.constant(null)),
    recipientCount: fc.nat(3),
    sasl: fc.constantFrom('alice', ''),
    tls: fc.constantFrom(true as const, { trusted: true }),
    smtputf8: fc.boolean(),
    pipelinedEarly: fc.boolean(),
    toldName: fc.constantFrom('told.example', null, 'tempunavail' as const),
  },
  { requiredKeys: [] },
)

const STAGES: readonly Stage[] = ['client', 'helo', 'sender', 'recipient', 'data', 'end_of_data', 'etrn']
const step = fc.record({ stage: fc.constantFrom(...STAGES), said, ahead: fc.boolean(), reset: fc.nat(8) })

/** A settled record of each type, good or odd. */
function recordOf(type: DnsType, seed: number): DnsRecord {
  const ttl = 60
  const name = ['mail.there.example', '', '-bad-', '192.0.2.1', 'here.example'][seed % 5] ?? ''
  switch (type) {
    case 'A':
      return { type, address: ['192.0.2.1', '127.0.0.2', '192.0.2.25'][seed % 3] ?? '', ttl }
    case 'AAAA':
      return { type, address: '2001:db8::1', ttl }
    case 'MX':
      return { type, preference: seed % 3, exchange: name, ttl }
    case 'TXT':
      return { type, strings: ['listed $rbl_what \u0000'], ttl }
    case 'SOA':
      return { type, primary: name, minimum: ttl, ttl }
    default:
      return { type, name, ttl }
  }
}

/** Answers anything by chance, and the same question always the same way. `failing`: none, some, or all questions fail. */
function makeRandomResolver(seed: number, failing: 'none' | 'some' | 'all'): Resolver {
  return {
    query(name, type): Promise<DnsAnswer> {
      let hash = seed
      for (const char of `${type} ${name.toLowerCase()}`) hash = (hash * 31 + char.charCodeAt(0)) >>> 0
      const kind = hash % 7
      if (failing === 'all' || (failing === 'some' && kind < 2))
        return Promise.resolve({ status: 'failed', reason: 'by chance' })
      if (kind < 4)
        return Promise.resolve({ status: 'absent', reason: kind === 2 ? 'nodata' : 'nxdomain', secondsLeft: 1 })
      const records = [recordOf(type, hash >>> 4), recordOf(type, hash >>> 7)].slice(0, 1 + (kind % 2))
      return Promise.resolve({ status: 'found', records, stale: false, secondsLeft: 1 })
    },
  }
}

const setting = fc.record({
  lists: fc.tuple(list, list, list, list, list, list, list, list),
  classes: fc.tuple(list, list, list),
  actions: fc.tuple(fc.constantFrom(...ACTIONS), fc.constantFrom(...ACTIONS), fc.constantFrom(...ACTIONS)),
  seed: fc.nat(),
  failing: fc.constantFrom('none' as const, 'some' as const),
  options: fc.subarray([
    'smtpd_delay_reject = no',
    'soft_bounce = yes',
    'smtpd_reject_unlisted_sender = yes',
    'smtpd_sasl_auth_enable = yes',
    'postern_lookahead = no',
    'unknown_address_reject_code = 550',
    'unknown_address_tempfail_action = defer',
    'unknown_client_reject_code = 550',
    'unknown_hostname_reject_code = 550',
    'local_recipient_maps = hash:t',
    'virtual_alias_maps = hash:away',
    'smtpd_log_access_permit_actions = static:all',
    'rbl_reply_maps = hash:t',
    'allow_untrusted_routing = yes',
  ]),
})
type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never

const BASE = 'maps_rbl_domains = bl.example\nsmtpd_sender_login_maps = hash:t\nrelay_clientcerts = hash:t\n'

/** A world whose lists are set by force: most of them `postern check` would refuse. */
function makeRandomWorld(from: Setting, resolver: Resolver): World {
  const [first, second, third] = from.actions
  const world = makeFakeWorld({
    mainCf: BASE + from.options.join('\n'),
    resolver,
    clock: new ManualClock(),
    tables: {
      'hash:t': {
        'user@here.example': first,
        'there.example': second,
        '192.0.2': third,
        user: second,
        'aa:01': first,
        '<>': third,
      },
      'regexp:t': { 'there.example': first },
      'hash:away': 'failed',
      'hash:broken': 'broken',
    },
    policy: { 'inet:127.0.0.1:1': third },
    verify: {
      'user@there.example': { status: 'undeliverable', text: 'no' },
      user: { status: 'deferred', text: 'later' },
    },
  })
  const names = ['client', 'helo', 'sender', 'relay', 'recipient', 'data', 'end_of_data', 'etrn']
  const lists = names.map((name, at): [string, unknown] => [
    `smtpd_${name}_restrictions`,
    splitWords(from.lists[at] ?? '').map(text => ({ text, file: '', line: 0, column: 0 })),
  ])
  return { ...world, config: { ...world.config, ...Object.fromEntries(lists) } }
}

function openJudge(from: Setting, resolver: Resolver) {
  const words = (text: string) => splitWords(text).map(each => ({ text: each }))
  const classes = new Map(CLASSES.map((name, at) => [name, words(from.classes[at] ?? '')]))
  return makeJudgeFactory(makePolicy({ world: makeRandomWorld(from, resolver), registry, classes }))()
}

function checkJudgement(judged: Judgement): void {
  if (judged.reply !== null) assert.match(judged.reply, REFUSAL)
  assert.equal(
    judged.events.some(event => event.kind === 'error'),
    false,
    JSON.stringify(judged.events),
  )
  for (const event of judged.events) {
    const isThrown = event.kind === 'warning' && /^restriction \S+ (?:\S+ )?failed: /.test(event.text)
    assert.equal(isThrown, false, isThrown ? event.text : '')
  }
}

test('judge never throws, and refuses in the words of SMTP or not at all', async () => {
  await fc.assert(
    fc.asyncProperty(setting, fc.array(step, { maxLength: 6 }), async (from, steps) => {
      const judge = openJudge(from, makeRandomResolver(from.seed, from.failing))
      for (const { stage, said: words, ahead, reset } of steps) {
        const facts = makeFacts(words)
        if (reset === 0) judge.resetTransaction()
        if (reset === 1) judge.resetClient(facts)
        if (ahead) judge.lookAhead(facts)
        checkJudgement(await judge.judge(stage, facts))
        assert.equal(typeof (await judge.isAddressValid(words.recipient ?? '', false, facts)), 'boolean')
      }
    }),
    { numRuns: 400 },
  )
})

test('looking ahead changes neither the verdict nor what is logged', async () => {
  await fc.assert(
    fc.asyncProperty(setting, said, async (from, words) => {
      const options = from.options.filter(option => !option.startsWith('postern_lookahead'))
      const told: unknown[] = []
      for (const ahead of [true, false]) {
        const judge = openJudge({ ...from, options }, makeRandomResolver(from.seed, from.failing))
        const facts = makeFacts(words)
        if (ahead) judge.lookAhead(facts)
        const { reply, effects, events } = await judge.judge('recipient', facts)
        told.push({ reply, effects, events })
      }
      assert.deepEqual(told[0], told[1])
    }),
    { numRuns: 250 },
  )
})

/** Words that can refuse for good only because of what the DNS says. */
const dnsWords = fc.constantFrom(
  'reject_unknown_client_hostname',
  'reject_unknown_reverse_client_hostname',
  'reject_unknown_helo_hostname',
  'reject_unknown_sender_domain',
  'reject_unknown_recipient_domain',
  'reject_rbl_client bl.example',
  'reject_rhsbl_client bl.example',
  'reject_rhsbl_reverse_client bl.example',
  'reject_rhsbl_helo bl.example',
  'reject_rhsbl_sender bl.example',
  'reject_rhsbl_recipient bl.example',
  'permit_dnswl_client bl.example',
  'permit_rhswl_client bl.example',
  'permit_mx_backup',
  'check_sender_mx_access hash:reject',
  'check_sender_ns_access hash:reject',
  'check_helo_a_access hash:reject',
  'check_client_mx_access hash:reject',
  'warn_if_reject',
)

test('a DNS that answers nothing refuses nobody for good', async () => {
  const lists = fc.array(dnsWords, { minLength: 1, maxLength: 5 }).map(words => words.join(' '))
  await fc.assert(
    fc.asyncProperty(setting, lists, async (from, own) => {
      const dnsOnly: Setting = {
        ...from,
        lists: [own, own, own, '', own, '', '', ''],
        options: from.options.filter(option => !option.includes('hash:')),
      }
      const judge = openJudge(dnsOnly, makeRandomResolver(from.seed, 'all'))
      const facts = makeFacts({
        helo: 'mail.there.example',
        sender: 'a@there.example',
        recipient: 'b@elsewhere.example',
      })
      const { reply } = await judge.judge('recipient', facts)
      if (reply !== null) assert.match(reply, /^4/)
    }),
    { numRuns: 200 },
  )
})

test('an answer that fails never does more harm than one that is absent', async () => {
  // With the same lists: what a working DNS lets in may be put off while it fails, never refused for good.
  const facts = makeFacts({ helo: 'mail.there.example', sender: 'a@there.example', recipient: 'user@here.example' })
  const zone = {
    PTR: { '1.2.0.192.in-addr.arpa': ['mail.there.example'] },
    A: { 'mail.there.example': ['192.0.2.1'] },
    MX: { 'there.example': ['10 mail.there.example'] },
  }
  const questions = [
    'PTR 1.2.0.192.in-addr.arpa',
    'A mail.there.example',
    'MX there.example',
    'A there.example',
    'A 1.2.0.192.bl.example',
    'A there.example.bl.example',
    'A mail.there.example.bl.example',
    'NS there.example',
    'AAAA there.example',
  ]
  const lists = fc.array(dnsWords, { minLength: 1, maxLength: 5 }).map(words => words.join(' '))
  await fc.assert(
    fc.asyncProperty(setting, lists, fc.subarray(questions, { minLength: 1 }), async (from, own, fail) => {
      const quiet: Setting = {
        ...from,
        lists: ['', '', '', '', own, '', '', ''],
        options: ['unknown_client_reject_code = 550'],
      }
      const good = await openJudge(quiet, makeFakeResolver(zone)).judge('recipient', facts)
      const bad = await openJudge(quiet, makeFakeResolver({ ...zone, fail })).judge('recipient', facts)
      if (good.reply === null && bad.reply !== null) assert.match(bad.reply, /^4/)
    }),
    { numRuns: 200 },
  )
})
