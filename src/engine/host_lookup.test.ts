import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts } from '../../test/support/facts.ts'
import { makeFakeWorld } from '../../test/support/fake_world.ts'
import { parseHosts } from '../dns/hosts_file.ts'
import type { DnsType } from '../dns/resolver.ts'
import { addressTypes, lookupAddresses, lookupFirst, lookupHost } from './host_lookup.ts'
import { Door, SessionMemory } from './session_ask.ts'

const ZONE = {
  A: { 'a.example': ['192.0.2.1', '192.0.2.2'], 'part.example': ['192.0.2.3'] },
  AAAA: { 'a.example': ['2001:db8::1'], 'six.example': ['2001:db8::6'] },
  MX: {
    'mx.example': ['10 a.example', '20 -bad-'],
    'null.example': ['0 .'],
    'mixed.example': ['10 a.example', '0 .'],
    'bad.example': ['10 -bad-', '20 a..b'],
    'number.example': ['10 192.0.2.1'],
    '*.wild.example': ['10 a.example'],
    'star.example': ['10 *.a.example'],
  },
  NS: { 'mx.example': ['ns.example'], 'bad.example': ['-bad-'] },
  fail: ['* fail.example', 'AAAA part.example', 'MX a.example', 'A half.example'],
} as const

function makeDoor(hosts = ''): Door {
  return new Door(new SessionMemory(makeFakeWorld({ dns: ZONE, hosts: parseHosts(hosts) })), makeFacts())
}

describe('lookupHost', () => {
  // biome-ignore format: columns
  const cases: readonly [type: DnsType, name: string, status: string, records: number, reason: string][] = [
    ['A',  'a.example',      'ok',       2, ''],
    ['A',  'none.example',   'notfound', 0, 'Host not found'],
    ['A',  'mx.example',     'notfound', 0, 'Host found but no data record of requested type'],
    ['A',  'fail.example',   'retry',    0, 'Host not found, try again'],
    // A record that is no host name is passed over, if there are others.
    ['MX', 'mx.example',     'ok',       1, ''],
    ['MX', 'bad.example',    'invalid',  0, 'Malformed DNS server reply'],
    ['NS', 'bad.example',    'invalid',  0, 'Malformed DNS server reply'],
    ['MX', 'number.example', 'ok',       1, ''],
    ['MX', 'null.example',   'nullmx',   0, 'Malformed DNS server reply'],
    ['MX', 'mixed.example',  'nullmx',   0, 'Malformed DNS server reply'],
    ['MX', '*.wild.example', 'ok',       1, ''],
    // Never asked: no name.
    ['A',  '192.0.2.1',      'notfound', 0, 'Host not found'],
    ['A',  '2001:db8::1',    'notfound', 0, 'Host not found'],
    ['A',  'a.example.',     'notfound', 0, 'Host not found'],
    ['A',  'a b.example',    'notfound', 0, 'Host not found'],
    ['A',  '',               'notfound', 0, 'Host not found'],
    ['A',  `${'x'.repeat(64)}.example`, 'notfound', 0, 'Host not found'],
  ]
  for (const [type, name, status, records, reason] of cases) {
    test(`${type} ${name}: ${status}`, async () => {
      const answer = await lookupHost(makeDoor(), name, type)
      assert.deepEqual([answer.status, answer.records.length, answer.reason], [status, records, reason])
    })
  }
})

// biome-ignore format: columns
test('odd names in an answer are told', async () => {
  const cases: readonly [type: DnsType, name: string, ...notes: string[]][] = [
    ['MX', 'mx.example',     'valid_hostname: misplaced hyphen: -bad-', 'malformed domain name in resource data of MX record for mx.example: -bad-'],
    ['NS', 'bad.example',    'valid_hostname: misplaced hyphen: -bad-', 'malformed domain name in resource data of NS record for bad.example: -bad-'],
    ['MX', 'number.example', 'numeric domain name in resource data of MX record for number.example: 192.0.2.1'],
    ['MX', 'null.example'],
    ['MX', 'star.example'],
    ['A',  'a.example'],
  ]
  for (const [type, name, ...notes] of cases) {
    const door = makeDoor()
    await lookupHost(door, name, type)
    assert.deepEqual(door.notes, notes.map(text => ({ kind: 'warning', text })))
  }
})

describe('lookupFirst', () => {
  const mailHost = ['MX', 'A', 'AAAA'] as const
  const helo = ['A', 'AAAA', 'MX'] as const
  // biome-ignore format: columns
  const cases: readonly [types: readonly DnsType[], name: string, status: string][] = [
    [mailHost, 'a.example',     'ok'],
    [mailHost, 'six.example',   'ok'],
    [mailHost, 'mx.example',    'ok'],
    [mailHost, 'none.example',  'notfound'],
    // A bad or null MX ends the search for a mail host, but not for a HELO name.
    [mailHost, 'null.example',  'nullmx'],
    [helo,     'null.example',  'nullmx'],
    [mailHost, 'bad.example',   'invalid'],
    [helo,     'bad.example',   'invalid'],
    [helo,     'part.example',  'ok'],
    // Of several failures the one that may pass is told.
    [mailHost, 'fail.example',  'retry'],
    [mailHost, 'half.example',  'retry'],
    [helo,     'half.example',  'retry'],
    [mailHost, 'part.example',  'ok'],
  ]
  for (const [types, name, status] of cases) {
    test(`${types.join(' ')} of ${name}: ${status}`, async () => {
      assert.deepEqual(await lookupFirst(makeDoor(), name, types), { status })
    })
  }
})

describe('lookupAddresses', () => {
  // biome-ignore format: columns
  const cases: readonly [name: string, addresses: readonly string[], temporary: boolean, reason: string][] = [
    ['a.example',    ['192.0.2.1', '192.0.2.2', '2001:db8::1'], false, ''],
    ['part.example', ['192.0.2.3'],                             false, ''],
    ['192.0.2.9',    ['192.0.2.9'],                             false, ''],
    ['none.example', [],                                        false, 'Name or service not known'],
    ['mx.example',   [],                                        false, 'No address associated with hostname'],
    ['fail.example', [],                                        true,  'Temporary failure in name resolution'],
    ['half.example', [],                                        true,  'Temporary failure in name resolution'],
    ['local.host',   ['127.0.0.1', '::1'],                      false, ''],
  ]
  for (const [name, addresses, temporary, reason] of cases) {
    test(`${name}: ${addresses.join(' ')} ${reason}`, async () => {
      const answer = await lookupAddresses(makeDoor('127.0.0.1 local.host\n::1 local.host'), name, ['A', 'AAAA'])
      assert.deepEqual(answer, { addresses, temporary, reason })
    })
  }

  test('asks only for the family that is wanted', async () => {
    const door = makeDoor('127.0.0.1 local.host\n::1 local.host')
    assert.deepEqual((await lookupAddresses(door, 'a.example', ['AAAA'])).addresses, ['2001:db8::1'])
    assert.deepEqual((await lookupAddresses(door, 'local.host', ['A'])).addresses, ['127.0.0.1'])
    assert.deepEqual(
      door.questions.map(each => each.question),
      ['AAAA a.example'],
    )
  })
})

test('inet_protocols decides which addresses count', () => {
  // biome-ignore format: columns
  const cases: readonly [protocols: readonly string[], types: readonly string[]][] = [
    [['all'],          ['A', 'AAAA']],
    [['ipv4'],         ['A']],
    [['IPv6'],         ['AAAA']],
    [['ipv4', 'ipv6'], ['A', 'AAAA']],
  ]
  for (const [protocols, types] of cases) assert.deepEqual(addressTypes(protocols), types)
})
