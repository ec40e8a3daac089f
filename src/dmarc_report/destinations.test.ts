import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type FakeZone, makeFakeResolver } from '../../test/support/fake_resolver.ts'
import { type DestinationWorld, parseDestination, verifyDestination } from './destinations.ts'

const ZONE: FakeZone = {
  TXT: {
    'example.org._report._dmarc.yes.example': ['v=DMARC1'],
    'example.org._report._dmarc.trailing.example': [['v=DMARC1', ';'], 'something else'],
    'example.org._report._dmarc.wrong.example': ['v=spf1 -all', 'v=DMARC12', 'p=none; v=DMARC1', 'v=dmarc1'],
    'example.org._report._dmarc.instead.example': [
      'v=DMARC1; rua=mailto:new@instead.example, mailto:b@instead.example',
    ],
    'example.org._report._dmarc.foreign.example': [
      'v=DMARC1; rua=mailto:new@foreign.example,mailto:victim@big.example',
    ],
    'example.org._report._dmarc.garbled.example': ['v=DMARC1; rua=ftp://x'],
  },
  fail: ['TXT example.org._report._dmarc.slow.example'],
}

/** The last two labels. */
function world(): DestinationWorld & { readonly resolver: ReturnType<typeof makeFakeResolver> } {
  return {
    resolver: makeFakeResolver(ZONE),
    organizationalDomain: async domain =>
      domain === 'mute.example' ? { failed: 'SERVFAIL' } : { domain: domain.split('.').slice(-2).join('.') },
  }
}

describe('T12.2 a report to an outside address goes only where its domain wants it', () => {
  const cases: readonly (readonly [uri: string, expected: string])[] = [
    ['mailto:rua@example.org', 'rua@example.org'],
    ['mailto:rua@sub.example.org', 'rua@sub.example.org'],
    ['mailto:rua@yes.example', 'rua@yes.example'],
    ['mailto:rua@trailing.example', 'rua@trailing.example'],
    ['mailto:rua@no.example', 'unwanted'],
    ['mailto:rua@wrong.example', 'unwanted'],
    ['mailto:rua@slow.example', 'failed'],
    ['mailto:rua@mute.example', 'failed'],
    ['mailto:rua@instead.example', 'new@instead.example b@instead.example'],
    ['mailto:rua@foreign.example', 'unwanted'],
    ['mailto:rua@garbled.example', 'rua@garbled.example'],
    [`mailto:rua@${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(50)}.example`, 'unwanted'],
  ]
  for (const [uri, expected] of cases)
    test(uri, async () => {
      const destination = parseDestination(uri)
      assert.ok(destination !== null)
      const verified = await verifyDestination('example.org', destination, world())
      const said =
        verified.status === 'wanted' ? verified.destinations.map(({ address }) => address).join(' ') : verified.status
      assert.equal(said, expected)
    })

  test('nothing is asked about addresses of the same organization', async () => {
    const inside = world()
    const destination = parseDestination('mailto:rua@mail.example.org')
    assert.ok(destination !== null)
    await verifyDestination('sub.example.org', destination, inside)
    assert.deepEqual(inside.resolver.asked, [])
  })
})

describe('URIs of rua=', () => {
  const cases: readonly (readonly [uri: string, address: string | null, maxBytes?: number])[] = [
    ['mailto:rua@example.org', 'rua@example.org'],
    [' MAILTO:Rua@Example.ORG ', 'Rua@example.org'],
    ['mailto:rua@example.org!10m', 'rua@example.org', 10 * 1024 * 1024],
    ['mailto:rua@example.org!50K', 'rua@example.org', 51_200],
    ['mailto:rua@example.org!1000', 'rua@example.org', 1000],
    ['mailto:rua%2bx@example.org?subject=hi', 'rua+x@example.org'],
    ['mailto:a%40b@example.org', null],
    ['mailto:a%0d%0aBcc:%20x@example.org', null],
    ['mailto:a@example.org%0d%0aX', null],
    ['mailto:"a b"@example.org', null],
    ['mailto:a@[192.0.2.1]', null],
    ['mailto:a@localhost', null],
    ['mailto:.a@example.org', null],
    ['mailto:%zz@example.org', null],
    ['mailto:a@example.org!10x', null],
    ['https://example.org/rua', null],
    ['rua@example.org', null],
    ['', null],
  ]
  for (const [uri, address, maxBytes = null] of cases)
    test(JSON.stringify(uri), () => {
      const destination = parseDestination(uri)
      assert.deepEqual([destination?.address ?? null, destination?.maxBytes ?? null], [address, maxBytes])
    })
})
