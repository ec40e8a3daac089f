import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { postern } from './test_support.ts'

/** A configuration that asks nothing outside this process but a name server that nobody runs. */
const BASE = `compatibility_level = 3.6
myhostname = mx.example.com
mydestination = example.com
alias_maps =
local_recipient_maps = inline:{ you=yes }
mynetworks = 127.0.0.0/8
postern_dns_servers = 127.0.0.1:9
postern_hosts_file =
postern_policy_listen =
postern_milter_listen =
smtpd_helo_required = yes
`

function configure(t: TestContext, mainCf: string, files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-command-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const state = `postern_state_directory = ${directory}/state\n`
  writeFileSync(join(directory, 'main.cf'), BASE + state + mainCf)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}

/** Lines of BASE and the line of the state directory: where a test's own begin. */
const FIRST = 13

describe('postern check', () => {
  test('has nothing to say about a good configuration', async t => {
    const { status, out, err } = await postern('check', '-c', configure(t, ''))
    assert.deepEqual([status, out], [0, ''])
    assert.match(err, /main\.cf: 0 problems, 0 warnings\n$/)
  })

  test('tells all problems at once, of main.cf, lists and tables, with their places', async t => {
    const directory = configure(
      t,
      `smtpd_timeout = soon
smtpd_helo_restrictions =
    permit_mynetworks
    reject_unbekannter_helo_Hostname
    check_helo_access hash:missing
    check_helo_access cidr:nets
`,
      { nets: '192.0.2.0/24 OK\n192.0.2.1/24 REJECT\n' },
    )
    const { status, out } = await postern('check', '-c', directory)
    assert.equal(status, 1)
    const mainCf = `${directory}/main.cf`
    const lines = out.split('\n')
    assert.ok(
      lines.includes(
        `${mainCf}:${FIRST}:17: cannot use "soon" for smtpd_timeout: expected a time such as 30s, 5m, 2h, 1d or 1w`,
      ),
      out,
    )
    assert.ok(
      lines.includes(
        `${mainCf}:${FIRST + 3}:5: unknown restriction "reject_unbekannter_helo_Hostname": did you mean "reject_unknown_helo_hostname"?`,
      ),
      out,
    )
    assert.match(out, /hash:missing/)
    assert.match(out, /nets:2:1: warning: table cidr:nets: .*non-null host address bits/)
  })

  test('prints the same as JSON', async t => {
    const directory = configure(t, 'smtpd_timeout = soon\n')
    const { status, out } = await postern('check', '--json', '-c', directory)
    assert.equal(status, 1)
    assert.deepEqual(JSON.parse(out), {
      problems: [
        {
          file: `${directory}/main.cf`,
          line: FIRST,
          column: 17,
          text: 'cannot use "soon" for smtpd_timeout: expected a time such as 30s, 5m, 2h, 1d or 1w',
        },
      ],
      warnings: [],
      forPostfix: [],
    })
  })

  test('T5.3 prints what lets mail flow past a Postfix that asks here when nobody answers', async t => {
    const { status, out } = await postern('check', '-c', configure(t, 'postern_policy_listen = inet:127.0.0.1:10023\n'))
    assert.equal(status, 0)
    assert.match(out, /^ {2}smtpd_policy_service_default_action = DUNNO$/m)
    assert.match(out, /^ {2}smtpd_policy_service_timeout = \d+s$/m)
    assert.doesNotMatch(out, /milter/)
    const both = await postern('check', '-c', configure(t, 'postern_milter_listen = unix:private/postern\n'))
    assert.match(both.out, /^ {2}milter_default_action = accept$/m)
    assert.doesNotMatch(both.out, /policy/)
  })

  test('G17 tells what is wrong in the lists of policy endpoints, with its place', async t => {
    const directory = configure(
      t,
      `postern_policy_listen =
    inet:127.0.0.1:10023 { check_greylits }
    unix:private/spf { check_client_access hash:missing,
        reject, check_spf }
    inet:127.0.0.1:10025 { check_policy_service inet:localhost:10025 }
`,
    )
    const { status, out } = await postern('check', '-c', directory)
    assert.equal(status, 1)
    const at = (line: number, column: number): string => `${directory}/main.cf:${FIRST + line}:${column}: `
    const lines = out.split('\n')
    assert.ok(lines.includes(`${at(1, 28)}unknown restriction "check_greylits": did you mean "check_greylist"?`), out)
    assert.match(out, /hash:missing/)
    assert.match(out, new RegExp(`:${FIRST + 3}:17: warning: "check_spf" is never reached`))
    assert.match(
      out,
      new RegExp(`:${FIRST + 4}:49: warning: check_policy_service inet:localhost:10025 leads back to the endpoint`),
    )
  })

  test('G17 refuses endpoints that are none', async t => {
    for (const [value, what] of [
      [
        'inet:127.0.0.1:10023 { }',
        /cannot use "\{ \}" for postern_policy_listen: expected restrictions between the braces/,
      ],
      ['inet:127.0.0.1', /cannot use "inet:127\.0\.0\.1" for postern_policy_listen/],
      ['inet:127.0.0.1:1, inet:127.0.0.1:1 { check_spf }', /expected each endpoint once/],
      ['{ check_spf }', /cannot use "\{ check_spf \}" for postern_policy_listen/],
    ] as const) {
      const { status, out } = await postern('check', '-c', configure(t, `postern_policy_listen = ${value}\n`))
      assert.equal(status, 1)
      assert.match(out, what)
    }
  })

  test('tells of tables and lists where they are named, with the parameter, or at their own line', async t => {
    const directory = configure(
      t,
      `smtpd_sender_login_maps = hash:/nowhere/login
smtpd_sender_restrictions = permit_mynetworks, check_sender_access hash:missing,
    check_sender_access cidr:nets
postern_greylist_whitelist_clients = /nowhere/clients
postern_next_hop = pigeon:
`,
      { nets: '192.0.2.0/24 OK\nfoo OK\n' },
    )
    const { out } = await postern('check', '-c', directory)
    const mainCf = `${directory}/main.cf`
    const lines = out.split('\n')
    for (const line of [
      `${mainCf}:${FIRST}:1: table hash:/nowhere/login of smtpd_sender_login_maps: open /nowhere/login: No such file or directory (Postern reads the text file that postmap reads, not the indexed one)`,
      `${mainCf}:${FIRST + 1}:68: table hash:missing of smtpd_sender_restrictions: open ${directory}/missing: No such file or directory (Postern reads the text file that postmap reads, not the indexed one)`,
      `${directory}/nets:2:1: warning: table cidr:nets: bad address pattern: "foo": skipping this rule`,
      `${mainCf}:${FIRST + 3}:1: warning: postern_greylist_whitelist_clients: open /nowhere/clients: No such file or directory: nothing in it counts`,
      `${mainCf}:${FIRST + 4}:1: postern_next_hop: unknown transport in "pigeon:": expected smtp:, lmtp:, maildir: or discard:`,
    ])
      assert.ok(lines.includes(line), `${line}\n\n${out}`)
  })

  test('does not warn of the NIS of the default alias_maps, which nobody wrote', async t => {
    const directory = configure(t, '')
    const mainCf = join(directory, 'main.cf')
    writeFileSync(mainCf, readFileSync(mainCf, 'utf8').replace('alias_maps =\n', ''))
    const byDefault = await postern('check', '-c', directory)
    assert.doesNotMatch(byDefault.out, /nis/)
    const written = await postern('check', '-c', directory, '-o', 'alias_maps=nis:mail.aliases')
    assert.match(
      written.out,
      /^-o alias_maps=nis:mail\.aliases: warning: table nis:mail\.aliases of alias_maps: NIS lookups disabled/m,
    )
  })

  test('warns of what a gateway without a queue does not do', async t => {
    const directory = configure(
      t,
      'content_filter = smtp:[127.0.0.1]:10024\npostern_hold_hop =\nsmtpd_client_restrictions = check_client_access hash:clients\n',
      {
        clients:
          '192.0.2.1 HOLD look at this\n# HOLD is no action here\n192.0.2.2 FILTER scan:[127.0.0.1]:10024\n192.0.2.3 FILTER smtp:[127.0.0.1]:10024\n',
      },
    )
    const { status, out } = await postern('check', '-c', directory)
    assert.equal(status, 0)
    assert.match(out, /main\.cf:\d+:1: warning: content_filter has no effect: accepted mail goes to postern_next_hop/)
    assert.match(out, /clients:1:11: warning: HOLD needs a queue, which Postern does not have/)
    assert.doesNotMatch(out, /clients:[24]/)
    assert.match(
      out,
      /clients:3:11: warning: FILTER is answered 451: unknown transport in "scan:\[127\.0\.0\.1\]:10024": expected smtp:/,
    )
  })

  test('a directory of authorities that is not there costs no more than its authorities, as in Postfix', async t => {
    const { status, out } = await postern('check', '-c', configure(t, 'smtpd_tls_CApath = /nowhere/ca\n'))
    assert.equal(status, 0, out)
    assert.match(
      out,
      /main\.cf:\d+:1: warning: cannot read smtpd_tls_CApath \/nowhere\/ca: No such file or directory: no client certificate is checked against it/,
    )
  })

  test('a table that this user may not read is a problem, and no fault', async t => {
    const directory = configure(t, 'smtpd_helo_restrictions = check_helo_access hash:closed\n', { closed: 'a OK\n' })
    chmodSync(directory, 0o755)
    chmodSync(join(directory, 'closed'), 0o000)
    if (process.getuid?.() === 0) process.seteuid?.(65_534)
    const { status, out, err } = await postern('check', '-c', directory).finally(() => {
      if (process.getuid?.() === 0) process.seteuid?.(0)
    })
    assert.equal(status, 1)
    assert.match(out, /table hash:closed of smtpd_helo_restrictions: open .*\/closed: Permission denied/, err)
  })

  // value                          what is said
  const values: readonly [string, RegExp][] = [
    ['postern_next_hop = pigeon:', /main\.cf:\d+:\d+: .*pigeon/],
    ['postern_log = nowhere:', /cannot use "nowhere:" for postern_log: expected stdout:/],
    ['smtpd_tls_security_level = may\nsmtpd_tls_cert_file = /no/cert', /cannot use the TLS certificate: ENOENT/],
  ]
  for (const [setting, said] of values) {
    test(`refuses ${setting.replace('\n', ' ')}`, async t => {
      const { status, out } = await postern('check', '-c', configure(t, setting + '\n'))
      assert.equal(status, 1)
      assert.match(out, said)
    })
  }
})

describe('postern conf', () => {
  test('shows what is set, defaults, and expanded values', async t => {
    const directory = configure(t, 'smtpd_banner = $myhostname says hello\n')
    assert.match((await postern('conf', '-n', '-c', directory)).out, /^smtpd_banner = \$myhostname says hello$/m)
    assert.equal(
      (await postern('conf', '-d', '-c', directory, 'unknown_client_reject_code')).out,
      'unknown_client_reject_code = 450\n',
    )
    assert.equal(
      (await postern('conf', '-x', '-h', '-c', directory, 'smtpd_banner')).out,
      'mx.example.com says hello\n',
    )
  })

  test('ends with 1 for a name that is none', async t => {
    const { status, err } = await postern('conf', '-c', configure(t, ''), 'no_such_thing')
    assert.deepEqual([status, err], [1, 'postern conf: no_such_thing: unknown parameter\n'])
  })
})

describe('postern map', () => {
  // table                key         status  stdout
  const cases: readonly [string, string, number, string][] = [
    ['inline:{ a=x, b=y }', 'a', 0, 'x\n'],
    ['inline:{ a=x, b=y }', 'c', 1, ''],
    ['fail:reason', 'a', 75, ''],
    ['static:z', 'a', 0, 'z\n'],
  ]
  for (const [table, key, status, out] of cases) {
    test(`-q ${key} ${table} ends with ${status}`, async () => {
      const said = await postern('map', '-q', key, table)
      assert.deepEqual([said.status, said.out], [status, out])
    })
  }

  test('prints JSON', async () => {
    const { out } = await postern('map', '--json', '-q', 'a', 'static:z')
    assert.deepEqual(JSON.parse(out), [{ key: 'a', value: 'z' }])
  })
})

describe('postern explain', () => {
  const mail = ['--client', '192.0.2.7', '--name', 'c.example', '--from', 'a@b.example', '--to', 'you@example.com']
  const lists = `smtpd_helo_restrictions = reject_non_fqdn_helo_hostname
smtpd_sender_restrictions = check_sender_access inline:{ { later@b.example = 450 4.7.1 come back } }
`

  test('ends with 0 for a mail that is accepted', async t => {
    const { status, out } = await postern('explain', '-c', configure(t, lists), ...mail, '--helo', 'c.example')
    assert.equal(status, 0, out)
    assert.match(out, /^client c\.example\[192\.0\.2\.7\]$/m)
    assert.match(out, /RCPT TO:<you@example\.com> {2}-> {2}250 2\.1\.5 Ok/)
    assert.match(out, /END-OF-MESSAGE {2}-> {2}250 2\.0\.0 Ok/)
  })

  test('marks the line that refuses, and ends with 1', async t => {
    const { status, out } = await postern('explain', '-c', configure(t, lists), ...mail, '--helo', 'friend')
    assert.equal(status, 1)
    assert.match(
      out,
      /^smtpd_helo_restrictions\n=> reject_non_fqdn_helo_hostname {2}504 5\.5\.2 <friend>: Helo command rejected/m,
    )
    assert.match(out, /^ {3}NOQUEUE: reject: RCPT from c\.example\[192\.0\.2\.7\]: 504 5\.5\.2/m)
  })

  test('ends with 75 for a mail that is deferred, and shows what the table answered', async t => {
    const directory = configure(t, lists)
    const { status, out } = await postern(
      'explain',
      '-c',
      directory,
      ...mail,
      '--helo',
      'c.example',
      '--from',
      'later@b.example',
    )
    assert.equal(status, 75, out)
    assert.match(out, /=> check_sender_access .* {2}450 4\.7\.1 <later@b\.example>: Sender address rejected: come back/)
  })

  test('takes what the session itself refuses: no HELO', async t => {
    const { status, out } = await postern('explain', '-c', configure(t, lists), ...mail)
    assert.equal(status, 1)
    assert.match(out, /MAIL FROM:<a@b\.example> {2}-> {2}503 5\.5\.1 Error: send HELO\/EHLO first/)
  })

  test('knows who has logged in', async t => {
    const directory = configure(
      t,
      'smtpd_recipient_restrictions = permit_sasl_authenticated, reject\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n',
    )
    const helo = ['--helo', 'c.example']
    assert.equal((await postern('explain', '-c', directory, ...mail, ...helo)).status, 1)
    assert.equal((await postern('explain', '-c', directory, ...mail, ...helo, '--sasl-user', 'ann')).status, 0)
  })

  test('prints the trace as JSON', async t => {
    const { out } = await postern('explain', '--json', '-c', configure(t, lists), ...mail, '--helo', 'friend')
    const told = JSON.parse(out)
    assert.equal(told.verdict, 'refuse')
    const { judged } = told.exchanges.at(-1)
    const refusing = judged.find((each: { refusal: string | null }) => each.refusal !== null)
    assert.match(refusing.refusal, /^504 5\.5\.2/)
    assert.equal(refusing.steps.at(-1).restriction, 'reject_non_fqdn_helo_hostname')
  })
})

describe('postern explain --endpoint', () => {
  const listen = `postern_policy_listen =
    inet:127.0.0.1:10023
    unix:private/policyd-spf { check_spf }
    inet:127.0.0.1:10025 { check_sender_access inline:{ { a@b.example = 550 5.7.1 go away } }, check_greylist }
`
  const mail = ['--client', '192.0.2.7', '--name', 'c.example', '--helo', 'c.example', '--from', 'a@b.example']
  const to = ['--to', 'you@example.com']
  const explain = (t: TestContext, ...words: readonly string[]) =>
    postern('explain', '-c', configure(t, listen), ...mail, ...to, ...words)

  test('G17 shows what a Postgrey of ours would answer and log, and ends with 75', async t => {
    const { status, out } = await explain(t, '--endpoint', 'inet:127.0.0.1:10023')
    assert.equal(status, 75, out)
    assert.match(out, /about RCPT TO:<you@example\.com> {2}-> {2}DEFER_IF_PERMIT 4\.2\.0 Greylisted/)
    assert.match(out, /^inet:127\.0\.0\.1:10023\n=> check_greylist {2}DEFER_IF_PERMIT 4\.2\.0 Greylisted/m)
    assert.match(out, /greylist 192\.0\.2\.7 a@b\.example you@example\.com: greylist: new/)
    assert.match(out, /^ {3}action=greylist, reason=new, client_name=c\.example/m)
  })

  test('G22 shows what a policyd-spf of ours asks and answers, under its path alone', async t => {
    const { status, out } = await explain(t, '--endpoint', 'private/policyd-spf')
    assert.equal(status, 0, out)
    // The name server that nobody runs.
    assert.match(out, /check_spf {2}PREPEND Received-SPF: Temperror/i)
    assert.match(out, /spf mailfrom b\.example: temperror/)
  })

  test('shows the trace of a whole list as JSON, and ends with 1', async t => {
    const { status, out } = await explain(t, '--endpoint', 'inet:localhost:10025', '--json')
    assert.equal(status, 1, out)
    const told = JSON.parse(out)
    assert.equal(told.verdict, 'refuse')
    assert.match(told.exchanges[0].reply, /^550 5\.7\.1 <a@b\.example>: Sender address rejected: go away/)
    assert.equal(told.exchanges[0].judged[0].steps[0].restriction, 'check_sender_access')
  })

  test('tells which endpoints there are', async t => {
    const { status, err } = await explain(t, '--endpoint', 'inet:127.0.0.1:1')
    assert.equal(status, 2)
    assert.match(
      err,
      /cannot use "inet:127\.0\.0\.1:1" for --endpoint: expected one of postern_policy_listen: inet:127\.0\.0\.1:10023, unix:private\/policyd-spf, inet:127/,
    )
  })
})

describe('postern reload', () => {
  test('ends with 75 when nothing runs', async t => {
    const { status, err } = await postern('reload', '-c', configure(t, ''))
    assert.equal(status, 75)
    assert.match(err, /no gateway runs with postern_state_directory/)
  })
})

describe('G26 postern check on the morning report', () => {
  test('tells what cannot be used', async t => {
    const lines = [
      'postern_report_schedule = 4:00',
      'postern_report_options = -d yesterdy',
      'postern_report_relay = nowhere',
      'postern_report_to = you',
    ]
    const mainCf = (...more: readonly string[]) =>
      configure(t, ['postern_report_to = you@example.com', ...more, ''].join('\n'))
    const good = await postern('check', '-c', mainCf('postern_report_schedule = @daily'))
    assert.equal(good.status, 0, good.out)
    const told = await Promise.all(lines.map(line => postern('check', '-c', mainCf(line))))
    assert.deepEqual(
      told.map(({ status }) => status),
      [1, 1, 1, 1],
    )
    const [schedule = '', options = '', relay = '', to = ''] = told.map(({ out }) => out)
    assert.match(schedule, /postern_report_schedule: cannot use "4:00": expected five fields as in crontab\(5\)/)
    assert.match(options, /postern_report_options: cannot use "yesterdy" as a date: did you mean "yesterday"\?/)
    assert.match(relay, /postern_report_relay/)
    assert.match(to, /cannot use "you" for postern_report_to: expected mail addresses/)
  })
})
