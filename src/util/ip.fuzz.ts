import assert from 'node:assert/strict'
import net from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { CidrSet, cidrContains, formatCidr, parseCidr } from './cidr.ts'
import { formatIp, type IpAddress, parseIpExactly, reverseName, sameIp } from './ip.ts'

const limits = { interruptAfterTimeLimit: 700, numRuns: 20_000 }
const addressText = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc
    .array(fc.constantFrom(...'0123456789abcdefABCDEF', ':', '::', '.', '0', 'ffff', '255', '[', ']', '/'), {
      maxLength: 16,
    })
    .map(parts => parts.join('')),
)
const word = fc.nat(0xffffffff)
const address: fc.Arbitrary<IpAddress> = fc.oneof(
  word.map((bits): IpAddress => ({ family: 4, words: [bits] })),
  fc.tuple(word, word, word, word).map((words): IpAddress => ({ family: 6, words })),
  fc
    .tuple(fc.constantFrom(0, 0xffff), word)
    .map(([third, last]): IpAddress => ({ family: 6, words: [0, 0, third, last] })),
)

test('text is an address here when it is one to the system', () => {
  fc.assert(
    fc.property(addressText, text => assert.equal(parseIpExactly(text) !== null, net.isIP(text) !== 0)),
    limits,
  )
})

test('an address is read back from its text', () => {
  const property = fc.property(address, ip => {
    const again = parseIpExactly(formatIp(ip))
    assert.ok(again !== null && sameIp(ip, again), formatIp(ip))
    assert.equal(reverseName(ip).split('.').length, ip.family === 4 ? 6 : 34)
  })
  fc.assert(property, limits)
})

test('a network holds its own base, and the set agrees with each network', () => {
  const property = fc.property(fc.array(fc.tuple(address, fc.nat(128)), { maxLength: 8 }), address, (nets, ip) => {
    const set = new CidrSet<number>()
    const cidrs = []
    for (const [base, length] of nets) {
      const text = `${formatIp(base)}/${length}`
      const parsed = parseCidr(text)
      // The complaint about host bits names the right network.
      const right = parsed.kind === 'problem' ? /use "([^"]*)"/.exec(parsed.text)?.[1] : text
      const cidr = right === undefined ? null : parseCidr(right)
      if (cidr === null) continue
      assert.ok(cidr.kind === 'cidr', text)
      assert.ok(cidrContains(cidr.cidr, base), formatCidr(cidr.cidr))
      set.add(cidr.cidr, cidrs.push(cidr.cidr) - 1)
    }
    const first: number = cidrs.findIndex(cidr => cidrContains(cidr, ip))
    assert.equal(set.get(ip) ?? -1, first)
  })
  fc.assert(property, limits)
})
