/** The scripts on a real Redis: the step is that of greylist_step.ts, and merging is what one memory would have known. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { Redis, redisUnavailable } from '../../../test/support/redis.ts'
import { connectTo } from '../../../test/support/shared_memories.ts'
import type { GreylistAttempt, GreylistNoted, MemoryKind, MemoryLifetimes } from '../../model/memory.ts'
import { type Sighting, stepGreylist } from '../greylist_step.ts'
import { remoteKey } from './record.ts'
import type { Remote } from './remote.ts'
import { RemoteRecords } from './remote_records.ts'

const skip = redisUnavailable() ?? false
const HOUR = 3600
const DAY = 24 * HOUR
const lifetimes: MemoryLifetimes = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, correspondent: 60 * DAY }

/** Attempts of few clients with few triplets, in steps that reach every limit, back in time too. */
const histories = fc.record({
  delay: fc.constantFrom(0, 1, 300),
  retryWindow: fc.constantFrom(600, 2 * DAY),
  maxAge: fc.constantFrom(DAY, 35 * DAY),
  autoAllow: fc.constantFrom(0, 1, 2, 5),
  attempts: fc.array(
    fc.record({
      triplet: fc.constantFrom('a', 'b', 'c'),
      client: fc.constantFrom('1', '2'),
      step: fc.constantFrom(
        0,
        1,
        299,
        300,
        301,
        600,
        601,
        HOUR,
        HOUR - 1,
        DAY,
        DAY + 1,
        2 * DAY + 1,
        36 * DAY,
        -1,
        -HOUR,
        -DAY,
      ),
    }),
    { minLength: 1, maxLength: 40, size: 'max' },
  ),
})

describe('G18 the scripts', { skip }, () => {
  let redis: Redis
  let remote: Remote
  let records: RemoteRecords
  before(async () => {
    redis = await Redis.start()
    remote = connectTo(redis.url, 5000)
    await new Promise<void>(resolve => remote.listen({ lost: () => {}, connected: resolve }))
    records = new RemoteRecords(remote, lifetimes)
  })
  after(async () => {
    remote.close()
    await redis.stop()
  })

  let round = 0
  for (const isCluster of [false, true]) {
    test(`step as greylist_step.ts does on any history, ${isCluster ? 'in the steps of a cluster' : 'at once'}`, async () => {
      const tried = new RemoteRecords({ ...bound(remote), isCluster }, lifetimes)
      let steps = 0
      await fc.assert(
        fc.asyncProperty(histories, async ({ attempts, ...rules }) => {
          // No key is used again; nothing has to be emptied.
          const salt = `${round++} `
          const known = { client: new Map<string, Sighting>(), triplet: new Map<string, Sighting>() }
          let now = 1_700_000_000
          const made: GreylistAttempt[] = []
          const expected: GreylistNoted[] = []
          for (const { step, triplet, client } of attempts) {
            now += step
            const attempt = { triplet: salt + triplet, client: salt + client, now, rules }
            const done = stepGreylist(attempt, known.client.get(client) ?? null, known.triplet.get(triplet) ?? null)
            if (done.client !== null) known.client.set(client, done.client)
            if (done.triplet !== null) known.triplet.set(triplet, done.triplet)
            made.push(attempt)
            expected.push(done.noted)
          }
          const nothing = { client: null, triplet: null }
          const answers: GreylistNoted[] = []
          for (const attempt of made) answers.push((await tried.note(attempt, nothing, () => {})).noted)
          assert.deepEqual(answers, expected)
          steps += attempts.length
          for (const kind of ['client', 'triplet'] as const)
            for (const [key, sighting] of known[kind]) assert.deepEqual(await read(records, kind, salt + key), sighting)
        }),
        { numRuns: 200 },
      )
      assert.ok(steps > 3000, `${steps} steps`)
    })
  }

  test('tell what is known of a client with a triplet that begins, so that another host learns it', async () => {
    const rules = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, autoAllow: 5 }
    const knows = { client: { first: 100, last: 1000, count: 4 }, triplet: { first: 100, last: 400, count: 2 } }
    const first = await records.note({ triplet: 'taught', client: 'taught', now: 5000, rules }, knows, () => {})
    assert.deepEqual(first, {
      noted: { kind: 'triplet', first: 100, passedBefore: true, clientCount: null },
      client: { first: 100, last: 1000, count: 4 },
      triplet: { first: 100, last: 5000, count: 3 },
    })
    const nothing = { client: null, triplet: null }
    const second = await records.note({ triplet: 'other', client: 'taught', now: 5001, rules }, nothing, () => {})
    assert.deepEqual(second.client, { first: 100, last: 1000, count: 4 })
  })

  // here                       theirs                     merged
  const merges: readonly (readonly [string, Sighting, Sighting, Sighting])[] = [
    ['two attempts before the delay', at(0, 0, 1), at(100, 200, 2), at(0, 200, 2)],
    ['what passed goes on having passed', at(0, 400, 3), at(DAY * 3, DAY * 3, 1), at(0, DAY * 3, 3)],
    ['what passed there too', at(DAY * 3, DAY * 3, 1), at(0, 400, 3), at(0, DAY * 3, 3)],
    [
      'beyond the retry window the newer begins anew',
      at(0, 0, 1),
      at(2 * DAY + 1, 2 * DAY + 1, 1),
      at(2 * DAY + 1, 2 * DAY + 1, 1),
    ],
    ['at the retry window it goes on', at(0, 0, 1), at(2 * DAY, 2 * DAY, 1), at(0, 2 * DAY, 1)],
    ['what had expired says nothing', at(0, 400, 9), at(36 * DAY, 36 * DAY, 1), at(36 * DAY, 36 * DAY, 1)],
    ['the same twice', at(5, 10, 2), at(5, 10, 2), at(5, 10, 2)],
  ]
  for (const [name, one, two, merged] of merges) {
    for (const [order, here, theirs] of [
      ['', one, two],
      [', the other way round', two, one],
    ] as const) {
      test(`merge ${name}${order}`, async () => {
        const key = name + order
        const now = Math.max(one.last, two.last)
        await records.merge('triplet', key, { theirs: here, now: here.last, by: 'host' })
        assert.deepEqual(await records.merge('triplet', key, { theirs, now, by: 'host' }), merged)
        assert.deepEqual(await read(records, 'triplet', key), merged)
      })
    }
  }

  test('let no host bring back what was forgotten, but anyone put it back', async () => {
    const old = at(100, 500, 3)
    await records.merge('client', 'x', { theirs: old, now: 500, by: 'host' })
    assert.equal(await records.forget('client', 'x', 600), true)
    assert.equal(await records.forget('client', 'x', 600), false)
    assert.equal(await records.merge('client', 'x', { theirs: old, now: 700, by: 'host' }), null)
    assert.deepEqual(await records.touch('client', 'x', { theirs: old, now: 800 }), at(800, 800, 1))
    // The mark stays with the new record: a host that was away longer must not bring it back either.
    assert.deepEqual(await records.merge('client', 'x', { theirs: old, now: 900, by: 'host' }), at(800, 800, 1))
    assert.deepEqual(await records.merge('client', 'x', { theirs: old, now: 900, by: 'put' }), at(100, 800, 3))
  })

  test('G18 let a record live as long as it counts', async () => {
    const now = 1_700_000_000
    const lives: readonly (readonly ['triplet' | 'client' | 'correspondent', string, Sighting, number])[] = [
      ['triplet', 'waits', at(now - 10, now - 10, 1), 2 * DAY - 10],
      ['triplet', 'passed', at(now - 400, now - 10, 2), 35 * DAY - 10],
      ['client', 'life', at(now - 10, now - 10, 1), 35 * DAY - 10],
      ['correspondent', 'life', at(now, now, 1), 60 * DAY],
    ]
    for (const [kind, key, theirs, seconds] of lives) {
      await records.merge(kind, key, { theirs, now, by: 'host' })
      const left = Number(await redis.cli('pttl', remoteKey(kind, key)))
      assert.ok(left <= seconds * 1000 && left > (seconds - 20) * 1000, `${kind} ${key}: ${left} ms left`)
    }
    const rules = { ...lifetimes, autoAllow: 5 }
    const nothing = { client: null, triplet: null }
    await records.note({ triplet: 'new', client: 'n', now, rules }, nothing, () => {})
    assert.ok(Math.abs(Number(await redis.cli('pttl', remoteKey('triplet', 'new'))) - 2 * DAY * 1000) < 20_000)
    await records.note({ triplet: 'new', client: 'n', now: now + 300, rules }, nothing, () => {})
    assert.ok(Math.abs(Number(await redis.cli('pttl', remoteKey('triplet', 'new'))) - 35 * DAY * 1000) < 20_000)
  })

  test('are taught anew to a server that forgot them', async () => {
    await redis.cli('script', 'flush')
    assert.deepEqual(await records.touch('client', 'after flush', { theirs: null, now: 5 }), at(5, 5, 1))
  })
})

function at(first: number, last: number, count: number): Sighting {
  return { first, last, count }
}

/** The same connection under another type of server. */
function bound(remote: Remote): Remote {
  return {
    name: remote.name,
    isCluster: remote.isCluster,
    listen: events => remote.listen(events),
    lane: key => remote.lane(key),
    lanes: () => remote.lanes(),
    get: key => remote.get(key),
    mark: (key, seconds, options) => remote.mark(key, seconds, options),
    run: (script, keys, args) => remote.run(script, keys, args),
    scan: prefix => remote.scan(prefix),
    drop: lane => remote.drop(lane),
    close: () => remote.close(),
  }
}

/** What Redis has. */
function read(records: RemoteRecords, kind: MemoryKind, key: string): Promise<Sighting | null> {
  return records.merge(kind, key, { theirs: null, now: 0, by: 'host' })
}
