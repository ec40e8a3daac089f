import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Cidr, CidrSet, cidrContains, formatCidr, parseCidr } from './cidr.ts'
import { type IpAddress, parseIp } from './ip.ts'

function ip(text: string): IpAddress {
  const parsed = parseIp(text)
  assert.ok(parsed, text)
  return parsed
}

function cidr(text: string) {
  const parsed = parseCidr(text)
  assert.ok(parsed.kind === 'cidr', text)
  return parsed.cidr
}

describe('parseCidr', () => {
  // pattern             network or Postfix's complaint
  const cases: [string, string][] = [
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.1', '192.0.2.1/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['128.0.0.0/1', '128.0.0.0/1'],
    ['[192.0.2.0/24]', '192.0.2.0/24'],
    ['[192.0.2.0]/24', '192.0.2.0/24'],
    ['[::1]', '::1/128'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['[2001:db8::]/33', '2001:db8::/33'],
    ['::/0', '::/0'],
    ['192.0.2.1/24', 'non-null host address bits in "192.0.2.1/24", perhaps you should use "192.0.2.0/24" instead'],
    [
      '2001:db8::1/64',
      'non-null host address bits in "2001:db8::1/64", perhaps you should use "2001:db8::/64" instead',
    ],
    ['1.2.3.4/0', 'non-null host address bits in "1.2.3.4/0", perhaps you should use "0.0.0.0/0" instead'],
    ['192.0.2.0/x', 'bad mask value in "192.0.2.0/x"'],
    ['192.0.2.0/', 'bad mask value in "192.0.2.0/"'],
    ['192.0.2.0/255.255.255.0', 'bad mask value in "192.0.2.0/255.255.255.0"'],
    ['192.0.2.0/33', 'bad mask length in "192.0.2.0/33"'],
    ['::/129', 'bad mask length in "::/129"'],
    ['192.0.2/24', 'bad network value in "192.0.2/24"'],
    ['192.0.02.0/24', 'bad network value in "192.0.02.0/24"'],
    ['example.com', 'bad address pattern: "example.com"'],
    ['192.0.2', 'bad address pattern: "192.0.2"'],
    ['[192.0.2.0/24', `missing ']' character after "[192.0.2.0/24"`],
    ['[192.0.2.0]24', 'garbage after "[192.0.2.0]"'],
  ]
  for (const [pattern, expected] of cases) {
    test(pattern, () => {
      const parsed = parseCidr(pattern)
      assert.equal(parsed.kind === 'cidr' ? formatCidr(parsed.cidr) : parsed.text, expected)
    })
  }
})

describe('cidrContains', () => {
  const cases: [string, string, boolean][] = [
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['0.0.0.0/0', '255.1.2.3', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '1.2.3.4', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['2001:db8::/127', '2001:db8::1', true],
    ['2001:db8::/127', '2001:db8::2', false],
  ]
  for (const [net, address, expected] of cases) {
    test(`${net} ${address}`, () => assert.equal(cidrContains(cidr(net), ip(address)), expected))
  }
})

describe('CidrSet', () => {
  test('finds the network added first, not the longest', () => {
    const set = new CidrSet<string>()
    set.add(cidr('10.1.0.0/16'), 'second octet')
    set.add(cidr('10.1.2.3'), 'address')
    set.add(cidr('0.0.0.0/0'), 'all')
    set.add(cidr('2001:db8::/32'), 'six')
    set.add(cidr('10.1.0.0/16'), 'again')
    assert.equal(set.get(ip('10.1.2.3')), 'second octet')
    assert.equal(set.get(ip('10.2.2.3')), 'all')
    assert.equal(set.get(ip('2001:db8:1::')), 'six')
    assert.equal(set.get(ip('2001:db9::')), undefined)
    assert.equal(set.has(ip('::ffff:10.9.9.9')), true)
    assert.equal(set.size, 5)
  })

  test('gives the same answers as a linear scan over many networks', () => {
    let seed = 1
    const random = (below: number) => {
      seed = (seed * 48271) % 0x7fffffff
      return seed % below
    }
    const set = new CidrSet<number>()
    const nets: Cidr[] = []
    for (let i = 0; i < 2000; i++) {
      const six = random(3) === 0
      const prefix = six ? 8 + random(40) : 4 + random(29)
      const base = six
        ? ip(`20${random(10)}${random(10)}:${random(9)}:${random(9)}::${random(9)}`)
        : ip(`10.${random(4)}.${random(256)}.${random(256)}`)
      const parsed = parseCidr(`${formatCidr({ base, prefix: six ? 128 : 32 }).replace(/\/.*/, '')}/${prefix}`)
      const good = parsed.kind === 'cidr' ? parsed.cidr : cidr(/use "([^"]*)"/.exec(parsed.text)?.[1] ?? '')
      nets.push(good)
      set.add(good, i)
    }
    for (let i = 0; i < 2000; i++) {
      const address =
        random(2) === 0 ? ip(`10.${random(4)}.${random(256)}.${random(256)}`) : ip(`20${random(10)}1:${random(9)}::1`)
      const first: number = nets.findIndex(net => cidrContains(net, address))
      assert.equal(set.get(address) ?? -1, first)
    }
  })
})
