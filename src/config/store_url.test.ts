import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConfig } from './config.ts'
import { showConfig } from './show.ts'
import { hidePassword, parseStoreAddress } from './store_url.ts'

const nobody = { user: '', password: '' }
const single = (host: string, port: number) => ({ kind: 'single', server: { host, port } })

// url                                                   servers, login, database, TLS
const good: readonly (readonly [string, object, object, number, boolean])[] = [
  ['valkey://mx.example', single('mx.example', 6379), nobody, 0, false],
  ['redis://127.0.0.1:7000/3', single('127.0.0.1', 7000), nobody, 3, false],
  ['valkeys://[2001:db8::1]:7000', single('2001:db8::1', 7000), nobody, 0, true],
  ['rediss://:p%40ss%2F@h:1/', single('h', 1), { user: '', password: 'p@ss/' }, 0, true],
  ['VALKEY://joe:secret:two@h:1', single('h', 1), { user: 'joe', password: 'secret:two' }, 0, false],
  ['valkey+unix:/run/valkey.sock', { kind: 'unix', path: '/run/valkey.sock' }, nobody, 0, false],
  ['redis+unix:///run/valkey.sock?db=2', { kind: 'unix', path: '/run/valkey.sock' }, nobody, 2, false],
  [
    'valkey+sentinel://:pw@a:1,b/mymaster/4',
    {
      kind: 'sentinel',
      sentinels: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26_379 },
      ],
      name: 'mymaster',
    },
    { user: '', password: 'pw' },
    4,
    false,
  ],
  [
    'rediss+cluster://a:1,[::1]:2',
    {
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: '::1', port: 2 },
      ],
    },
    nobody,
    0,
    true,
  ],
]

describe('parseStoreAddress()', () => {
  test('takes embedded:', () => {
    assert.deepEqual(parseStoreAddress('embedded:'), { ok: true, address: { kind: 'embedded' } })
  })
  for (const [text, servers, login, database, tls] of good) {
    test(`takes ${text}`, () => {
      const address = { kind: 'valkey', servers, login, database, tls, text: hidePassword(text) }
      assert.deepEqual(parseStoreAddress(text), { ok: true, address })
    })
  }

  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /^embedded:, valkey:/],
    ['embedded', /^embedded:, valkey:/],
    ['sqlite:/x', /^embedded:, valkey:/],
    ['redissss://h', /^embedded:, valkey:/],
    ['valkey:h:1', /^\/\/host:port/],
    ['valkey://', /^a host such as/],
    ['valkey://h:0', /^a port from 1 to 65535/],
    ['valkey://h:99999', /^a port from 1 to 65535/],
    ['valkey://h:1/x', /^the number of a database/],
    ['valkey://a:1,b:1', /^one server, or valkey\+cluster/],
    ['valkey://joe@h', /^user:password@, or :password@/],
    ['valkey://:%zz@h', /^two hexadecimal digits/],
    ['valkey://:a@b@h', /"%40" and "%2F"/],
    ['valkey+unix:relative', /^the path of a socket/],
    ['valkeys+unix:/run/x', /TLS is not spoken/],
    ['valkey+sentinel://a:1', /^the name of the master/],
    ['valkey+cluster://a:1/3', /^nothing behind the nodes/],
  ]
  for (const [text, said] of bad) {
    test(`refuses "${text}"`, () => {
      const parsed = parseStoreAddress(text)
      assert.match(parsed.ok ? 'taken' : parsed.problem, said)
    })
  }
})

describe('the password of postern_store', () => {
  const load = (store: string) =>
    loadConfig({
      mainCf: `\n\npostern_store = ${store}\ncompatibility_level = 3.6\n`,
      path: 'main.cf',
      env: { hostname: 'mx.example.org', interfaces: [], readFirstLine: () => null },
    })

  test('is not in a problem, which has its place', () => {
    const { problems } = load('valkey://joe:hush@h:1/x')
    assert.deepEqual(
      problems.map(({ place, text }) => `${place.file}:${place.line}: ${text}`),
      [
        'main.cf:3: cannot use "valkey://joe:***@h:1/x" for postern_store: expected the number of a database behind the last slash',
      ],
    )
  })

  test('is not in postern conf, as written, expanded or as JSON', () => {
    const loaded = load('valkey://joe:hush@h:1/0')
    assert.deepEqual(loaded.problems, [])
    for (const options of [{}, { expanded: true }, { json: true }, { onlySet: true }, { names: ['postern_store'] }]) {
      const { text } = showConfig(loaded, options)
      assert.match(text, /valkey:\/\/joe:\*\*\*@h:1\/0/)
      assert.doesNotMatch(text, /hush/)
    }
  })

  test('with an "@" that was not escaped is hidden whole', () => {
    assert.equal(hidePassword('valkey://joe:hu@sh@h:1'), 'valkey://joe:***@h:1')
  })
})
