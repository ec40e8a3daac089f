import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { makeCache } from './cache.ts'
import { type DnsSettings, ResolverPool } from './resolver_pool.ts'

const SETTINGS: DnsSettings = { servers: [{ address: '192.0.2.53', port: 53 }], maxTtl: 60 }

/** A pool whose name servers know one address; `asked` is what reached them, `closed` how many resolvers ended. */
function setUp() {
  const asked: string[] = []
  let closed = 0
  const pool = new ResolverPool(new ManualClock(), options =>
    makeCache(
      {
        ask: (name, _wire, type) => {
          asked.push(`${type} ${name}`)
          return Promise.resolve({ status: 'found', records: [{ type: 'A', address: '192.0.2.1', ttl: 60 }], ttl: 60 })
        },
        allGone: () => false,
        stats: () => [],
        close: () => void closed++,
      },
      options,
    ),
  )
  return { pool, asked, closed: () => closed }
}

test('what one configuration learned, the next one knows', async () => {
  const { pool, asked, closed } = setUp()
  const first = pool.take(SETTINGS, () => undefined)
  await first.query('a.example', 'A')
  const second = pool.take({ ...SETTINGS }, () => undefined)
  first.close()
  assert.equal((await second.query('a.example', 'A')).status, 'found')
  assert.deepEqual([asked, closed()], [['A a.example'], 0])
})

test('other settings begin with nothing', async () => {
  const { pool, asked } = setUp()
  await pool.take(SETTINGS, () => undefined).query('a.example', 'A')
  await pool.take({ ...SETTINGS, maxTtl: 30 }, () => undefined).query('a.example', 'A')
  await pool
    .take({ ...SETTINGS, servers: [{ address: '192.0.2.54', port: 53 }] }, () => undefined)
    .query('a.example', 'A')
  assert.equal(asked.length, 3)
})

test('it is closed with its last holder, once, and a later one begins anew', async () => {
  const { pool, asked, closed } = setUp()
  const first = pool.take(SETTINGS, () => undefined)
  const second = pool.take(SETTINGS, () => undefined)
  await first.query('a.example', 'A')
  first.close()
  first.close()
  assert.equal(closed(), 0)
  second.close()
  assert.equal(closed(), 1)
  await pool.take(SETTINGS, () => undefined).query('a.example', 'A')
  assert.equal(asked.length, 2)
})

test('each holder is told of what goes out, until it gives the resolver back', async () => {
  const { pool } = setUp()
  const told: string[] = []
  const first = pool.take(SETTINGS, name => told.push(`first ${name}`))
  const second = pool.take(SETTINGS, name => told.push(`second ${name}`))
  await first.query('a.example', 'A')
  await second.query('a.example', 'A')
  first.close()
  await second.query('b.example', 'A')
  assert.deepEqual(told, ['first a.example', 'second a.example', 'second b.example'])
})
