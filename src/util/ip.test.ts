import assert from 'node:assert/strict'
import net from 'node:net'
import { describe, test } from 'node:test'
import { formatIp, parseIp, parseIpExactly, reverseName, sameIp } from './ip.ts'

describe('parseIp', () => {
  // text                                        canonical form, null when refused
  const cases: [string, string | null][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:0:0:1:1:0:0:1', '2001::1:1:0:0:1'],
    ['2001:db8:1:1:1:1:0:1', '2001:db8:1:1:1:1:0:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::192.0.2.1', '::192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['', null],
    ['127.1', null],
    ['192.168.1', null],
    ['010.0.0.1', null],
    ['00.0.0.1', null],
    ['0x7f.0.0.1', null],
    ['1.2.3.256', null],
    ['1.2.3.4.', null],
    ['.1.2.3.4', null],
    ['1..2.3', null],
    [' 1.2.3.4', null],
    ['1.2.3.4/32', null],
    ['1:2:3:4:5:6:7:8:9', null],
    ['1:2:3:4:5:6:7:8::', null],
    ['::1:2:3:4:5:6:7:8', null],
    ['1::2::3', null],
    [':::1', null],
    [':1:2:3:4:5:6:7:8', null],
    ['1:2:3:4:5:6:7:', null],
    ['12345::', null],
    ['g::', null],
    ['1.2.3.4::', null],
    ['::1.2.3', null],
    ['::1.2.3.4:5', null],
    ['fe80::1%eth0', null],
    ['[::1]', null],
  ]
  for (const [text, expected] of cases) {
    test(`${text} -> ${expected}`, () => {
      const ip = parseIp(text)
      assert.equal(ip === null ? null : formatIp(ip), expected)
    })
  }

  test('agrees with the system about what is an address', () => {
    for (const [text] of cases) {
      if (text.includes('%')) continue
      assert.equal(parseIp(text) !== null, net.isIP(text) !== 0, text)
    }
  })
})

test('parseIpExactly leaves a mapped address IPv6', () => {
  const ip = parseIpExactly('::ffff:192.0.2.1')
  assert.equal(ip?.family, 6)
  assert.equal(ip && formatIp(ip), '::ffff:192.0.2.1')
})

describe('reverseName', () => {
  const cases: [string, string][] = [
    ['192.0.2.10', '10.2.0.192.in-addr.arpa'],
    // RFC 3596 2.5
    ['4321:0:1:2:3:4:567:89ab', 'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa'],
  ]
  for (const [text, expected] of cases) {
    test(text, () => {
      const ip = parseIp(text)
      assert.equal(ip && reverseName(ip), expected)
    })
  }
})

test('sameIp compares family and bits', () => {
  const ip = (text: string) => {
    const parsed = parseIpExactly(text)
    assert.ok(parsed)
    return parsed
  }
  assert.equal(sameIp(ip('::1'), ip('0:0::1')), true)
  assert.equal(sameIp(ip('0.0.0.1'), ip('::1')), false)
  assert.equal(sameIp(ip('192.0.2.1'), ip('192.0.2.2')), false)
})
