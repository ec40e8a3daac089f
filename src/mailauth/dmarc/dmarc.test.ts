import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type FakeZone, makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import type { DmarcMethod } from './discovery.ts'
import { type Identifiers, makeDmarc } from './dmarc.ts'

const ZONE: FakeZone = {
  TXT: {
    '_dmarc.example.com': ['v=DMARC1; p=reject; aspf=r; rua=mailto:dmarc-feedback@example.com'],
    '_dmarc.strict.example': ['v=DMARC1; p=quarantine; adkim=s; aspf=s'],
    '_dmarc.sub.example': ['v=DMARC1; p=reject; sp=quarantine; np=none'],
    '_dmarc.sponly.example': ['v=DMARC1; p=reject; sp=none'],
    '_dmarc.np.example': ['v=DMARC1; p=none; np=reject'],
    '_dmarc.testing.example': ['v=DMARC1; p=reject; t=y'],
    '_dmarc.test2.example': ['v=DMARC1; p=quarantine; t=y; sp=reject'],
    '_dmarc.broken.example': ['v=DMARC1; p=rejekt'],
    '_dmarc.two.example': ['v=DMARC1; p=reject', 'v=DMARC1; p=none'],
    // B.4.3
    '_dmarc.bank.example': ['v=DMARC1; p=reject; psd=y; np=quarantine'],
    '_dmarc.giant.bank.example': ['v=DMARC1; p=quarantine'],
    '_dmarc.isle.example': ['v=DMARC1; p=reject; psd=n'],
    '_dmarc.own.isle.example': ['v=DMARC1; p=quarantine; psd=n'],
    '_dmarc.top.flaky': ['v=DMARC1; p=reject'],
    '_dmarc.org.co.uk': ['v=DMARC1; p=reject; sp=quarantine; np=none; t=y'],
  },
  A: { 'here.np.example': ['192.0.2.1'], 'here.sub.example': ['192.0.2.1'] },
  CNAME: { 'alias.np.example': ['gone.example'] },
  fail: ['TXT _dmarc.flaky', 'TXT _dmarc.down.example', 'TXT _dmarc.slow.example.com', 'A unknown.np.example'],
}

/** "spf=pass example.com", "dkim=temperror x.example", separated by commas. */
function identifiers(text: string): Identifiers {
  const words = text.split(', ').filter(word => word !== '')
  const read = (method: string) =>
    words
      .filter(word => word.startsWith(`${method}=`))
      .map(word => {
        const [result = '', domain = ''] = word.slice(method.length + 1).split(' ')
        // Written in this file, and right.
        return { result: result as 'pass', domain }
      })
  return { spf: read('spf')[0] ?? null, dkim: read('dkim') }
}

async function judge(from: string, found: string, method: DmarcMethod = 'rfc9989'): Promise<string> {
  const answer = await makeDmarc({ resolver: makeFakeResolver(ZONE), method }).evaluate(from, identifiers(found))
  const aligned = `${answer.spfAligned ? ' spf' : ''}${answer.dkimAligned ? ' dkim' : ''}`
  return `${answer.result} ${answer.policy} of ${answer.policyDomain || '-'} org ${answer.organizationalDomain || '-'}${aligned}`
}

describe('RFC 9989 DMARC', () => {
  const cases: readonly (readonly [from: string, found: string, expected: string])[] = [
    // B.1.1 SPF: strict, relaxed, none
    ['example.com', 'spf=pass example.com', 'pass reject of example.com org example.com spf'],
    ['example.com', 'spf=pass child.example.com', 'pass reject of example.com org example.com spf'],
    ['child.example.com', 'spf=pass example.net', 'fail reject of example.com org example.com'],
    // B.1.2 DKIM: strict, relaxed, none
    ['example.com', 'dkim=pass example.com', 'pass reject of example.com org example.com dkim'],
    ['child.example.com', 'dkim=pass example.com', 'pass reject of example.com org example.com dkim'],
    ['child.example.com', 'dkim=pass example.net', 'fail reject of example.com org example.com'],
    // B.3.1
    [
      'example.com',
      'spf=pass mail.example.com, dkim=pass example.com',
      'pass reject of example.com org example.com spf dkim',
    ],
    ['example.com', '', 'fail reject of example.com org example.com'],
    [
      'example.com',
      'spf=fail example.com, dkim=fail example.com, dkim=neutral example.com',
      'fail reject of example.com org example.com',
    ],
    [
      'example.com',
      'dkim=pass other.example, dkim=pass x.example.com',
      'pass reject of example.com org example.com dkim',
    ],
    // DKIM 'policy' is no pass.
    ['example.com', 'dkim=policy example.com', 'fail reject of example.com org example.com'],
    ['example.com', 'spf=softfail example.com', 'fail reject of example.com org example.com'],
    // Not above, not beside.
    ['example.com', 'dkim=pass com', 'fail reject of example.com org example.com'],
    ['example.com', 'dkim=pass badexample.com', 'fail reject of example.com org example.com'],
    ['example.com', 'dkim=pass EXAMPLE.com.', 'pass reject of example.com org example.com dkim'],
    // strict
    ['strict.example', 'spf=pass strict.example', 'pass quarantine of strict.example org strict.example spf'],
    [
      'strict.example',
      'spf=pass a.strict.example, dkim=pass a.strict.example',
      'fail quarantine of strict.example org strict.example',
    ],
    ['a.strict.example', 'dkim=pass strict.example', 'fail quarantine of strict.example org strict.example'],
    // sp, np
    ['sub.example', '', 'fail reject of sub.example org sub.example'],
    ['here.sub.example', '', 'fail quarantine of sub.example org sub.example'],
    ['gone.sub.example', '', 'fail none of sub.example org sub.example'],
    ['a.sponly.example', '', 'fail none of sponly.example org sponly.example'],
    ['here.np.example', '', 'fail none of np.example org np.example'],
    ['gone.np.example', '', 'fail reject of np.example org np.example'],
    ['a.gone.np.example', '', 'fail reject of np.example org np.example'],
    ['alias.np.example', '', 'fail none of np.example org np.example'],
    // t
    ['testing.example', '', 'fail quarantine of testing.example org testing.example'],
    ['test2.example', '', 'fail none of test2.example org test2.example'],
    ['a.test2.example', '', 'fail quarantine of test2.example org test2.example'],
    // records that are none, or wrong
    ['nothing.example', 'dkim=pass nothing.example', 'none none of - org nothing.example'],
    ['two.example', '', 'none none of - org two.example'],
    ['broken.example', 'dkim=pass broken.example', 'permerror none of broken.example org broken.example'],
    // B.4.3 with a public suffix domain
    [
      'giant.bank.example',
      'spf=pass mail.giant.bank.example, dkim=pass mail.mega.bank.example',
      'pass quarantine of giant.bank.example org giant.bank.example spf',
    ],
    ['mega.bank.example', 'dkim=pass giant.bank.example', 'fail quarantine of bank.example org mega.bank.example'],
    ['mega.bank.example', 'dkim=pass mail.mega.bank.example', 'pass reject of bank.example org mega.bank.example dkim'],
    // psd=n
    ['isle.example', 'dkim=pass own.isle.example', 'fail reject of isle.example org isle.example'],
    ['a.own.isle.example', 'dkim=pass isle.example', 'fail quarantine of own.isle.example org own.isle.example'],
  ]
  for (const [from, found, expected] of cases)
    test(`${from} with ${found || 'nothing'}`, async () => assert.equal(await judge(from, found), expected))

  const temporary: readonly (readonly [from: string, found: string, expected: string])[] = [
    ['down.example', 'dkim=pass other.example', 'temperror none of - org -'],
    ['down.example', 'dkim=pass down.example', 'temperror none of - org -'],
    // Its own record is enough for its own name; the walk above it failed.
    ['top.flaky', 'dkim=pass top.flaky', 'pass reject of top.flaky org - dkim'],
    ['top.flaky', 'dkim=pass a.top.flaky', 'temperror reject of top.flaky org -'],
    ['top.flaky', 'dkim=pass a.example', 'fail reject of top.flaky org -'],
    // What was not found out matters where it is aligned, and where nothing else passes.
    ['example.com', 'spf=temperror example.com', 'temperror reject of example.com org example.com'],
    ['example.com', 'dkim=temperror a.example.com', 'temperror reject of example.com org example.com'],
    [
      'example.com',
      'dkim=temperror a.example.com, spf=pass example.com',
      'pass reject of example.com org example.com spf',
    ],
    [
      'example.com',
      'spf=temperror attacker.example, dkim=temperror attacker.com',
      'fail reject of example.com org example.com',
    ],
    ['example.com', 'dkim=pass slow.example.com', 'temperror reject of example.com org example.com'],
    ['example.com', 'dkim=pass down.example', 'fail reject of example.com org example.com'],
    ['unknown.np.example', '', 'temperror none of np.example org np.example'],
  ]
  for (const [from, found, expected] of temporary)
    test(`T14.1 ${from} with ${found || 'nothing'}`, async () => assert.equal(await judge(from, found), expected))
})

describe('RFC 7489 by postern_dmarc_method', () => {
  const cases: readonly (readonly [from: string, found: string, expected: string])[] = [
    ['a.org.co.uk', 'dkim=pass b.org.co.uk', 'pass quarantine of org.co.uk org org.co.uk dkim'],
    // no np and no t there
    ['gone.org.co.uk', '', 'fail quarantine of org.co.uk org org.co.uk'],
    ['org.co.uk', '', 'fail reject of org.co.uk org org.co.uk'],
    // psd means nothing: the suffix list knows "example" only, so all below bank.example are of one organization
    ['mega.bank.example', 'dkim=pass giant.bank.example', 'pass reject of bank.example org bank.example dkim'],
    ['a.own.isle.example', 'dkim=pass isle.example', 'pass reject of isle.example org isle.example dkim'],
    ['down.example', '', 'temperror none of - org down.example'],
    ['nothing.example', '', 'none none of - org nothing.example'],
  ]
  for (const [from, found, expected] of cases)
    test(`${from} with ${found || 'nothing'}`, async () => assert.equal(await judge(from, found, 'rfc7489'), expected))
})

test('the policy is asked for as soon as the author domain is known, and once', async () => {
  const resolver = makeFakeResolver(ZONE)
  const dmarc = makeDmarc({ resolver, method: 'rfc9989' })
  dmarc.lookAhead('example.com')
  assert.deepEqual(resolver.asked, ['TXT _dmarc.example.com', 'TXT _dmarc.com'])
  await dmarc.evaluate('example.com', identifiers('dkim=pass example.com'))
  assert.equal(resolver.asked.length, 2)
})
