import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SubjectClass } from '../../src/model/subject.ts'
import type { Said } from './facts.ts'
import type { FakeZone } from './fake_resolver.ts'
import { tellRestriction, testSilent, unavailable } from './restriction_cases.ts'

/** One of the check_…_{a,mx,ns}_access restrictions. */
export interface ServerAccess {
  readonly restriction: string
  readonly type: 'A' | 'MX' | 'NS'
  /** Where it takes the domain from. */
  readonly of: 'client' | 'reverse client' | 'helo' | 'sender' | 'recipient'
}

const ZONE: FakeZone = {
  A: {
    'ask.example': ['192.0.2.80'],
    'nomx.example': ['192.0.2.81'],
    'mx1.srv.example': ['203.0.113.10'],
    'mx2.srv.example': ['203.0.113.20', '203.0.113.21'],
    'ns1.srv.example': ['203.0.113.30'],
  },
  AAAA: { 'ask.example': ['2001:db8::80'], 'mx1.srv.example': ['2001:db8::10'] },
  MX: {
    'ask.example': ['10 mx1.srv.example', '20 mx2.srv.example'],
    'null.example': ['0 .'],
    'lost.example': ['10 gone.srv.example'],
    'slow.example': ['10 fail.srv.example'],
    'number.example': ['10 198.18.0.1'],
  },
  NS: { 'ask.example': ['ns1.srv.example'], 'lost.example': ['gone.srv.example'] },
  fail: ['* fail.example', '* fail.srv.example'],
}

/** `{who}` stands for what the reply names, `{class}` for its class, `{target}` for the name in the OK warning. */
type ServerCase = readonly [domain: string, entry: string, verdict: string, ...notes: string[]]

const DENIED = '554 5.7.1 <{who}>: {class} rejected: Access denied'
const NO_OK = 'fault 451 4.3.5 Server configuration error'
const OK_NOTES = [
  'restriction {restriction} returns OK for {target}',
  'this is not allowed for security reasons',
  'use DUNNO instead of OK if you want to make an exception',
] as const

// biome-ignore format: columns
const ANY_TYPE: readonly ServerCase[] = [
  // domain         entry of the table           expected
  ['ask.example',  'other.example REJECT',      'dunno'],
  ['none.example', 'none.example DUNNO',        'dunno'],
]

// biome-ignore format: columns
const A_CASES: readonly ServerCase[] = [
  ['ask.example',  '192.0.2.80 REJECT',         DENIED],
  ['ask.example',  '192.0.2 REJECT',            DENIED],
  ['ask.example',  '192 450 4.7.9 not now',     '450 4.7.9 <{who}>: {class} rejected: not now'],
  ['ask.example',  '2001:db8::80 REJECT',       DENIED],
  ['ask.example',  '2001:db8 REJECT',           DENIED],
  // The name itself is not looked up: that is what check_…_access without "a" is for.
  ['ask.example',  'ask.example REJECT',        'dunno'],
  ['ask.example',  '192.0.2.80 OK',             NO_OK, ...OK_NOTES],
  ['ask.example',  '192.0.2.80 DUNNO',          'dunno'],
  ['ask.example',  '192.0.2.80 HOLD',           'HOLD'],
  ['ask.example',  '192.0.2.80 some_class',     'list some_class, OK forbidden'],
  ['none.example', '192.0.2.80 REJECT',         'dunno'],
  ['fail.example', '192.0.2.80 REJECT',         'dunno'],
]

// biome-ignore format: columns
const MX_CASES: readonly ServerCase[] = [
  ['ask.example',    'mx1.srv.example REJECT',  DENIED],
  ['ask.example',    'mx2.srv.example REJECT',  DENIED],
  ['ask.example',    'srv.example REJECT',      DENIED],
  ['ask.example',    '203.0.113.10 REJECT',     DENIED],
  ['ask.example',    '203.0.113.21 REJECT',     DENIED],
  ['ask.example',    '2001:db8::10 REJECT',     DENIED],
  ['ask.example',    'mx1.srv.example OK',      NO_OK, ...OK_NOTES],
  ['ask.example',    'ask.example REJECT',      'dunno'],
  ['ask.example',    '192.0.2.80 REJECT',       'dunno'],
  // RFC 5321 5.1: without MX the domain is its own.
  ['nomx.example',   'nomx.example REJECT',     DENIED],
  ['nomx.example',   '192.0.2.81 REJECT',       DENIED],
  // RFC 7505: there is no server to judge.
  ['null.example',   'null.example REJECT',     'dunno'],
  ['number.example', '198.18.0.1 REJECT',       DENIED,  'numeric domain name in resource data of MX record for number.example: 198.18.0.1'],
  ['lost.example',   'other.example REJECT',    'dunno', 'Unable to look up MX host gone.srv.example for {class} {who}: Name or service not known'],
  ['slow.example',   'other.example REJECT',    'dunno', 'Unable to look up MX host fail.srv.example for {class} {who}: Temporary failure in name resolution'],
  ['fail.example',   'fail.example REJECT',     'dunno', 'Unable to look up MX host for fail.example: Host not found, try again'],
]

// biome-ignore format: columns
const NS_CASES: readonly ServerCase[] = [
  ['ask.example',     'ns1.srv.example REJECT', DENIED],
  ['ask.example',     'example REJECT',         DENIED],
  ['ask.example',     '203.0.113.30 REJECT',    DENIED],
  ['ask.example',     'ns1.srv.example OK',     NO_OK, ...OK_NOTES],
  ['ask.example',     'ask.example REJECT',     'dunno'],
  // A name without NS is served by those of its parent.
  ['a.b.ask.example', 'ns1.srv.example REJECT', DENIED],
  ['lost.example',    'other.example REJECT',   'dunno', 'Unable to look up NS host gone.srv.example for {class} {who}: Name or service not known'],
  ['none.example',    'none.example REJECT',    'dunno', 'Unable to look up NS host for {target}: Host found but no data record of requested type'],
  ['a.fail.example',  'fail.example REJECT',    'dunno', 'Unable to look up NS host for fail.example: Host not found, try again'],
]

// biome-ignore format: columns
const LITERAL_CASES: readonly ServerCase[] = [
  // An address literal is its own server.
  ['[192.0.2.99]',       '192.0.2.99 REJECT',   DENIED],
  ['[192.0.2.99]',       '192.0.2 REJECT',      DENIED],
  ['[IPv6:2001:db8::9]', '2001:db8::9 REJECT',  DENIED],
  ['[192.0.2]',          '192.0.2 REJECT',      'dunno'],
  ['[192.0.2.99',        '192.0.2.99 REJECT',   'dunno'],
]

const CASES: Readonly<Record<ServerAccess['type'], readonly ServerCase[]>> = {
  A: [...ANY_TYPE, ...A_CASES],
  MX: [...ANY_TYPE, ...MX_CASES],
  NS: NS_CASES,
}

/** The key that is asked for first: A looks up addresses alone, MX and NS the name of the server. */
const FIRST_KEY: Readonly<Record<ServerAccess['type'], string>> = {
  A: '192.0.2.81',
  MX: 'nomx.example',
  NS: 'ns1.srv.example',
}

const CLASSES: Readonly<Record<ServerAccess['of'], SubjectClass>> = {
  client: 'Client host',
  'reverse client': 'Unverified Client host',
  helo: 'Helo command',
  sender: 'Sender address',
  recipient: 'Recipient address',
}

/** The common cases of these restrictions, and what each does without its fact. */
export function testServerAccess(access: ServerAccess): void {
  const { restriction, type, of } = access
  const byName = of === 'client' || of === 'reverse client'
  const literals = LITERAL_CASES.map((each): ServerCase => (type === 'NS' ? [each[0], each[1], 'dunno'] : each))
  describe(restriction, () => {
    for (const [domain, entry, verdict, ...notes] of [...CASES[type], ...(byName ? [] : literals)]) {
      test(`${of} ${domain}, table has "${entry}": ${verdict}`, async () => {
        const told = await tellRestriction(`${restriction} hash:t`, saying(of, domain), {
          dns: ZONE,
          tables: { 'hash:t': tableOf(entry) },
        })
        const fill = (text: string): string => fillIn(text, domain, access)
        assert.deepEqual(told, { verdict: fill(verdict), notes: notes.map(fill) })
      })
    }
    test('a table that does not answer defers', async () => {
      const domain = type === 'NS' ? 'ask.example' : 'nomx.example'
      const told = await tellRestriction(`${restriction} hash:nowhere`, saying(of, domain), { dns: ZONE })
      const verdict = fillIn('451 4.3.5 <{who}>: {class} rejected: Server configuration error', domain, access)
      assert.deepEqual(told, { verdict, notes: unavailable('hash:nowhere', FIRST_KEY[type]) })
    })
    if (type === 'A') {
      test('addresses of a family that inet_protocols leaves out are not judged', async () => {
        const world = { dns: ZONE, tables: { 'hash:t': { '2001:db8::80': 'REJECT' } }, mainCf: 'inet_protocols = ipv4' }
        const told = await tellRestriction(`${restriction} hash:t`, saying(of, 'ask.example'), world)
        assert.equal(told.verdict, 'dunno')
      })
    }
    for (const said of withoutFact(of)) {
      testSilent(`${restriction} hash:t`, said, { dns: ZONE, tables: { 'hash:t': 'failed' } })
    }
  })
}

function saying(of: ServerAccess['of'], domain: string): Said {
  switch (of) {
    case 'client':
      return { client: '192.0.2.1', toldName: domain, toldReverseName: domain }
    case 'reverse client':
      return { client: '192.0.2.1', toldName: null, toldReverseName: domain }
    case 'helo':
      return { helo: domain }
    case 'sender':
      return { sender: `user@${domain}` }
    case 'recipient':
      return { recipient: `user@${domain}` }
  }
}

function withoutFact(of: ServerAccess['of']): readonly Said[] {
  switch (of) {
    case 'client':
      return [{ toldName: null, toldReverseName: 'ask.example' }]
    case 'reverse client':
      return [{ toldName: null, toldReverseName: null }]
    case 'helo':
      return [{ helo: null }]
    case 'sender':
      return [{}, { sender: '' }]
    case 'recipient':
      return [{ sender: 'user@ask.example' }, { recipient: '' }]
  }
}

function tableOf(entry: string): Record<string, string> {
  const blank = entry.indexOf(' ')
  return { [entry.slice(0, blank)]: entry.slice(blank + 1) }
}

function fillIn(text: string, domain: string, { restriction, of }: ServerAccess): string {
  const address = `user@${domain}`
  const isAddress = of === 'sender' || of === 'recipient'
  const who = of === 'client' ? `${domain}[192.0.2.1]` : isAddress ? address : domain
  const words: Readonly<Record<string, string>> = {
    who,
    class: CLASSES[of],
    target: isAddress ? address : domain,
    restriction,
  }
  return text.replace(/\{(\w+)\}/g, (_, word: string) => words[word] ?? '')
}
