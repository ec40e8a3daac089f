import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ConfFileError, readConfFile } from './conf_files.ts'
import { whyHidden } from './state_directory.ts'
import { postern } from './test_support.ts'

const BASE = `compatibility_level = 3.6
myhostname = mx.example.com
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
postern_dns_servers = 127.0.0.1:9
postern_hosts_file =
postern_workers = 1
postern_policy_listen =
postern_milter_listen =
`
const FIRST = 12

function configure(t: TestContext, mainCf: string): { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'postern-conf-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'main.cf'), `${BASE}postern_state_directory = ${directory}/state\n${mainCf}`)
  return { directory }
}

/** Calls `act` as a user who is not root, for whom alone there are files that cannot be read. */
function asOrdinaryUser<T>(act: () => T): T {
  if (process.getuid?.() !== 0) return act()
  process.seteuid?.(65_534)
  try {
    return act()
  } finally {
    process.seteuid?.(0)
  }
}

describe('a file that main.cf names and nobody can read', () => {
  const cases = [
    ['postern_spf_policyd_conf = /', 'Is a directory'],
    ['postern_dmarc_conf = /', 'Is a directory'],
    ['postern_spf_policyd_conf = /nowhere/policyd-spf.conf', 'No such file or directory'],
    ['postern_dmarc_conf = /nowhere/opendmarc.conf', 'No such file or directory'],
    [
      'postern_store_password_file = /nowhere/password\npostern_store = valkey://127.0.0.1:9',
      'No such file or directory',
    ],
  ] as const
  for (const [setting, why] of cases) {
    test(`G22 is a problem with its place: ${setting.split('\n', 1)}`, async t => {
      const { directory } = configure(t, `${setting}\n`)
      const [name = '', path = ''] = setting.split(/ = |\n/)
      const { status, out } = await postern('check', '-c', directory)
      assert.equal(status, 1)
      const found = out.split('\n').filter(line => line.includes('cannot read'))
      assert.equal(found.length, 1, out)
      const start = `${directory}/main.cf:${FIRST}:1: cannot read ${name} ${path}: ${why}; `
      assert.ok(found[0]?.startsWith(start), `${start} in ${out}`)

      const served = await postern('serve', '-c', directory)
      assert.equal(served.status, 1)
      assert.match(served.err, /the configuration has problems:\n.*cannot read/)
    })
  }

  test('T24.1 check says of an untouched opendmarc.conf of Debian that nothing is refused', async t => {
    const { directory } = configure(t, 'postern_dmarc_conf = $config_directory/opendmarc.conf\n')
    const file = join(directory, 'opendmarc.conf')
    writeFileSync(file, '# RejectFailures false\nSocket local:/run/opendmarc/opendmarc.sock\nSyslog true\n')
    const { status, out } = await postern('check', '-c', directory)
    assert.equal(status, 0)
    assert.ok(out.includes(`${file}: warning: RejectFailures is not set, which is "false": mail that fails`), out)
    assert.ok(out.includes(`${file}:2:8: warning: Socket does nothing`), out)
    assert.ok(out.includes('is written unix:/run/opendmarc/opendmarc.sock\n'), out)

    writeFileSync(file, 'RejectFailures true\n')
    assert.doesNotMatch((await postern('check', '-c', directory)).out, /opendmarc\.conf/)
  })

  const LINES = [
    ['  RejectFailure  true', '3: unknown name "RejectFailure" (did you mean RejectFailures?)'],
    ['RejectFailures  maybe', '17: expected true or false, not "maybe"'],
  ] as const
  for (const [line, told] of LINES)
    test(`T24.1 check, serve and explain refuse an opendmarc.conf that opendmarc refuses: ${line.trim()}`, async t => {
      const { directory } = configure(t, 'postern_dmarc_conf = $config_directory/opendmarc.conf\n')
      writeFileSync(join(directory, 'opendmarc.conf'), `# ours\n${line}\nPidFile /run/x\n`)
      const { status, out } = await postern('check', '-c', directory)
      assert.equal(status, 1)
      const place = `${directory}/opendmarc.conf`
      assert.ok(out.includes(`${place}:2:${told}\n`), out)
      assert.ok(out.includes(`${place}:3:9: warning: PidFile does nothing here: not needed\n`), out)

      const served = await postern('serve', '-c', directory)
      assert.equal(served.status, 1)
      assert.ok(served.err.includes(`the configuration has problems:\n  ${place}:2:${told}\n`), served.err)

      const mail = ['--client', '192.0.2.1', '--helo', 'a.example', '--from', 'a@a.example', '--to', 'b@b.example']
      const explained = await postern('explain', '-c', directory, ...mail)
      assert.equal(explained.status, 1)
      assert.equal(explained.err, `postern explain: ${place}:2:${told}\n`)
    })

  test('a password that no store asks for need not be there', async t => {
    const { directory } = configure(t, 'postern_store_password_file = /nowhere/password\n')
    assert.equal((await postern('check', '-c', directory)).status, 0)
  })

  test('explain says so in one sentence', async t => {
    const { directory } = configure(t, 'postern_spf_policyd_conf = /\n')
    const mail = ['--client', '192.0.2.1', '--helo', 'a.example', '--from', 'a@a.example', '--to', 'b@b.example']
    const { status, err } = await postern('explain', '-c', directory, ...mail)
    assert.equal(status, 1)
    assert.match(err, /^postern explain: cannot read postern_spf_policyd_conf \/: Is a directory; .*\n$/m)
  })

  test('what is not for this user is told with who must be let in', t => {
    const { directory } = configure(t, '')
    chmodSync(directory, 0o755)
    const path = join(directory, 'secret')
    writeFileSync(path, '', { mode: 0o000 })
    assert.throws(() => asOrdinaryUser(() => readConfFile('postern_dmarc_conf', path)), {
      constructor: ConfFileError,
      message: `cannot read postern_dmarc_conf ${path}: Permission denied; let postern_user read it and enter its directories`,
    })
  })
})

describe('postern reload', () => {
  test('a state directory that this user may not enter hides whether a gateway runs', t => {
    const { directory } = configure(t, '')
    chmodSync(directory, 0o755)
    const state = join(directory, 'state')
    assert.equal(whyHidden(state), null)
    mkdirSync(state)
    assert.equal(whyHidden(state), null)
    chmodSync(state, 0o000)
    assert.equal(
      asOrdinaryUser(() => whyHidden(state)),
      `cannot read ${state}/postern.pid: Permission denied`,
    )
    chmodSync(state, 0o700)
  })

  test('says that it may not look, not that nothing runs', async t => {
    const { directory } = configure(t, '')
    mkdirSync(join(directory, 'state', 'postern.pid'), { recursive: true })
    const { status, err } = await postern('reload', '-c', directory)
    assert.equal(status, 75)
    assert.match(err, /cannot read .*\/state\/postern\.pid: Is a directory; run it as root, or as the user/)
  })
})
