import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock, settle } from '../../test/support/manual_clock.ts'
import type { Said } from './answer.ts'
import { type CacheOptions, makeCache } from './cache.ts'
import type { StubClient } from './client.ts'
import type { DnsRecord } from './resolver.ts'

const A: DnsRecord = { type: 'A', address: '192.0.2.1', ttl: 60 }
const found = (ttl: number, record: DnsRecord = A): Said => ({ status: 'found', records: [record], ttl })
const SERVFAIL: Said = { status: 'failed', reason: 'SERVFAIL from 192.0.2.53' }

/** A client whose questions wait until the test answers them. */
class ScriptedClient implements StubClient {
  readonly asked: string[] = []
  gone = false
  #waiting: ((said: Said) => void)[] = []

  ask(name: string, _wire: Uint8Array, type: string): Promise<Said> {
    this.asked.push(`${type} ${name}`)
    return new Promise(resolve => this.#waiting.push(resolve))
  }
  /** Answers the oldest question that waits. */
  async answer(said: Said): Promise<void> {
    this.#waiting.shift()?.(said)
    await settle()
  }
  allGone(): boolean {
    return this.gone
  }
  stats(): [] {
    return []
  }
  close(): void {}
}

function setUp(options: Partial<CacheOptions> = {}) {
  const clock = new ManualClock()
  const client = new ScriptedClient()
  const cache = makeCache(client, { clock, ...options })
  const learn = async (name: string, said: Said) => {
    const answer = cache.query(name, 'A')
    await client.answer(said)
    return await answer
  }
  return { clock, client, cache, learn }
}

describe('the memory of answers', () => {
  test('an answer lives as long as its TTL and says how long that is', async () => {
    const { clock, client, cache, learn } = setUp()
    assert.deepEqual(await learn('x.example', found(60)), {
      status: 'found',
      records: [A],
      stale: false,
      secondsLeft: 60,
    })
    await clock.advance(59_500)
    assert.deepEqual(await cache.query('x.example', 'A'), {
      status: 'found',
      records: [A],
      stale: false,
      secondsLeft: 1,
    })
    assert.equal(client.asked.length, 1)
    await clock.advance(500)
    void cache.query('x.example', 'A')
    assert.equal(client.asked.length, 2)
  })

  test('one name in any spelling is one entry; another type is another', async () => {
    const { client, cache, learn } = setUp()
    await learn('X.Example.', found(60))
    await cache.query('x.eXample', 'A')
    assert.deepEqual(client.asked, ['A x.example'])
    void cache.query('x.example', 'AAAA')
    assert.deepEqual(client.asked, ['A x.example', 'AAAA x.example'])
  })

  test('escapes that mean the same are asked in the one form that answers have', () => {
    const { client, cache } = setUp()
    void cache.query('\\097b\\.c.example', 'A')
    void cache.query('x\\255.example', 'A')
    assert.deepEqual(client.asked, ['A ab\\.c.example', 'A x\\255.example'])
  })

  test('a thousand questions for one name at once are one question', async () => {
    const { client, cache } = setUp()
    const answers = Array.from({ length: 1000 }, () => cache.query('x.example', 'A'))
    assert.equal(client.asked.length, 1)
    await client.answer(found(60))
    assert.equal(new Set((await Promise.all(answers)).map(answer => answer.status)).size, 1)
    assert.equal(cache.stats().joined, 999)
  })

  test('what cannot be a name is absent and is not asked', async () => {
    const { client, cache } = setUp()
    for (const name of ['', 'a..b', `${'a'.repeat(64)}.example`, `${'abcdefg.'.repeat(32)}example`]) {
      const answer = await cache.query(name, 'MX')
      assert.deepEqual([name, answer.status, answer.status === 'absent' && answer.reason], [name, 'absent', 'nxdomain'])
    }
    assert.deepEqual(client.asked, [])
  })

  test('TTLs are kept within bounds', async () => {
    const { learn } = setUp({ minTtl: 5, maxTtl: 600, maxNegativeTtl: 100 })
    const left = async (said: Said) => {
      const answer = await learn(
        `n${Math.abs(JSON.stringify(said).length)}-${JSON.stringify(said).length % 7}.example`,
        said,
      )
      return answer.status === 'failed' ? null : answer.secondsLeft
    }
    assert.equal(await left(found(0)), 5)
    assert.equal(await left(found(601)), 600)
    assert.equal(await left({ status: 'absent', reason: 'nxdomain', ttl: 10_000 }), 100)
    assert.equal(await left({ status: 'absent', reason: 'nodata', ttl: 3 }), 5)
  })

  test('absence is remembered by the SOA, and for a second without one (RFC 2308 5)', async () => {
    const { clock, client, cache, learn } = setUp()
    await learn('no.example', { status: 'absent', reason: 'nxdomain', ttl: 30 })
    await learn('bare.example', { status: 'absent', reason: 'nodata', ttl: null })
    await clock.advance(999)
    assert.deepEqual(await cache.query('bare.example', 'A'), { status: 'absent', reason: 'nodata', secondsLeft: 1 })
    await clock.advance(28_000)
    assert.deepEqual(await cache.query('no.example', 'A'), { status: 'absent', reason: 'nxdomain', secondsLeft: 2 })
    void cache.query('bare.example', 'A')
    assert.deepEqual(client.asked, ['A no.example', 'A bare.example', 'A bare.example'])
  })

  test('refresh asks although the answer is there, and what comes counts', async () => {
    const { client, cache, learn } = setUp()
    await learn('x.example', found(60))
    const asked = cache.refresh('x.example', 'A')
    await client.answer({ status: 'absent', reason: 'nxdomain', ttl: 60 })
    assert.equal((await asked).status, 'absent')
    assert.equal((await cache.query('x.example', 'A')).status, 'absent')
  })

  test('the question hook hears what goes out, and nothing else', async () => {
    const heard: string[] = []
    const { cache, learn } = setUp({ onQuestion: (name, type) => heard.push(`${type} ${name}`) })
    await learn('X.example', found(60))
    await cache.query('x.example', 'A')
    assert.deepEqual(heard, ['A x.example'])
  })
})

describe('failures', () => {
  test('are kept for 1, 2, 4, then 5 seconds (RFC 9520 3.2)', async () => {
    const { clock, client, cache, learn } = setUp()
    for (const seconds of [1, 2, 4, 5, 5, 5]) {
      assert.deepEqual(await learn('x.example', SERVFAIL), SERVFAIL)
      const before = client.asked.length
      await clock.advance(seconds * 1000 - 1)
      assert.deepEqual(await cache.query('x.example', 'A'), SERVFAIL)
      assert.equal(client.asked.length, before)
      await clock.advance(1)
    }
  })

  test('are forgotten with the first answer, and after a minute of peace', async () => {
    const { clock, client, cache, learn } = setUp()
    await learn('x.example', SERVFAIL)
    await clock.advance(1000)
    await learn('x.example', SERVFAIL)
    await clock.advance(2000)
    await learn('x.example', found(1))
    await clock.advance(1000)
    await learn('x.example', SERVFAIL)
    await clock.advance(1000)
    void cache.query('x.example', 'A')
    assert.equal(client.asked.length, 5, 'the failure after an answer is a first one')
    await client.answer(SERVFAIL)
    await clock.advance(120_000)
    await learn('x.example', SERVFAIL)
    await clock.advance(1000)
    void cache.query('x.example', 'A')
    assert.equal(client.asked.length, 7, 'so is one after a long time')
  })

  test('one name failing says nothing about another', async () => {
    const { client, cache, learn } = setUp()
    await learn('x.example', SERVFAIL)
    void cache.query('y.example', 'A')
    assert.deepEqual(client.asked, ['A x.example', 'A y.example'])
  })
})

describe('stale answers (RFC 8767)', () => {
  const STALE = { status: 'found', records: [A], stale: true, secondsLeft: 30 } as const

  test('stand in when all name servers are gone', async () => {
    const { clock, client, learn } = setUp()
    await learn('x.example', found(60))
    await clock.advance(61_000)
    client.gone = true
    assert.deepEqual(await learn('x.example', { status: 'failed', reason: 'timeout' }), STALE)
  })

  test('come at once while they are known to be gone, and while a failure is remembered', async () => {
    const { clock, client, cache, learn } = setUp()
    await learn('x.example', found(60))
    await clock.advance(61_000)
    client.gone = true
    assert.deepEqual(await cache.query('x.example', 'A'), STALE, 'before any answer')
    assert.deepEqual(await cache.query('x.example', 'A'), STALE, 'while the question is on its way')
    await client.answer({ status: 'failed', reason: 'timeout' })
    assert.deepEqual(await cache.query('x.example', 'A'), STALE, 'after it failed')
    assert.equal(client.asked.length, 2)
  })

  test('come when the servers are found to be gone, without waiting for the last try', async () => {
    const { clock, client, cache, learn } = setUp()
    await learn('x.example', found(60))
    await clock.advance(61_000)
    let answer: unknown = null
    void cache.query('x.example', 'A').then(got => {
      answer = got
    })
    await clock.advance(1900)
    assert.equal(answer, null)
    client.gone = true
    await clock.advance(500)
    assert.deepEqual(answer, STALE)
  })

  test('do not come when only this domain is silent, nor for SERVFAIL', async () => {
    const { clock, learn } = setUp()
    await learn('x.example', found(60))
    await clock.advance(61_000)
    assert.deepEqual(await learn('x.example', { status: 'failed', reason: 'timeout' }), {
      status: 'failed',
      reason: 'timeout',
    })
    await clock.advance(1000)
    assert.deepEqual(await learn('x.example', SERVFAIL), SERVFAIL)
  })

  test('end with the set time', async () => {
    const { clock, client, learn } = setUp({ maxStale: 100 })
    await learn('x.example', found(60))
    client.gone = true
    await clock.advance(159_000)
    assert.equal((await learn('x.example', SERVFAIL)).status, 'found')
    await clock.advance(6000)
    assert.equal((await learn('x.example', SERVFAIL)).status, 'failed')
  })

  test('give way to the first fresh answer', async () => {
    const { clock, client, cache, learn } = setUp()
    await learn('x.example', found(60))
    await clock.advance(61_000)
    client.gone = true
    await learn('x.example', SERVFAIL)
    client.gone = false
    await clock.advance(1000)
    await learn('x.example', found(60, { ...A, address: '192.0.2.2' }))
    assert.deepEqual(await cache.query('x.example', 'A'), {
      status: 'found',
      records: [{ ...A, address: '192.0.2.2' }],
      stale: false,
      secondsLeft: 60,
    })
  })

  test('an absence never stands in', async () => {
    const { clock, client, learn } = setUp()
    await learn('x.example', { status: 'absent', reason: 'nxdomain', ttl: 60 })
    await clock.advance(61_000)
    client.gone = true
    assert.equal((await learn('x.example', SERVFAIL)).status, 'failed')
  })
})

describe('the size of the memory', () => {
  test('stays below its bound; what was used longest ago goes first', async () => {
    const { client, cache, learn } = setUp({ cacheBytes: 10_000 })
    await learn('kept.example', found(60))
    for (let i = 0; i < 200; i++) {
      await learn(`n${i}.example`, found(60))
      await cache.query('kept.example', 'A')
      assert.ok(cache.stats().bytes <= 10_000)
    }
    assert.equal(client.asked.filter(question => question === 'A kept.example').length, 1)
    assert.ok(cache.stats().evicted > 150)
    void cache.query('n0.example', 'A')
    assert.equal(client.asked.at(-1), 'A n0.example')
  })

  test('an answer larger than the whole memory is given, not kept', async () => {
    const { cache, learn } = setUp({ cacheBytes: 1000 })
    const big: DnsRecord = { type: 'TXT', strings: ['x'.repeat(5000)], ttl: 60 }
    assert.equal((await learn('x.example', found(60, big))).status, 'found')
    assert.deepEqual([cache.stats().entries, cache.stats().bytes], [0, 0])
  })

  test('replacing an answer does not count it twice', async () => {
    const { clock, cache, learn } = setUp()
    await learn('x.example', found(1))
    const once = cache.stats().bytes
    await clock.advance(1000)
    await learn('x.example', found(1))
    assert.equal(cache.stats().bytes, once)
  })
})
