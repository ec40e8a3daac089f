import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseIp } from '../util/ip.ts'
import { clientKey, type KeyRules, senderKey, tripletKey } from './keys.ts'

const RULES: KeyRules = { lookupByHost: false, ipv4Prefix: 24, ipv6Prefix: 64, privacy: false }

function triplet(address: string, rules: Partial<KeyRules> = {}): string {
  const ip = parseIp(address)
  assert.ok(ip !== null)
  return tripletKey(ip, { sender: 'A@B.example', recipient: 'C@d.example' }, { ...RULES, ...rules })
}

// Keys as a Postgrey 1.37 wrote them into its database.
const triplets: readonly (readonly [address: string, rules: Partial<KeyRules>, key: string])[] = [
  ['192.0.2.7', {}, '192.0.2.0/a@b.example/c@d.example'],
  ['192.0.2.7', { ipv4Prefix: 16 }, '192.0.0.0/a@b.example/c@d.example'],
  ['192.0.2.7', { lookupByHost: true }, '192.0.2.7/32/a@b.example/c@d.example'],
  ['2001:db8:a::ABCD:1', {}, '2001:db8:a:0:0:0:0:0/a@b.example/c@d.example'],
  ['2001:db8:a::ABCD:1', { lookupByHost: true }, '2001:db8:a:0:0:0:abcd:1/128/a@b.example/c@d.example'],
]
for (const [address, rules, key] of triplets)
  test(`G18 the key of ${address} with ${JSON.stringify(rules)}`, () => assert.equal(triplet(address, rules), key))

test('G18 --privacy: the SHA-1 sum of the same key, in hex', () => {
  // printf 192.0.2.0/a@b.example/c@d.example | sha1sum
  assert.equal(triplet('192.0.2.7', { privacy: true }), '5281d785ecd04f993e29cb1713bfdb07353c30da')
})

test('G18 clients are known by their whole address, IPv6 in capitals and in full', () => {
  const ip = parseIp('2001:db8::abcd:1')
  assert.ok(ip !== null)
  assert.equal(clientKey(ip, RULES), '2001:DB8:0:0:0:0:ABCD:1')
})

test('a key of strangers does not grow beyond what the memory takes, and stays their own', () => {
  const ip = parseIp('192.0.2.7')
  assert.ok(ip !== null)
  const key = (sender: string) => tripletKey(ip, { sender, recipient: `${'r'.repeat(4000)}@d.example` }, RULES)
  assert.equal(key('a@b.example').length, 1000)
  assert.notEqual(key('a@b.example'), key('c@b.example'))
})

const senders: readonly (readonly [sender: string, key: string])[] = [
  ['news+12345@list.example', 'news@list.example'],
  ['bounce-12-34-foo@verp.example', 'bounce-#-#-foo@verp.example'],
  ['b4unce-5x6-7_8@verp.example', 'b4unce-5x6-7_8@verp.example'],
  ['user@123.example', 'user@123.example'],
  ['prvs=0123456789=user@b.example', 'user@b.example'],
  ['prvs=user=0123456789@b.example', 'user@b.example'],
  ['prvs=abc=def@b.example', 'def@b.example'],
  ['prvs=0123456789=1234567890@b.example', '#@b.example'],
  ['prvs=a=b=c@b.example', 'prvs=a=b=c@b.example'],
  ['nodomain+x', 'nodomain+x'],
  ['', ''],
]
for (const [sender, key] of senders)
  test(`G18 ${sender || 'the null sender'} counts as ${key || 'itself'}`, () => assert.equal(senderKey(sender), key))
