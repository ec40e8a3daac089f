import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { settle } from '../../test/support/manual_clock.ts'
import { answerText, TableBench } from '../../test/support/table_context.ts'
import { openTable } from './open.ts'

const bench = new TableBench()
const directory = mkdtempSync(path.join(tmpdir(), 'postern-socket-'))
const servers: net.Server[] = []
const sockets = new Set<net.Socket>()
after(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
  rmSync(directory, { recursive: true, force: true })
  bench.remove()
})

/** A server whose answer to each piece of data is what `answer` says; null closes the connection. */
function serve(answer: (request: string) => string | null): Promise<string> {
  const file = path.join(directory, `s${servers.length}`)
  const server = net.createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', data => {
      const reply = answer(data.toString('utf8'))
      if (reply === null) socket.destroy()
      else socket.write(reply)
    })
  })
  servers.push(server)
  return new Promise(resolve => server.listen(file, () => resolve(file)))
}

async function ask(spec: string, key: string, file?: string): Promise<string> {
  const table = openTable(
    spec,
    bench.context({ connect: endpoint => net.connect(file === undefined ? endpoint : { path: file }) }),
  )
  const pending = table.lookup(key)
  let done = false
  void pending.then(() => {
    done = true
  })
  // Rests between tries are the manual clock's.
  for (let turns = 1; !done; turns++) {
    await settle()
    if (turns % 50 === 0) await bench.clock.advance(1000)
  }
  table.close()
  return answerText(await pending)
}

describe('socketmap', () => {
  const cases: [string, string][] = [
    ['8:OK hello,', 'hello'],
    ['9:OK a b c ,', 'a b c '],
    ['3:OK ,', ''],
    ['9:NOTFOUND ,', 'absent'],
    ['9:TEMP busy,', 'failed: temporary: SPEC socketmap server temporary error: busy'],
    ['8:TIMEOUT ,', 'failed: temporary: SPEC socketmap server timeout error'],
    ['8:PERM bad,', 'failed: configuration: SPEC socketmap server permanent error: bad'],
    ['5:WHAT?,', 'failed: temporary: SPEC socketmap server unknown error'],
    ['5:OK abc,', 'failed: temporary: table SPEC lookup error: malformed netstring'],
    ['x', 'failed: temporary: table SPEC lookup error: malformed netstring'],
    ['100001:', 'failed: temporary: table SPEC lookup error: netstring too large'],
  ]
  for (const [reply, expected] of cases) {
    test(reply, async () => {
      const requests: string[] = []
      const file = await serve(request => {
        requests.push(request)
        return reply
      })
      const spec = `socketmap:unix:${file}:name`
      assert.equal(await ask(spec, 'Key ä'), expected.replace('SPEC', spec))
      assert.deepEqual(requests, ['11:name Key ä,'])
    })
  }

  test('a closed connection is tried once more', async () => {
    let asked = 0
    const file = await serve(() => (asked++ === 0 ? null : '4:OK x,'))
    assert.equal(await ask(`socketmap:unix:${file}:m`, 'k'), 'x')
    const dead = await serve(() => null)
    assert.match(
      await ask(`socketmap:unix:${dead}:m`, 'k'),
      /^failed: temporary: table .* lookup error: unexpected EOF/,
    )
  })

  test('nobody listens', async () => {
    assert.match(await ask(`socketmap:unix:${directory}/none:m`, 'k'), /lookup error: No such file or directory$/)
  })

  test('a reply in pieces, many questions at once', async () => {
    const file = await serve(request => {
      const key = request.slice(0, -1).split(' ')[1] ?? ''
      return `${key.length + 3}:OK ${key},`
    })
    const table = openTable(`socketmap:unix:${file}:m`, bench.context({ connect: endpoint => net.connect(endpoint) }))
    const keys = Array.from({ length: 30 }, (_, i) => `key${i}`)
    assert.deepEqual(await Promise.all(keys.map(async key => answerText(await table.lookup(key)))), keys)
    table.close()
  })

  for (const spec of ['socketmap:x', 'socketmap:tcp:h:1:m', 'socketmap:inet:h:m', 'socketmap:inet:h:1:']) {
    test(`${spec} is no server`, async () => {
      assert.equal(await ask(spec, 'k'), 'failed: unavailable: socketmap requires server:socketmap argument')
    })
  }
})

describe('tcp', () => {
  const cases: [string, string][] = [
    ['200 a%20b%25\n', 'a b%'],
    ['200 \n', ''],
    ['500 none\n', 'absent'],
    ['400 busy\n', 'failed: temporary: read TCP map reply from h:1: 400 busy'],
    ['300 what\n', 'failed: temporary: read TCP map reply from h:1: bad status code: 300 what'],
    ['hello\n', 'failed: temporary: read TCP map reply from h:1: malformed reply: hello'],
    ['200 %2\n', 'failed: temporary: read TCP map reply from h:1: malformed reply: 200 %2'],
    [`200 ${'x'.repeat(5000)}\n`, 'failed: temporary: read TCP map reply from h:1: text longer than 4096'],
    ['200 %ff\n', 'failed: configuration: tcp:h:1: non-UTF-8 value'],
  ]
  for (const [reply, expected] of cases) {
    test(reply.slice(0, 20).trim(), async () => {
      const requests: string[] = []
      const file = await serve(request => {
        requests.push(request)
        return reply
      })
      assert.equal(await ask('tcp:h:1', 'a b%é', file), expected)
      assert.equal(requests[0], 'get a%20b%25%C3%A9\n')
    })
  }

  test('a server that comes back is found', async () => {
    let asked = 0
    const file = await serve(() => (asked++ < 2 ? null : '200 x\n'))
    assert.equal(await ask('tcp:h:1', 'k', file), 'x')
  })

  test('a server that stays away is given up', async () => {
    assert.match(
      await ask('tcp:h:1', 'k', `${directory}/none`),
      /^failed: temporary: read TCP map reply from h:1: No such file/,
    )
  })

  test('without network there is no such table', async () => {
    const table = openTable('tcp:127.0.0.1:1', bench.context())
    assert.equal(
      answerText(await table.lookup('k')),
      'failed: unavailable: tcp:127.0.0.1:1: no network connections here',
    )
  })
})
