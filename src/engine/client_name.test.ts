import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts, type Said } from '../../test/support/facts.ts'
import { makeFakeWorld } from '../../test/support/fake_world.ts'
import { parseHosts } from '../dns/hosts_file.ts'
import { Door, SessionMemory } from './session_ask.ts'

const ZONE = {
  PTR: {
    '1.2.0.192.in-addr.arpa': ['Mail.Client.example'],
    '2.2.0.192.in-addr.arpa': ['forged.example'],
    '3.2.0.192.in-addr.arpa': ['temp.example'],
    '4.2.0.192.in-addr.arpa': ['gone.example'],
    '5.2.0.192.in-addr.arpa': ['192.0.2.5'],
    '6.2.0.192.in-addr.arpa': ['bad name.example'],
    '7.2.0.192.in-addr.arpa': ['two.example', 'forged.example'],
    '8.2.0.192.in-addr.arpa': ['six.example'],
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa': ['six.example'],
  },
  A: {
    'mail.client.example': ['203.0.113.1', '192.0.2.1'],
    'forged.example': ['203.0.113.1'],
    'two.example': ['192.0.2.7'],
    'hosts.example': ['203.0.113.1'],
  },
  AAAA: { 'six.example': ['2001:db8::1'] },
  fail: ['A temp.example', 'PTR 9.2.0.192.in-addr.arpa'],
} as const

const HOSTS = parseHosts('192.0.2.10 hosts.example alias.example\n192.0.2.11 elsewhere.example')

interface Named {
  readonly name: string
  readonly reverse: string
  readonly warnings: readonly string[]
}

async function nameClient(said: Said, mainCf = ''): Promise<Named> {
  const memory = new SessionMemory(makeFakeWorld({ dns: ZONE, hosts: HOSTS, mainCf }))
  const facts = makeFacts(said)
  const told = await new Door(memory, facts).clientName()
  // What is known early must not differ from what is known in the end.
  assert.equal(await new Door(memory, facts).reverseName(), told.reverseName)
  return {
    name: `${told.name} ${told.nameStatus}`,
    reverse: `${told.reverseName} ${told.reverseNameStatus}`,
    warnings: told.warnings,
  }
}

describe('naming a client by address', () => {
  // biome-ignore format: columns
  const cases: readonly [client: string, name: string, reverse: string, ...warnings: string[]][] = [
    ['192.0.2.1',   'Mail.Client.example ok',  'Mail.Client.example ok'],
    ['192.0.2.2',   'unknown permanent',       'forged.example ok',   'hostname forged.example does not resolve to address 192.0.2.2'],
    ['192.0.2.3',   'unknown temporary',       'temp.example ok',     'hostname temp.example does not resolve to address 192.0.2.3: Temporary failure in name resolution'],
    ['192.0.2.4',   'unknown permanent',       'gone.example ok',     'hostname gone.example does not resolve to address 192.0.2.4: Name or service not known'],
    // A PTR that is an address or no host name counts as none.
    ['192.0.2.5',   'unknown permanent',       'unknown permanent',   'numeric hostname: 192.0.2.5'],
    ['192.0.2.6',   'unknown permanent',       'unknown permanent'],
    ['192.0.2.7',   'two.example ok',          'two.example ok'],
    // Only addresses of the client's own family can confirm it.
    ['192.0.2.8',   'unknown permanent',       'six.example ok',      'hostname six.example does not resolve to address 192.0.2.8: No address associated with hostname'],
    ['2001:db8::1', 'six.example ok',          'six.example ok'],
    ['192.0.2.9',   'unknown temporary',       'unknown temporary'],
    ['192.0.2.99',  'unknown permanent',       'unknown permanent'],
    ['unknown',     'unknown permanent',       'unknown permanent'],
    // /etc/hosts comes first, both ways.
    ['192.0.2.10',  'hosts.example ok',        'hosts.example ok'],
  ]
  for (const [client, name, reverse, ...warnings] of cases) {
    test(`${client}: ${name}, ${reverse}`, async () => {
      assert.deepEqual(await nameClient({ client }), { name, reverse, warnings })
    })
  }

  test('smtpd_peername_lookup = no: nobody has a name', async () => {
    const named = await nameClient({ client: '192.0.2.1' }, 'smtpd_peername_lookup = no')
    assert.deepEqual(named, { name: 'unknown permanent', reverse: 'unknown permanent', warnings: [] })
  })
})

describe('naming a client by what a proxy told', () => {
  // biome-ignore format: columns
  const cases: readonly [said: Said, name: string, reverse: string][] = [
    [{ toldName: 'a.example', toldReverseName: 'b.example' },     'a.example ok',      'b.example ok'],
    // Postfix: REVERSE_NAME follows NAME.
    [{ toldName: 'a.example' },                                   'a.example ok',      'a.example ok'],
    [{ toldName: null },                                          'unknown permanent', 'unknown permanent'],
    [{ toldName: 'tempunavail' },                                 'unknown temporary', 'unknown temporary'],
    [{ toldName: null, toldReverseName: 'b.example' },            'unknown permanent', 'b.example ok'],
    [{ toldName: 'tempunavail', toldReverseName: 'tempunavail' }, 'unknown temporary', 'unknown temporary'],
    [{ toldReverseName: 'b.example' },                            'unknown permanent', 'b.example ok'],
  ]
  for (const [said, name, reverse] of cases) {
    test(`${JSON.stringify(said)}: ${name}, ${reverse}`, async () => {
      assert.deepEqual(await nameClient({ client: '192.0.2.1', ...said }), { name, reverse, warnings: [] })
    })
  }
})
