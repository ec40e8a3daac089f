import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { readConfig } from '../config/read.ts'
import { systemClock } from '../util/clock.ts'
import { openMemory } from './memory.ts'
import { postern } from './test_support.ts'

function configure(t: TestContext, mainCf = ''): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-greylist-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(
    join(directory, 'main.cf'),
    `smtpd_relay_restrictions = reject\nmyhostname = mx.example\npostern_state_directory = ${directory}/state\n${mainCf}`,
  )
  return directory
}

/** What a gateway would have remembered. */
async function remember(directory: string): Promise<void> {
  const read = readConfig({ config: directory })
  assert.ok(read.ok)
  const warn = (text: string): void => assert.fail(text)
  const memory = await openMemory(read.loaded.config, { clock: systemClock, pid: process.pid, use: 'command', warn })
  const now = Math.floor(systemClock.now() / 1000)
  const rules = { delay: 300, retryWindow: 172_800, maxAge: 3_024_000, autoAllow: 5 }
  await memory.note({ triplet: '192.0.2.0/a@b.example/c@d.example', client: '192.0.2.7', now: now - 10, rules })
  await memory.note({ triplet: '192.0.3.0/x@y.example/c@d.example', client: '192.0.3.1', now: now - 400, rules })
  await memory.note({ triplet: '192.0.3.0/x@y.example/c@d.example', client: '192.0.3.1', now, rules })
  await memory.touch('correspondent', 'friend@far.example', now)
  await memory.close()
}

describe('postern greylist', () => {
  test('lists, shows, allows and forgets', async t => {
    const directory = configure(t)
    await remember(directory)
    const listed = await postern('greylist', 'list', '--json', '-c', directory)
    assert.equal(listed.status, 0)
    const entries: { kind: string; key: string }[] = JSON.parse(listed.out)
    assert.deepEqual(entries.map(({ kind, key }) => `${kind} ${key}`).sort(), [
      'client 192.0.3.1',
      'correspondent friend@far.example',
      'triplet 192.0.2.0/a@b.example/c@d.example',
      'triplet 192.0.3.0/x@y.example/c@d.example',
    ])

    const shown = await postern('greylist', 'show', '192.0.2.7', '-c', directory)
    assert.match(
      shown.out,
      /^triplet 192\.0\.2\.0\/a@b\.example\/c@d\.example: has to wait 2\d\d s more, first seen \S+Z, tried 1 times\n$/,
    )
    const passed = await postern('greylist', 'show', 'x@y.example', '-c', directory)
    assert.match(passed.out, /: has passed, first seen/)

    assert.deepEqual(await postern('greylist', 'allow', '192.0.2.7', '-c', directory), {
      status: 0,
      out: 'allowed: client 192.0.2.7\n',
      err: '',
    })
    const allowed = await postern('greylist', 'show', '192.0.2.7', '-c', directory)
    assert.match(allowed.out, /client 192\.0\.2\.7: not delayed any more, 5 successes/)

    const forgotten = await postern('greylist', 'forget', '192.0.2.7', '-c', directory)
    assert.deepEqual(forgotten.out.trim().split('\n').sort(), [
      'forgotten: client 192.0.2.7',
      'forgotten: triplet 192.0.2.0/a@b.example/c@d.example',
    ])
    const again = await postern('greylist', 'forget', '192.0.2.7', '-c', directory)
    assert.deepEqual([again.status, again.out], [1, ''])
    const byAddress = await postern('greylist', 'forget', 'c@d.example', '-c', directory)
    assert.equal(byAddress.out, 'forgotten: triplet 192.0.3.0/x@y.example/c@d.example\n')
  })

  test('forgetting a network ends that its clients are not delayed any more', async t => {
    const directory = configure(t)
    await remember(directory)
    for (const client of ['192.0.2.7', '192.0.3.9', '192.1.0.1', '2001:db8:1::7', 'pool.example'])
      assert.equal((await postern('greylist', 'allow', client, '-c', directory)).status, 0)
    const forget = async (what: string): Promise<readonly string[]> => {
      const { out } = await postern('greylist', 'forget', what, '-c', directory)
      return out === '' ? [] : out.trim().split('\n').sort()
    }
    assert.deepEqual(await forget('192.0.2.0/24'), [
      'forgotten: client 192.0.2.7',
      'forgotten: triplet 192.0.2.0/a@b.example/c@d.example',
    ])
    assert.deepEqual(await forget('192.0.0.0/16'), [
      'forgotten: client 192.0.3.1',
      'forgotten: client 192.0.3.9',
      'forgotten: triplet 192.0.3.0/x@y.example/c@d.example',
    ])
    assert.deepEqual(await forget('2001:db8::/32'), ['forgotten: client 2001:DB8:1:0:0:0:0:7'])
    assert.deepEqual(await forget('pool.example'), ['forgotten: client spf:pool.example'])
    assert.deepEqual(await forget('192.1.0.1'), ['forgotten: client 192.1.0.1'])
  })

  test('an empty memory is 1, one that cannot be read 75, and they say which', async t => {
    const directory = configure(t)
    assert.deepEqual(await postern('greylist', 'list', '-c', directory), {
      status: 1,
      out: '',
      err: 'postern greylist: nothing is remembered\n',
    })
    mkdirSync(join(directory, 'state'), { recursive: true })
    rmSync(join(directory, 'state', 'memory'), { recursive: true, force: true })
    // Not even root can list it.
    writeFileSync(join(directory, 'state', 'memory'), '')
    for (const words of [['list'], ['show', '192.0.2.7'], ['forget', '192.0.2.7']]) {
      const { status, out, err } = await postern('greylist', ...words, '-c', directory)
      assert.deepEqual([status, out], [75, ''], words.join(' '))
      assert.match(err, /state\/memory: .*\n.*the memory could not be read/)
      assert.doesNotMatch(err, /nothing is remembered/)
    }
  })

  test('with postern_greylist_privacy it says that triplets cannot be found by an address', async t => {
    const directory = configure(t, 'postern_greylist_privacy = yes\n')
    assert.equal((await postern('greylist', 'allow', '192.0.2.7', '-c', directory)).status, 0)
    const sums = /keeps only sums: triplets cannot be found by "192\.0\.2\.[78]"\n$/
    const known = await postern('greylist', 'show', '192.0.2.7', '-c', directory)
    assert.equal(known.status, 0)
    assert.match(known.out, /^client [0-9a-f]{40}: not delayed any more/)
    assert.match(known.err, sums)
    const unknown = await postern('greylist', 'show', '192.0.2.8', '-c', directory)
    assert.equal(unknown.status, 1)
    assert.match(unknown.err, sums)
  })

  test('says what it cannot do', async t => {
    const directory = configure(t, 'postern_greylist_auto_allow = 0\n')
    assert.match(
      (await postern('greylist', 'allow', '192.0.2.7', '-c', directory)).err,
      /postern_greylist_auto_allow is 0/,
    )
    assert.equal((await postern('greylist', 'frget', 'x', '-c', directory)).status, 2)
    assert.equal((await postern('greylist', 'forget', '-c', directory)).status, 2)
  })

  test('T3.7 providers: prints the list and its date, takes a newer file, and warns of an old one', async t => {
    const directory = configure(t)
    const shipped = await postern('greylist', 'providers', '-c', directory)
    assert.match(
      shipped.out,
      /^# from: built in; .*\ndate: 20\d\d-\d\d-\d\d\ngoogle host:google\.com .*spf:_spf\.google\.com/,
    )
    writeFileSync(
      join(directory, 'greylist_providers'),
      'date: 2020-01-01\nacme host:acme.example spf:_spf.acme.example\n',
    )
    const old = await postern('greylist', 'providers', '-c', directory)
    assert.equal(old.status, 1)
    assert.match(old.out, /\nacme host:acme\.example spf:_spf\.acme\.example\n$/)
    const checked = await postern('check', '-c', directory)
    assert.match(checked.out, /warning: .*the list of big senders .* is of 2020-01-01, \d+ days old/)
    assert.match(old.err, /greylist_providers\) is of 2020-01-01, \d+ days old/)
  })
})

describe('postern import postgrey', () => {
  test('tells what it takes, what differs and what it does not understand', async t => {
    const directory = configure(t)
    const lists = join(directory, 'postgrey')
    mkdirSync(lists)
    writeFileSync(join(lists, 'whitelist_clients'), 'good.example\n*.bad.example\n/(/\n10.9\n')
    writeFileSync(
      join(directory, 'defaults'),
      'POSTGREY_OPTS="--inet=10023 --delay=60 --dela=5 --pidfile=/x"\nPOSTGREY_TEXT="Wait"\nFOO=1\nexec bar\n',
    )
    const said = await postern(
      ...['import', 'postgrey', '-c', directory, '--defaults', join(directory, 'defaults')],
      ...['--config-dir', lists, '--dbdir', directory],
    )
    assert.equal(said.status, 1)
    const { out } = said
    assert.match(
      out,
      /^postern_policy_listen = inet:127\.0\.0\.1:10023\npostern_greylist_delay = 60s\npostern_greylist_text = Wait\n/m,
    )
    assert.match(out, /^postern_greylist_whitelist_clients = .*\/postgrey\/whitelist_clients$/m)
    for (const differs of [
      'unknown option "--dela"',
      'defaults:3: the variable FOO means nothing here',
      'defaults:4: not understood: exec bar',
      'whitelist_clients:2: "*.bad.example" matches nothing',
      'whitelist_clients:3: cannot use the pattern /(/',
      'whitelist_clients:4: "10.9" is 10.9.0.0/24, as in Postgrey',
      'postgrey.db: there is no such file',
    ])
      assert.ok(out.includes(differs), `${differs} in ${out}`)
    assert.ok(out.includes('--pidfile: the file is postern.pid'))
  })

  test('ends with one sentence where the system does not let it read', async t => {
    const directory = configure(t)
    const call = (defaults: string, dbdir: string): ReturnType<typeof postern> =>
      postern(
        ...['import', 'postgrey', '--dry-run', '-c', directory, '--config-dir', join(directory, 'none')],
        ...['--defaults', defaults, '--dbdir', dbdir],
      )
    assert.deepEqual(await call(directory, directory), {
      status: 1,
      out: '',
      err: `postern import: cannot read ${directory}: Is a directory\n`,
    })
    const database = join(directory, 'db')
    mkdirSync(database)
    writeFileSync(join(database, 'postgrey.db'), '')
    chmodSync(directory, 0o755)
    for (const [path, mode] of [
      [`${database}/postgrey.db`, 0o000],
      [database, 0o000],
    ] as const) {
      chmodSync(path, mode)
      if (process.getuid?.() === 0) process.seteuid?.(65_534)
      const said = await call(join(directory, 'none'), database).finally(() => {
        if (process.getuid?.() === 0) process.seteuid?.(0)
      })
      assert.deepEqual(said, {
        status: 1,
        out: '',
        err: `postern import: cannot read ${database}/postgrey.db: Permission denied; run it as root\n`,
      })
    }
    chmodSync(database, 0o700)
  })
})
