import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readAnswer } from './answer.ts'
import type { DnsMessage, OwnedRecord } from './codec.ts'
import type { DnsRecord } from './resolver.ts'

function cname(owner: string, name: string, ttl = 60): OwnedRecord {
  return { owner, record: { type: 'CNAME', name, ttl } }
}
function a(owner: string, address: string, ttl = 60): OwnedRecord {
  return { owner, record: { type: 'A', address, ttl } }
}
const soa = (ttl: number, minimum: number): OwnedRecord => ({
  owner: 'example',
  record: { type: 'SOA', primary: 'ns', minimum, ttl },
})

function reply(answers: readonly OwnedRecord[], rest: Partial<DnsMessage> = {}): DnsMessage {
  return {
    id: 1,
    isResponse: true,
    authoritative: false,
    recursionAvailable: true,
    rcode: 0,
    questions: [],
    authority: [],
    ...rest,
    answers,
  }
}
const one = (address: string, ttl = 60): DnsRecord[] => [{ type: 'A', address, ttl }]

describe('what an answer says', () => {
  test('records of the name, and the least TTL of them', () => {
    const said = readAnswer(reply([a('x', '192.0.2.1', 50), a('y', '192.0.2.9', 1), a('x', '192.0.2.2', 40)]), 'x', 'A')
    assert.deepEqual(said, { status: 'found', records: [...one('192.0.2.1', 50), ...one('192.0.2.2', 40)], ttl: 40 })
  })

  test('aliases are followed in any order and case; the chain lives as short as its shortest link', () => {
    const said = readAnswer(reply([a('z', '192.0.2.1'), cname('y', 'Z', 7), cname('x', 'y', 90)]), 'x', 'A')
    assert.deepEqual(said, { status: 'found', records: one('192.0.2.1'), ttl: 7 })
  })

  test('a record that no alias leads to does not count', () => {
    assert.equal(readAnswer(reply([cname('x', 'y'), a('z', '192.0.2.1')]), 'x', 'A').status, 'absent')
  })

  test('asked for, an alias is the answer itself', () => {
    const said = readAnswer(reply([cname('x', 'y')]), 'x', 'CNAME')
    assert.deepEqual(said, { status: 'found', records: [{ type: 'CNAME', name: 'y', ttl: 60 }], ttl: 60 })
  })

  test('ten aliases are followed, more are a loop', () => {
    const chain = (n: number): OwnedRecord[] => Array.from({ length: n }, (_, i) => cname(`n${i}`, `n${i + 1}`))
    assert.equal(readAnswer(reply([...chain(10), a('n10', '192.0.2.1')]), 'n0', 'A').status, 'found')
    assert.deepEqual(readAnswer(reply([...chain(11), a('n11', '192.0.2.1')]), 'n0', 'A'), {
      status: 'failed',
      reason: 'loop of aliases',
    })
    assert.equal(readAnswer(reply([cname('x', 'y'), cname('y', 'x')]), 'x', 'A').status, 'failed')
  })

  test('NXDOMAIN and NODATA live as long as the SOA says: the lesser of TTL and minimum (RFC 2308 5)', () => {
    assert.deepEqual(readAnswer(reply([], { rcode: 3, authority: [soa(900, 60)] }), 'x', 'A'), {
      status: 'absent',
      reason: 'nxdomain',
      ttl: 60,
    })
    assert.deepEqual(readAnswer(reply([], { authority: [soa(30, 60)] }), 'x', 'A'), {
      status: 'absent',
      reason: 'nodata',
      ttl: 30,
    })
  })

  test('without an SOA an absence has no life', () => {
    assert.deepEqual(readAnswer(reply([], { rcode: 3 }), 'x', 'A'), { status: 'absent', reason: 'nxdomain', ttl: null })
  })

  test('an alias to a name that does not exist is NXDOMAIN (RFC 2308 2.1), and lives no longer than the alias', () => {
    const said = readAnswer(reply([cname('x', 'gone', 5)], { rcode: 3, authority: [soa(900, 60)] }), 'x', 'A')
    assert.deepEqual(said, { status: 'absent', reason: 'nxdomain', ttl: 5 })
  })
})
