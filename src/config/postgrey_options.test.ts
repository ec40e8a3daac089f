import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConfig } from './config.ts'
import { readPostgreyOptions } from './postgrey_options.ts'

/** "name=value" of each setting. */
function settings(options: string, text?: string): readonly string[] {
  const read = readPostgreyOptions(options, text)
  assert.deepEqual(read.problems, [])
  return read.settings.map(({ name, value }) => `${name}=${value}`)
}

describe('G21 the options of Postgrey 1.37', () => {
  const cases: readonly (readonly [options: string, ...settings: string[]])[] = [
    ['--inet=127.0.0.1:10023 --delay=1', 'postern_policy_listen=inet:127.0.0.1:10023', 'postern_greylist_delay=1s'],
    ['"--inet=10023"', 'postern_policy_listen=inet:127.0.0.1:10023'],
    ['--inet=[::1]:10023', 'postern_policy_listen=inet:[::1]:10023'],
    ['--inet=*:10023', 'postern_policy_listen=inet:0.0.0.0:10023'],
    ['-i 10023 --delay 60', 'postern_policy_listen=inet:127.0.0.1:10023', 'postern_greylist_delay=60s'],
    ['-delay=5', 'postern_greylist_delay=5s'],
    ['-u /run/pg.sock --socketmode=0660', 'postern_policy_listen=unix:/run/pg.sock', 'postern_policy_socket_mode=0660'],
    ['--delay=1 --delay=2', 'postern_greylist_delay=2s'],
    ['--max-age=10 --retry-window=6h', 'postern_greylist_max_age=10d', 'postern_greylist_retry_window=6h'],
    ['--retry-window=3', 'postern_greylist_retry_window=3d'],
    ['--delay=0'],
    ['--auto-whitelist-clients', 'postern_greylist_auto_allow=5'],
    ['--auto-whitelist-clients 10 --privacy', 'postern_greylist_auto_allow=10', 'postern_greylist_privacy=yes'],
    ['--auto-whitelist-clients=0', 'postern_greylist_auto_allow=0'],
    ['--lookup-by-host --ipv4cidr=16', 'postern_greylist_lookup_by_host=yes', 'postern_greylist_ipv4_prefix=16'],
    ['--whitelist-clients=/a --whitelist-clients=/b', 'postern_greylist_whitelist_clients=/a /b'],
    ["--greylist-text='Come back in %s s, $5'", 'postern_greylist_text=Come back in %s s, $$5'],
    ['--greylist-action=450 --hostname=mx', 'postern_greylist_action=450', 'postern_greylist_hostname=mx'],
    ['--x-greylist-header="X-G: %t"', 'postern_greylist_header=X-G: %t'],
    ['--facility=local3 -q', 'syslog_facility=local3', 'postern_greylist_log=no'],
    ['--delay=1 -- --delay=2', 'postern_greylist_delay=1s'],
  ]
  for (const [options, ...wanted] of cases) test(options, () => assert.deepEqual(settings(options), wanted))

  test('POSTGREY_TEXT wins over --greylist-text, as in the init script', () => {
    assert.deepEqual(settings('--greylist-text=a', '"Wait a little"'), ['postern_greylist_text=Wait a little'])
  })

  test('options that mean nothing here are told what happens instead', () => {
    const options =
      '--daemonize --pidfile=/x --user=postgrey --group=g --dbdir=/d --listen-queue-size=9 --exim -v --lookup-by-subnet'
    const { settings, problems, notes } = readPostgreyOptions(options)
    assert.deepEqual([settings, problems], [[], []])
    assert.equal(notes.length, 9)
  })
})

describe('G21 what Postgrey would not take is told with a remedy', () => {
  const cases: readonly (readonly [options: string, problem: RegExp])[] = [
    ['--dela=5', /^unknown option "--dela": did you mean --delay\? Postgrey takes no abbreviations$/],
    ['--Delay=5', /^unknown option "--Delay"/],
    ['--delay=soon', /^cannot use "soon" for --delay: expected a whole number$/],
    ['--delay', /^--delay needs a value: write --delay=…$/],
    ['--privacy=1', /^--privacy takes no value: remove "=1"$/],
    ['--retry-window=2d', /^--retry-window: cannot use "2d": expected a number of days, or of hours such as 6h$/],
    ['--noaction', /warn_if_reject check_greylist/],
    ['--inet=host:port', /expected PORT, HOST:PORT or \[ADDRESS\]:PORT/],
    ['10023 --delay=1', /^"10023" is no option/],
    ['--greylist-text="open', /a " is missing/],
  ]
  for (const [options, problem] of cases)
    test(options, () => {
      const read = readPostgreyOptions(options)
      assert.equal(read.problems.length, 1)
      assert.match(read.problems[0] ?? '', problem)
    })
})

describe('G21 POSTGREY_OPTS', () => {
  const env = { hostname: 'mx.example', interfaces: [], readFirstLine: () => null }
  const load = (mainCf: string, environment = {}) =>
    loadConfig({ mainCf: `smtpd_relay_restrictions = reject\n${mainCf}`, path: 'main.cf', environment, env })

  test('as a line of main.cf, quoted as in /etc/default/postgrey', () => {
    const { config, problems, sources } = load('POSTGREY_OPTS="--inet=127.0.0.1:10099 --delay=1"\n')
    assert.deepEqual(problems, [])
    assert.equal(config.postern_greylist_delay, 1)
    assert.equal(config.postern_policy_listen[0]?.text, 'inet:127.0.0.1:10099')
    assert.deepEqual(sources.get('postern_greylist_delay'), {
      kind: 'file',
      place: { file: 'main.cf', line: 2, column: 1 },
    })
  })

  test('in the environment; main.cf wins over it, parameter by parameter, and says so', () => {
    const { config, warnings } = load('postern_greylist_delay = 2s\n', { POSTGREY_OPTS: '--delay=1 --privacy' })
    assert.equal(config.postern_greylist_delay, 2)
    assert.equal(config.postern_greylist_privacy, true)
    assert.ok(warnings.some(({ text }) => /--delay=1 does not count, because postern_greylist_delay is set/.test(text)))
  })

  test('a bad option is a problem at its line', () => {
    const { problems } = load('POSTGREY_OPTS = --delay=soon\n')
    assert.deepEqual(problems[0], {
      place: { file: 'main.cf', line: 2, column: 1 },
      text: 'POSTGREY_OPTS: cannot use "soon" for --delay: expected a whole number',
    })
  })

  test('a value beyond our bounds is a problem of the parameter, at the same line', () => {
    const { problems } = load('POSTGREY_OPTS = --ipv4cidr=99\n')
    assert.match(problems[0]?.text ?? '', /cannot use "99" for postern_greylist_ipv4_prefix/)
    assert.equal(problems[0]?.place.line, 2)
  })
})
