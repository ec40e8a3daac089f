/** The resolver over real sockets, against the fixture name server and servers that misbehave. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { afterEach, describe, test } from 'node:test'
import { type FixtureDns, startFixtureDns } from '../../test/support/fixture_dns.ts'
import { sleep, systemClock } from '../util/clock.ts'
import { type CachingResolver, makeResolver, type ResolverOptions } from './cache.ts'
import type { FixtureOptions } from './fixture_server.ts'
import type { Zone } from './fixture_zone.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

type Server = { readonly dns: FixtureDns; readonly address: string; readonly port: number }

async function serve(records: Zone['records'], options: Parameters<typeof startFixtureDns>[1] = {}): Promise<Server> {
  const server = await startFixtureDns(records, options)
  cleanups.push(() => server.dns.close())
  return server
}

function resolve(
  servers: readonly { address: string; port: number }[],
  options: Partial<ResolverOptions> = {},
): CachingResolver {
  const resolver = makeResolver({ servers, clock: systemClock, tryMs: 200, attempts: 1, deadlineMs: 2000, ...options })
  cleanups.push(() => resolver.close())
  return resolver
}

/** A UDP server that answers a query with whatever datagrams it likes. */
async function serveRaw(
  reply: (query: Buffer, send: (packet: Buffer) => void) => void,
): Promise<{ address: string; port: number; queries: Buffer[] }> {
  const socket = createSocket('udp4')
  const queries: Buffer[] = []
  socket.on('message', (query, from) => {
    queries.push(query)
    reply(query, packet => socket.send(packet, from.port, from.address))
  })
  await new Promise<void>(done => {
    socket.bind(0, '127.0.0.1', done)
  })
  cleanups.push(() => socket.close())
  return { address: '127.0.0.1', port: socket.address().port, queries }
}

/** The query as an answer with one A record. */
function answerA(query: Buffer, address: readonly number[]): Buffer {
  const end = query.indexOf(0, 12) + 5
  const header = Buffer.from([...query.subarray(0, 2), 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address])
  return Buffer.concat([header, query.subarray(12, end), record])
}

function errorOnly(query: Buffer, rcode: number): Buffer {
  const end = query.indexOf(0, 12) + 5
  return Buffer.concat([
    Buffer.from([...query.subarray(0, 2), 0x81, 0x80 | rcode, 0, 1, 0, 0, 0, 0, 0, 0]),
    query.subarray(12, end),
  ])
}

const A = { 'x.example': { A: ['192.0.2.1'] } }

describe('answers over real sockets', () => {
  test('each type, aliases, NXDOMAIN, NODATA and errors', async () => {
    const server = await serve({
      example: {
        A: ['192.0.2.1', '192.0.2.2'],
        AAAA: ['2001:db8::1'],
        MX: [
          [10, 'mx1.example'],
          [20, '.'],
        ],
        NS: ['ns1.example'],
        TXT: ['one', ['two ', 'parts']],
        ttl: 77,
      },
      '1.2.0.192.in-addr.arpa': { PTR: ['MX1.Example'] },
      'alias.example': { CNAME: ['example'] },
      'dangling.example': { CNAME: ['gone.example'] },
      'loop.example': { CNAME: ['loop.example'] },
      'bad.example': { '*': 'SERVFAIL', TXT: 'REFUSED' },
      '*.wild.example': { A: ['192.0.2.9'] },
      'mx.deep.below.example': { A: ['192.0.2.8'] },
    })
    const resolver = resolve([server])
    const text = async (name: string, type: Parameters<CachingResolver['query']>[1]): Promise<string> => {
      const answer = await resolver.query(name, type)
      if (answer.status === 'failed') return answer.reason.replace(/ from.*/, '')
      if (answer.status === 'absent') return `${answer.reason} ${answer.secondsLeft}`
      return `${answer.records.map(({ ttl: _, type: __, ...rest }) => Object.values(rest).flat().join('/')).join(' ')} ${answer.secondsLeft}`
    }
    assert.equal(await text('example', 'A'), '192.0.2.1 192.0.2.2 77')
    assert.equal(await text('example', 'AAAA'), '2001:db8::1 77')
    assert.equal(await text('EXAMPLE.', 'MX'), '10/mx1.example 20/ 77')
    assert.equal(await text('example', 'NS'), 'ns1.example 77')
    assert.equal(await text('example', 'TXT'), 'one two /parts 77')
    assert.equal(await text('1.2.0.192.in-addr.arpa', 'PTR'), 'MX1.Example 60')
    assert.equal(await text('alias.example', 'MX'), '10/mx1.example 20/ 60')
    assert.equal(await text('alias.example', 'CNAME'), 'example 60')
    assert.equal(await text('dangling.example', 'A'), 'nxdomain 60')
    assert.equal(await text('alias.example', 'PTR'), 'nodata 60')
    assert.equal(await text('deep.below.example', 'A'), 'nodata 60')
    assert.equal(await text('nothing.example', 'A'), 'nxdomain 60')
    assert.equal(await text('any.wild.example', 'A'), '192.0.2.9 60')
    assert.equal(await text('loop.example', 'A'), 'SERVFAIL')
    assert.equal(await text('bad.example', 'A'), 'SERVFAIL')
    assert.equal(await text('bad.example', 'TXT'), 'REFUSED')
  })

  test('IPv6 name server', async () => {
    const server = await serve(A, { host: '::1' })
    assert.equal((await resolve([server]).query('x.example', 'A')).status, 'found')
  })

  test('an answer over 1232 octets is fetched over TCP', async () => {
    const texts = Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(200, 'x'))
    const server = await serve({ 'big.example': { TXT: texts } })
    const answer = await resolve([server]).query('big.example', 'TXT')
    assert.deepEqual(
      answer.status === 'found' && answer.records.map(record => record.type === 'TXT' && record.strings[0]),
      texts,
    )
    assert.equal(server.dns.count('big.example', 'TXT'), 2)
  })

  test('truncated, and nobody listens on TCP: failed, and the next server is asked', async () => {
    const truncating = await serveRaw((query, send) => {
      const packet = errorOnly(query, 0)
      packet[2] = 0x83
      send(packet)
    })
    const alone = await resolve([truncating]).query('x.example', 'A')
    assert.match(alone.status === 'failed' ? alone.reason : '', /no answer over TCP/)
    const good = await serve(A)
    assert.equal((await resolve([truncating, good]).query('x.example', 'A')).status, 'found')
  })

  test('a thousand different names at once', async () => {
    const server = await serve(
      Object.fromEntries(
        Array.from({ length: 1000 }, (_, i) => [`n${i}.example`, { A: [`10.0.${i >> 8}.${i & 255}`] }]),
      ),
    )
    const resolver = resolve([server], { tryMs: 1000, attempts: 3, deadlineMs: 6000 })
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => resolver.query(`n${i}.example`, 'A')))
    assert.deepEqual(
      answers.map(answer =>
        answer.status === 'found' && answer.records[0]?.type === 'A' ? answer.records[0].address : answer.status,
      ),
      Array.from({ length: 1000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`),
    )
  })

  test('a thousand questions for one name at once are one packet', async () => {
    const server = await serve(A, { delay: 50 })
    const resolver = resolve([server])
    const answers = await Promise.all(Array.from({ length: 1000 }, () => resolver.query('x.example', 'A')))
    assert.equal(answers.filter(answer => answer.status === 'found').length, 1000)
    assert.equal(server.dns.count(), 1)
  })
})

describe('answers that are not for us', () => {
  const GOOD = [192, 0, 2, 1]
  const BAD = [203, 0, 113, 66]

  async function resolvesPast(forge: (query: Buffer) => Buffer): Promise<void> {
    const server = await serveRaw((query, send) => {
      send(forge(query))
      setTimeout(() => send(answerA(query, GOOD)), 30)
    })
    const answer = await resolve([server]).query('x.example', 'A')
    assert.deepEqual(answer.status === 'found' && answer.records, [{ type: 'A', address: '192.0.2.1', ttl: 60 }])
  }

  test('wrong id', () =>
    resolvesPast(query => {
      const packet = answerA(query, BAD)
      packet[0] = (packet[0] ?? 0) ^ 0x55
      return packet
    }))
  test('wrong question', () =>
    resolvesPast(query => {
      const packet = answerA(query, BAD)
      packet[13] = 'y'.charCodeAt(0)
      return packet
    }))
  test('the query itself, sent back', () => resolvesPast(query => Buffer.from(query)))
  test('noise', () => resolvesPast(() => Buffer.from('hello')))

  test('from another port, though it knows ours and the id', async () => {
    const spoofer = createSocket('udp4')
    cleanups.push(() => spoofer.close())
    const server = createSocket('udp4')
    cleanups.push(() => server.close())
    let forged = 0
    server.on('message', (query, from) => {
      spoofer.send(answerA(query, BAD), from.port, from.address, () => forged++)
      setTimeout(() => server.send(answerA(query, GOOD), from.port, from.address), 50)
    })
    await new Promise<void>(done => {
      server.bind(0, '127.0.0.1', done)
    })
    const answer = await resolve([{ address: '127.0.0.1', port: server.address().port }]).query('x.example', 'A')
    assert.deepEqual(answer.status === 'found' && answer.records, [{ type: 'A', address: '192.0.2.1', ttl: 60 }])
    assert.equal(forged, 1)
  })

  test('records of other names in the answer do not count', async () => {
    const server = await serveRaw((query, send) => {
      const packet = answerA(query, BAD)
      // The owner becomes "example" instead of "x.example".
      packet[query.indexOf(0, 12) + 6] = 0x0e
      send(packet)
    })
    assert.equal((await resolve([server]).query('x.example', 'A')).status, 'absent')
  })

  test('ids and ports of the queries differ', async () => {
    const ports = new Set<number>()
    const ids = new Set<number>()
    const socket = createSocket('udp4')
    socket.on('message', (query, from) => {
      ports.add(from.port)
      ids.add(query.readUInt16BE(0))
      socket.send(answerA(query, GOOD), from.port, from.address)
    })
    await new Promise<void>(done => {
      socket.bind(0, '127.0.0.1', done)
    })
    cleanups.push(() => socket.close())
    const resolver = resolve([{ address: '127.0.0.1', port: socket.address().port }])
    for (let i = 0; i < 200; i++) await resolver.query(`n${i}.example`, 'A')
    assert.equal(ports.size, 8)
    assert.ok(ids.size > 190, `${ids.size} ids`)
  })
})

describe('servers with a mind of their own', () => {
  test('FORMERR for EDNS: asked again without, and from then on at once', async () => {
    const server = await serveRaw((query, send) =>
      send(query.readUInt16BE(10) === 1 ? errorOnly(query, 1) : answerA(query, [192, 0, 2, 1])),
    )
    const resolver = resolve([server])
    assert.equal((await resolver.query('x.example', 'A')).status, 'found')
    assert.equal((await resolver.query('y.example', 'A')).status, 'found')
    assert.deepEqual(
      server.queries.map(query => query.readUInt16BE(10)),
      [1, 0, 0],
    )
  })

  test('FORMERR without even a question, as a bare header', async () => {
    const server = await serveRaw((query, send) =>
      send(
        query.readUInt16BE(10) === 1
          ? Buffer.from([...query.subarray(0, 2), 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0])
          : answerA(query, [192, 0, 2, 1]),
      ),
    )
    assert.equal((await resolve([server]).query('x.example', 'A')).status, 'found')
  })

  test('a malformed answer is the end of this server, not of the question', async () => {
    const broken = await serveRaw((query, send) => {
      const packet = answerA(query, [1, 2, 3, 4])
      packet[packet.length - 5] = 5
      send(packet)
    })
    const answer = await resolve([broken]).query('x.example', 'A')
    assert.match(answer.status === 'failed' ? answer.reason : '', /^malformed answer from 127\.0\.0\.1:\d+$/)
    assert.equal((await resolve([broken, await serve(A)]).query('x.example', 'A')).status, 'found')
  })

  test('mixed case: the answer must repeat it, and names in it are not affected', async () => {
    const server = await serve({
      '1.2.0.192.in-addr.arpa': { PTR: ['Mail.Example'] },
      'self.example': { NS: ['self.example'] },
    })
    const resolver = resolve([server], { mixCase: true })
    const answer = await resolver.query('1.2.0.192.IN-ADDR.arpa', 'PTR')
    assert.deepEqual(answer.status === 'found' && answer.records, [{ type: 'PTR', name: 'Mail.Example', ttl: 60 }])
    const lowering = await serve(A, {
      mangle: reply => {
        const end = reply.indexOf(0, 12)
        return [
          Buffer.concat([
            reply.subarray(0, 12),
            Buffer.from(reply.toString('latin1', 12, end).toLowerCase(), 'latin1'),
            reply.subarray(end),
          ]),
        ]
      },
    } satisfies FixtureOptions)
    assert.equal((await resolve([lowering], { mixCase: true }).query('x.example', 'A')).status, 'found')
    assert.equal(lowering.dns.count(), 2, 'the second time over TCP')
  })

  for (const rcode of ['SERVFAIL', 'REFUSED', 'NOTIMP', 'TIMEOUT']) {
    test(`${rcode} from one server goes on to the next`, async () => {
      const bad = await serve({ 'x.example': { '*': rcode } })
      const good = await serve(A)
      assert.equal((await resolve([bad, good]).query('x.example', 'A')).status, 'found')
      assert.equal(bad.dns.count('x.example', 'A'), 1)
    })
  }

  test('NXDOMAIN is an answer: nobody else is asked', async () => {
    const first = await serve({})
    const second = await serve(A)
    assert.equal((await resolve([first, second]).query('x.example', 'A')).status, 'absent')
    assert.equal(second.dns.count(), 0)
  })

  test('a server that neither knows nor asks (a lame one) is passed over', async () => {
    const lame = await serveRaw((query, send) => {
      const packet = errorOnly(query, 0)
      packet[3] = 0
      send(packet)
    })
    const good = await serve(A)
    assert.equal((await resolve([lame, good]).query('x.example', 'A')).status, 'found')
  })

  test('an answer that comes after its time, while the next server is silent, still counts', async () => {
    const slow = await serve(A, { delay: 300 })
    const dead = await serve({ 'x.example': { '*': 'TIMEOUT' } })
    assert.equal((await resolve([slow, dead]).query('x.example', 'A')).status, 'found')
  })
})

describe('time', () => {
  test('a datagram that is lost costs a second, not the whole try', async () => {
    let lost = 0
    const server = await serveRaw((query, send) => {
      if (query.length > 20 && lost++ > 0) send(answerA(query, [192, 0, 2, 1]))
    })
    const began = performance.now()
    assert.equal((await resolve([server], { tryMs: 8000, deadlineMs: 8000 }).query('x.example', 'A')).status, 'found')
    assert.ok(performance.now() - began < 5000)
  })

  test('a slow domain delays its own questions only', async () => {
    const server = await serve({ ...A, 'host.slow.example': { A: ['192.0.2.7'] } }, { delays: { 'slow.example': 400 } })
    const resolver = resolve([server], { tryMs: 1000 })
    const order: string[] = []
    const slow = resolver.query('host.slow.example', 'A').then(() => order.push('slow'))
    await Promise.all(
      ['x.example', 'a.example', 'b.example'].map(name => resolver.query(name, 'A').then(() => order.push('fast'))),
    )
    await slow
    assert.deepEqual(order, ['fast', 'fast', 'fast', 'slow'])
  })

  test('a question ends at its deadline, however many servers and rounds', async () => {
    const dead = await serve({ 'x.example': { '*': 'TIMEOUT' } })
    const resolver = resolve([dead, dead, dead], { tryMs: 5000, attempts: 5, deadlineMs: 300 })
    const began = performance.now()
    const answer = await resolver.query('x.example', 'A')
    assert.match(answer.status === 'failed' ? answer.reason : '', /^timeout from/)
    assert.ok(performance.now() - began < 2000)
    // Fifteen, but for the one or two that a busy machine brings past the deadline.
    assert.ok(dead.dns.count('x.example', 'A') >= 12, 'each server in each round had its turn')
  })

  test('a failure is remembered for a moment', async () => {
    const server = await serve({ 'x.example': { '*': 'SERVFAIL' } })
    const resolver = resolve([server])
    for (let i = 0; i < 10; i++) await resolver.query('x.example', 'A')
    assert.equal(server.dns.count(), 1)
  })

  test('nobody listens: told at once, not after the timeout', async () => {
    const server = await serve(A)
    server.dns.close()
    const resolver = resolve([server], { tryMs: 5000, deadlineMs: 10_000 })
    const began = performance.now()
    assert.equal((await resolver.query('x.example', 'A')).status, 'failed')
    assert.ok(performance.now() - began < 4000)
  })

  test('one server dead, then back', async () => {
    const first = await serve(A)
    const second = await serve({ ...A, 'y.example': { A: ['192.0.2.2'] }, 'z.example': { A: ['192.0.2.3'] } })
    first.dns.close()
    const resolver = resolve([first, second])
    assert.equal((await resolver.query('x.example', 'A')).status, 'found')
    assert.equal(resolver.stats().servers[0]?.state, 'gone')
    await resolver.query('y.example', 'A')
    assert.equal(second.dns.count(), 2)
    const revived = await serve({ 'z.example': { A: ['192.0.2.33'] } }, { port: first.port })
    for (let i = 0; i < 40 && resolver.stats().servers[0]?.state === 'gone'; i++) await sleep(keepAlive, 100)
    const answer = await resolver.query('z.example', 'A')
    assert.deepEqual(answer.status === 'found' && answer.records, [{ type: 'A', address: '192.0.2.33', ttl: 60 }])
    assert.equal(revived.dns.count('z.example', 'A'), 1)
  })

  test('all servers gone: what was learned stands in, marked stale; back again: fresh', async () => {
    const server = await serve({ 'x.example': { A: ['192.0.2.1'], ttl: 1 } })
    const resolver = resolve([server])
    assert.equal((await resolver.query('x.example', 'A')).status, 'found')
    server.dns.close()
    await sleep(keepAlive, 1100)
    const stale = await resolver.query('x.example', 'A')
    assert.deepEqual(stale, {
      status: 'found',
      records: [{ type: 'A', address: '192.0.2.1', ttl: 1 }],
      stale: true,
      secondsLeft: 30,
    })
    assert.equal((await resolver.query('unknown.example', 'A')).status, 'failed')
    await serve({ 'x.example': { A: ['192.0.2.2'] } }, { port: server.port })
    let fresh = await resolver.query('x.example', 'A')
    for (let i = 0; i < 60 && (fresh.status !== 'found' || fresh.stale); i++) {
      await sleep(keepAlive, 100)
      fresh = await resolver.query('x.example', 'A')
    }
    assert.deepEqual(fresh, {
      status: 'found',
      records: [{ type: 'A', address: '192.0.2.2', ttl: 60 }],
      stale: false,
      secondsLeft: 60,
    })
  })

  test('a domain that never answers does not make the server look dead', async () => {
    const server = await serve({ ...A, 'dead.example': { '*': 'TIMEOUT' } })
    const resolver = resolve([server], { tryMs: 300 })
    assert.equal((await resolver.query('dead.example', 'A')).status, 'failed')
    await sleep(keepAlive, 100)
    assert.equal(resolver.stats().servers[0]?.state, 'alive')
    assert.equal(server.dns.counts.get('/NS'), 1, 'it was asked for the root to find out')
  })
})

/** systemClock lets the process end while only its timers wait; these tests wait for nothing else. */
const keepAlive = {
  ...systemClock,
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}
