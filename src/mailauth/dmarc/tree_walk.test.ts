import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import { registeredDomain } from './public_suffix.ts'
import { makeRecordLookup } from './record_lookup.ts'
import { organizationalDomain, walkNames, walkTree } from './tree_walk.ts'

const P = 'v=DMARC1; p=none'

/** `records`: "example.com" is published at "_dmarc.example.com". */
function zone(records: Readonly<Record<string, string | readonly string[]>>, fail: readonly string[] = []) {
  const entries = Object.entries(records).map(([name, value]) => [`_dmarc.${name}`, [value].flat()] as const)
  return makeFakeResolver({ TXT: Object.fromEntries(entries), fail: fail.map(name => `TXT _dmarc.${name}`) })
}

async function organization(
  start: string,
  records: Readonly<Record<string, string | readonly string[]>>,
): Promise<string> {
  return organizationalDomain(await walkTree(start, makeRecordLookup(zone(records))))
}

describe('RFC 9989 4.10 the tree walk', () => {
  const names: readonly (readonly [domain: string, names: string])[] = [
    ['com', 'com'],
    ['a.mail.example.com', 'a.mail.example.com mail.example.com example.com com'],
    ['1.2.3.4.5.6.7.8', '1.2.3.4.5.6.7.8 2.3.4.5.6.7.8 3.4.5.6.7.8 4.5.6.7.8 5.6.7.8 6.7.8 7.8 8'],
    [
      'a.b.c.d.e.f.g.h.i.j.mail.example.com',
      'a.b.c.d.e.f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com h.i.j.mail.example.com i.j.mail.example.com j.mail.example.com mail.example.com example.com com',
    ],
  ]
  for (const [domain, expected] of names)
    test(`${domain}: at most eight names`, () => assert.equal(walkNames(domain).join(' '), expected))

  const cases: readonly (readonly [
    what: string,
    start: string,
    records: Readonly<Record<string, string | readonly string[]>>,
    expected: string,
  ])[] = [
    ['nothing: the start', 'a.mail.example.com', {}, 'a.mail.example.com'],
    ['4.10.2: the fewest labels', 'a.mail.example.com', { 'mail.example.com': P, 'example.com': P }, 'example.com'],
    [
      '4.10.2: psd=n',
      'a.mail.example.com',
      { 'mail.example.com': `${P}; psd=n`, 'example.com': P },
      'mail.example.com',
    ],
    ['4.10.2: psd=y', 'a.mail.example.com', { com: `${P}; psd=y` }, 'example.com'],
    ['psd=y at the start', 'bank.example', { 'bank.example': `${P}; psd=y` }, 'bank.example'],
    [
      'psd=y at the start, and something above',
      'bank.example',
      { 'bank.example': `${P}; psd=y`, example: P },
      'bank.example',
    ],
    ['a record without p counts', 'a.b.example', { 'b.example': 'v=DMARC1' }, 'b.example'],
    ['several records are none', 'a.b.example', { 'b.example': [P, P], 'a.b.example': P }, 'a.b.example'],
    ['other texts beside it', 'a.b.example', { 'b.example': ['v=spf1 -all', P] }, 'b.example'],
    ['a top-level domain without psd', 'a.b.example', { example: P }, 'example'],
    // B.4.1
    ['B.4.1 author', 'example.com', { 'example.com': P, 'signing.example.com': P }, 'example.com'],
    ['B.4.1 signer', 'signing.example.com', { 'example.com': P, 'signing.example.com': P }, 'example.com'],
    ['B.4.2 deep', 'a.b.c.d.e.f.g.h.i.j.k.example.com', { 'example.com': P }, 'example.com'],
    [
      'B.4.3 author',
      'giant.bank.example',
      { 'giant.bank.example': P, 'bank.example': `${P}; psd=y` },
      'giant.bank.example',
    ],
    [
      'B.4.3 sender',
      'mail.giant.bank.example',
      { 'giant.bank.example': P, 'bank.example': `${P}; psd=y` },
      'giant.bank.example',
    ],
    [
      'B.4.3 signer',
      'mail.mega.bank.example',
      { 'giant.bank.example': P, 'bank.example': `${P}; psd=y` },
      'mega.bank.example',
    ],
  ]
  for (const [what, start, records, expected] of cases)
    test(`organizational domain, ${what}`, async () => assert.equal(await organization(start, records), expected))

  test('T14.1 a lookup that fails ends the walk, unless a psd tag has ended it before', async () => {
    const below = await walkTree('a.b.example', makeRecordLookup(zone({ 'b.example': P }, ['example'])))
    assert.equal(below.failed, 'TXT _dmarc.example: SERVFAIL from fake')
    assert.deepEqual(
      below.found.map(found => found.domain),
      ['b.example'],
    )
    const ended = await walkTree('a.b.example', makeRecordLookup(zone({ 'b.example': `${P}; psd=n` }, ['example'])))
    assert.equal(ended.failed, null)
  })

  test('each name is asked about once for a message', async () => {
    const resolver = zone({ 'example.com': P })
    const lookup = makeRecordLookup(resolver)
    await Promise.all([
      walkTree('a.example.com', lookup),
      walkTree('b.example.com', lookup),
      walkTree('example.com', lookup),
    ])
    assert.deepEqual(resolver.asked.toSorted(), [
      'TXT _dmarc.a.example.com',
      'TXT _dmarc.b.example.com',
      'TXT _dmarc.com',
      'TXT _dmarc.example.com',
    ])
  })
})

describe('RFC 7489 3.2 the public suffix', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['example.com', 'example.com'],
    ['a.b.example.co.uk', 'example.co.uk'],
    ['co.uk', 'co.uk'],
    ['a.b.invalid', 'b.invalid'],
    ['x.blogspot.com', 'x.blogspot.com'],
    ['localhost', 'localhost'],
    ['192.0.2.1', '192.0.2.1'],
    ['_x.a_b.example.org', 'example.org'],
  ]
  for (const [domain, expected] of cases) test(domain, () => assert.equal(registeredDomain(domain), expected))
})
