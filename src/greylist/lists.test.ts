import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { parseIp } from '../util/ip.ts'
import { GreylistLists } from './lists.ts'

const CLIENTS = `# whitelist_clients
good.example
192.0.2.7
2001:db8:7::/48

/^mx\\d+\\.pool\\.example$/
203.0.113
10.9
two words
/(/
*.star.example
999.1.1.1
`

async function open(t: TestContext, clients: string, recipients = '') {
  const directory = mkdtempSync(join(tmpdir(), 'postern-lists-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const paths = { clients: join(directory, 'clients'), recipients: join(directory, 'recipients') }
  writeFileSync(paths.clients, clients)
  writeFileSync(paths.recipients, recipients)
  const told: string[] = []
  const clock = new ManualClock()
  const lists = new GreylistLists({
    files: {
      clients: [
        { path: paths.clients, optional: false },
        { path: `${directory}/absent.local`, optional: true },
      ],
      recipients: [{ path: paths.recipients, optional: false }],
      providers: null,
    },
    clock,
    warn: text => told.push(text.replaceAll(`${directory}/`, '')),
  })
  t.after(() => lists.close())
  await lists.ready()
  /** "clients:2" or null. */
  const matchOf = async (name: string, address: string): Promise<string | null> => {
    const ip = parseIp(address)
    assert.ok(ip !== null)
    return (await lists.current()).clients.match(name, ip)?.replace(`${directory}/`, '') ?? null
  }
  return { directory, paths, told, clock, lists, matchOf }
}

describe('T3.5 G19 whitelist_clients', () => {
  const cases: readonly (readonly [name: string, address: string, at: string | null])[] = [
    ['good.example', '198.51.100.1', 'clients:2'],
    ['a.b.GOOD.example', '2001:db8::1', 'clients:2'],
    ['notgood.example', '198.51.100.1', null],
    ['good.example.evil.example', '198.51.100.1', null],
    ['unknown', '192.0.2.7', 'clients:3'],
    ['unknown', '::ffff:192.0.2.7', 'clients:3'],
    ['unknown', '192.0.2.8', null],
    ['unknown', '2001:db8:7:1::9', 'clients:4'],
    ['unknown', '2001:db8:8::9', null],
    ['mx12.pool.example', '198.51.100.1', 'clients:6'],
    ['MX12.POOL.example', '198.51.100.1', 'clients:6'],
    ['mx.pool.example', '198.51.100.1', null],
    ['unknown', '203.0.113.200', 'clients:7'],
    ['unknown', '10.9.0.1', 'clients:8'],
    ['unknown', '10.9.1.1', null],
    // The first line that matches is told, names before addresses.
    ['good.example', '192.0.2.7', 'clients:2'],
  ]
  for (const [name, address, at] of cases)
    test(`${name}[${address}] is matched by ${at ?? 'no line'}`, async t => {
      assert.equal(await (await open(t, CLIENTS)).matchOf(name, address), at)
    })

  test('lines that are odd are told with file and line, and the rest counts', async t => {
    const { told } = await open(t, CLIENTS)
    assert.deepEqual(told, [
      'clients:8: "10.9" is 10.9.0.0/24, as in Postgrey: write 10.9.0.0/16 if you mean the whole network',
      'clients:9: "two words" doesn\'t look like a hostname: one entry a line',
      told.find(text => text.startsWith('clients:10: cannot use the pattern /(/: ')),
      'clients:11: "*.star.example" matches nothing: a name means its subdomains too; for more write /pattern/',
      'clients:12: "999.1.1.1" is no address or network: write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32',
    ])
  })

  test('a changed file counts without a restart; a file that goes away still does', async t => {
    const { paths, told, clock, matchOf } = await open(t, 'old.example\n')
    assert.equal(await matchOf('new.example', '192.0.2.1'), null)
    writeFileSync(paths.clients, '\nnew.example\n')
    // A file that was written to just now might be half written.
    utimesSync(paths.clients, 1, 1)
    await clock.advance(1001)
    assert.equal(await matchOf('new.example', '192.0.2.1'), 'clients:2')
    assert.equal(await matchOf('old.example', '192.0.2.1'), null)
    rmSync(paths.clients)
    await clock.advance(1001)
    assert.equal(await matchOf('new.example', '192.0.2.1'), 'clients:2')
    assert.match(told.join(), /open clients: No such file or directory: what was read before still counts/)
  })

  test('what stood in a file that need not be there goes with it, but not while it is replaced', async t => {
    const { directory, told, clock, matchOf } = await open(t, '')
    const local = join(directory, 'absent.local')
    const write = (): void => {
      writeFileSync(local, 'local.example\n')
      utimesSync(local, 1, 1)
    }
    write()
    await clock.advance(1001)
    assert.equal(await matchOf('local.example', '192.0.2.1'), 'absent.local:1')
    rmSync(local)
    await clock.advance(1001)
    assert.equal(await matchOf('local.example', '192.0.2.1'), 'absent.local:1')
    write()
    await clock.advance(1001)
    assert.equal(await matchOf('local.example', '192.0.2.1'), 'absent.local:1')
    rmSync(local)
    for (let look = 0; look < 2; look++) {
      await clock.advance(1001)
      await matchOf('local.example', '192.0.2.1')
    }
    assert.equal(await matchOf('local.example', '192.0.2.1'), null)
    assert.deepEqual(told, [])
  })

  test('a file that is not there is told, but for a .local one', async t => {
    const told: string[] = []
    const lists = new GreylistLists({
      files: {
        clients: [
          { path: '/nonexistent/a', optional: false },
          { path: '/nonexistent/b.local', optional: true },
        ],
        recipients: [],
        providers: null,
      },
      clock: new ManualClock(),
      warn: text => told.push(text),
    })
    t.after(() => lists.close())
    await lists.ready()
    assert.deepEqual(told, ['open /nonexistent/a: No such file or directory: nothing in it counts'])
  })
})

describe('G19 whitelist_recipients', () => {
  const RECIPIENTS = 'postmaster@\nabuse@here.example\nquiet.example\n/^list-\\S+-bounces@/\n@here.example\n'
  const cases: readonly (readonly [recipient: string, line: number | null])[] = [
    ['postmaster@anywhere.example', 1],
    ['Postmaster+x@anywhere.example', 1],
    ['postmaster+@anywhere.example', null],
    ['xpostmaster@anywhere.example', null],
    ['abuse@here.example', 2],
    ['abuse+a+b@HERE.example', 2],
    ['abuse@there.example', null],
    ['x@quiet.example', 3],
    ['x@sub.quiet.example', 3],
    ['x@unquiet.example', null],
    ['list-a-bounces@here.example', 4],
    ['user@here.example', null],
    // Once an endless loop.
    ['+@here.example', null],
  ]
  for (const [recipient, line] of cases)
    test(`${recipient} is matched by ${line === null ? 'no line' : `line ${line}`}`, async t => {
      const { lists, paths, told } = await open(t, '', RECIPIENTS)
      const at = (await lists.current()).recipients.match(recipient)
      assert.equal(at, line === null ? null : `${paths.recipients}:${line}`)
      assert.deepEqual(told, [
        'recipients:5: "@here.example" matches nothing: write here.example, which means its subdomains too',
      ])
    })
})
