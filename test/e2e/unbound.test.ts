/** The resolver behind a real Unbound says the same as the resolver that asks the authoritative server itself. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { makeResolver } from '../../src/dns/cache.ts'
import type { DnsAnswer, DnsType, Resolver } from '../../src/dns/resolver.ts'
import { systemClock } from '../../src/util/clock.ts'
import { FixtureDns, loadZone, type Zone } from '../support/fixture_dns.ts'
import { findUnbound, Unbound } from '../support/unbound.ts'

const skip = findUnbound() === null ? 'unbound is not installed' : false
const TYPES: readonly DnsType[] = ['A', 'AAAA', 'MX', 'NS', 'PTR', 'TXT', 'CNAME']
/** What the dialogues' zone has too little of: large answers, long chains, odd labels, negative answers of every kind. */
const EXTRA: Zone['records'] = {
  'big.dns.example': { TXT: Array.from({ length: 60 }, (_, i) => `${i} `.padEnd(120, 'x')) },
  'c1.dns.example': { CNAME: ['c2.dns.example'] },
  'c2.dns.example': { CNAME: ['c3.dns.example'] },
  'c3.dns.example': { CNAME: ['c4.dns.example'] },
  'c4.dns.example': { A: ['192.0.2.44'], TXT: [['a', 'b', 'c'], 'd'] },
  'odd\\.label.dns.example': { A: ['192.0.2.45'] },
  'sp\\032ace.dns.example': { TXT: ['nul \\ and "quotes" ä'] },
  'tonull.dns.example': { CNAME: ['deep.dns.example'] },
  'x.deep.dns.example': { A: ['192.0.2.46'] },
  // Names of another domain: within one, Unbound points at the question, whose spelling then counts.
  'Mixed.DNS.example': { PTR: ['MiXeD.Name.Org'], NS: ['NS.Name.Org'] },
}

describe('behind a real Unbound', { skip }, () => {
  const zone = loadZone(path.join(import.meta.dirname, 'dialogues/zone.json'))
  const records = { ...zone.records, ...EXTRA }
  const dns = new FixtureDns({ ...zone, records })
  const closers: (() => void)[] = [() => dns.close()]
  let unbound: Unbound
  let direct: Resolver
  let through: Resolver

  before(async () => {
    const port = await dns.listen('127.0.0.1', 0)
    unbound = await Unbound.start({ address: '127.0.0.1', port })
    closers.push(() => unbound.stop())
    const options = { clock: systemClock, tryMs: 1500, attempts: 2, deadlineMs: 3000 }
    const a = makeResolver({ servers: [{ address: '127.0.0.1', port }], ...options })
    const b = makeResolver({ servers: [unbound], ...options })
    closers.push(
      () => a.close(),
      () => b.close(),
    )
    direct = a
    through = b
  })
  after(() => {
    for (const close of closers.reverse()) close()
  })

  /** Names whose questions all get an answer of some kind; the silent ones come last, since Unbound then shuns the server. */
  const names = Object.keys(records).flatMap(name => {
    const plain = name.replace(/^\*/, 'some.name')
    return [plain, plain.toUpperCase(), `nothing.${plain}`]
  })
  const isSilent = (name: string): boolean => {
    const node = records[name.toLowerCase().replace(/^nothing\./, '')]
    return node !== undefined && Object.values(node).includes('TIMEOUT')
  }
  const isShort = (name: string): boolean => name.length <= 240

  async function compare(chosen: readonly string[]): Promise<number> {
    let compared = 0
    for (const name of chosen.filter(isShort)) {
      const pairs = await Promise.all(
        TYPES.map(async type => [type, await direct.query(name, type), await through.query(name, type)] as const),
      )
      for (const [type, ours, theirs] of pairs) {
        assert.deepEqual(essence(theirs), essence(ours), `${name} ${type}`)
        compared++
      }
    }
    return compared
  }

  test('every name of the zone, its capitals and a name below it, in every type', async () => {
    assert.ok((await compare(names.filter(name => !isSilent(name)))) > 3000)
  })

  test('answers that need TCP come whole through Unbound', async () => {
    const answer = await through.query('big.dns.example', 'TXT')
    assert.equal(answer.status === 'found' && answer.records.length, 60)
  })

  test('the rest of the TTL is what Unbound has left', async () => {
    const answer = await through.query('c4.dns.example', 'A')
    assert.ok(answer.status === 'found' && answer.secondsLeft > 0 && answer.secondsLeft <= 60)
  })

  test('names that never answer fail both ways', async () => {
    const silent = names.filter(name => isSilent(name) && name === name.toLowerCase() && !name.startsWith('nothing.'))
    assert.ok(silent.length > 0)
    const answers = await Promise.all(
      silent.map(async name => {
        const type = TYPES.find(candidate => records[name]?.[candidate] === 'TIMEOUT') ?? 'A'
        return [name, (await direct.query(name, type)).status, (await through.query(name, type)).status]
      }),
    )
    assert.deepEqual(
      answers,
      silent.map(name => [name, 'failed', 'failed']),
    )
  })
})

/** What does not depend on when and whom one asks. */
function essence(answer: DnsAnswer): unknown {
  if (answer.status === 'failed') return answer.status
  if (answer.status === 'absent') return `${answer.status} ${answer.reason}`
  return answer.records.map(({ ttl: _, ...record }) => JSON.stringify(record)).sort()
}
