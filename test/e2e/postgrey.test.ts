/**
 * Debian's Postgrey and `postern serve`, each behind its policy socket, are asked the same: the same actions, texts and log
 * lines. Where Postern differs on purpose docs/compatibility.md says so, and a test here or beside the code.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { readPostgreyOptions } from '../../src/config/postgrey_options.ts'
import {
  greylistRequests,
  type TimedRequest,
  WHITELIST_CLIENTS,
  WHITELIST_RECIPIENTS,
} from '../support/greylist_requests.ts'
import { freePort } from '../support/ports.ts'
import { PosternProcess, runPostern } from '../support/postern_process.ts'
import { type PolicyAttributes, PolicyConnection, postgreySkip, RealPostgrey } from '../support/real_postgrey.ts'
import { SmtpClient } from '../support/smtp_client.ts'

const skip = postgreySkip()
const HOUR = 3600
const DAY = 24 * HOUR

/** Today at noon: far from the hours in which Postgrey cleans up. */
const START = Math.floor(Date.now() / 1000 / DAY) * DAY + 12 * HOUR

interface PairOptions {
  /** Of Postgrey; Postern gets them in POSTGREY_OPTS. */
  readonly options?: string
  readonly clients?: string
  readonly recipients?: string
}

/** A real Postgrey and a real Postern with the same options and lists. */
class Pair {
  readonly postgrey: RealPostgrey
  readonly postern: PosternProcess
  readonly #connections: readonly [PolicyConnection, PolicyConnection]

  private constructor(
    postgrey: RealPostgrey,
    postern: PosternProcess,
    connections: [PolicyConnection, PolicyConnection],
  ) {
    this.postgrey = postgrey
    this.postern = postern
    this.#connections = connections
  }

  static async start(t: TestContext, given: PairOptions = {}): Promise<Pair> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-lists-'))
    fs.chmodSync(directory, 0o755)
    const lists = { clients: path.join(directory, 'clients'), recipients: path.join(directory, 'recipients') }
    fs.writeFileSync(lists.clients, given.clients ?? '')
    fs.writeFileSync(lists.recipients, given.recipients ?? '')
    const args = [
      '--hostname=mx.example',
      `--whitelist-clients=${lists.clients}`,
      `--whitelist-recipients=${lists.recipients}`,
      ...(given.options ?? '').split(' ').filter(word => word !== ''),
    ]
    const postgrey = await RealPostgrey.start(args, START)
    const port = await freePort()
    // Nothing but what Postgrey does.
    const postern = PosternProcess.start(
      t,
      `POSTGREY_OPTS = --inet=127.0.0.1:${port} ${args.join(' ')}
postern_smtp_listen =
postern_workers = 1
postern_greylist_providers = no
postern_greylist_spf = no
postern_greylist_correspondents = 0
`,
    )
    await postern.ready()
    const connections = [new PolicyConnection(postgrey.port), new PolicyConnection(port)] as const
    t.after(async () => {
      for (const connection of connections) connection.close()
      await postgrey.stop()
      postgrey.remove()
      fs.rmSync(directory, { recursive: true, force: true })
    })
    return new Pair(postgrey, postern, [...connections])
  }

  /** The answer that both give; they must be the same but for dates. */
  async same({ now, attributes }: TimedRequest): Promise<string> {
    const request = { ...attributes, policy_test_time: String(now) }
    const [postgrey, postern] = await Promise.all(
      this.#connections.map(async connection => withoutDate(await connection.ask(request))),
    )
    assert.equal(postern, postgrey, JSON.stringify(request))
    return postgrey ?? ''
  }

  /** The log lines of both must be the same, but that Postern tells which entry of a white list matched. */
  async sameLog(): Promise<readonly string[]> {
    const wanted = this.postgrey.log()
    for (let tries = 0; tries < 100 && this.#posternLog().length < wanted.length; tries++)
      await new Promise(resolve => setTimeout(resolve, 50))
    const lines = this.#posternLog()
    assert.deepEqual(lines.map(withoutMatch), wanted)
    assert.ok(lines.length > 0)
    return lines
  }

  #posternLog(): readonly string[] {
    return [...this.postern.stdout.matchAll(/^.* postgrey\[\d+\]: (.*)$/gm)].map(match => match[1] ?? '')
  }
}

/** Dates are of the machine's clock. */
function withoutDate(action: string): string {
  return action.replace(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} \S+/, 'DATE')
}

function withoutMatch(line: string): string {
  return line.replace(/, matched=\S+$/, '')
}

const A: PolicyAttributes = {
  client_address: '117.90.24.148',
  client_name: 'unknown',
  sender: 'a@b.example',
  recipient: 'user@here.example',
  etrn_domain: '',
}

describe('G18 G19 the same requests to Postgrey and to Postern', { skip, timeout: 300_000 }, () => {
  const runs: readonly (readonly [options: string, seed: number, count: number])[] = [
    ['', 1, 2000],
    ['--delay=1 --auto-whitelist-clients=2', 2, 700],
    ['--privacy --retry-window=6h', 3, 700],
    ['--lookup-by-host --auto-whitelist-clients=0', 4, 500],
    ['--ipv4cidr=16 --ipv6cidr=48 --max-age=300 --greylist-action=450', 5, 700],
    ['--greylist-text=Wait_%s_%s_for_%r_%r --x-greylist-header=X-G:_%h_%t_%v_%d_%t', 6, 300],
    ['--greylist-text=4.7.1_Later', 7, 100],
  ]
  for (const [options, seed, count] of runs)
    test(`${count} requests with ${options || 'no options'}: actions, texts and log lines`, async t => {
      const pair = await Pair.start(t, { options, clients: WHITELIST_CLIENTS, recipients: WHITELIST_RECIPIENTS })
      const kinds = new Map<string, number>()
      for (const request of greylistRequests({ seed, count, start: START })) {
        const kind = (await pair.same(request)).split(' ')[0] ?? ''
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      }
      await pair.sameLog()
      // Not a run that says one and the same.
      assert.equal(kinds.size, 3, [...kinds].join())
      t.diagnostic([...kinds].map(([kind, times]) => `${times} ${kind}`).join(', '))
    })

  test('what was not seen for --max-age is forgotten, what was seen is not', async t => {
    const pair = await Pair.start(t)
    const at = (now: number, attributes: PolicyAttributes) => pair.same({ now, attributes: { ...A, ...attributes } })
    for (const days of [0, 10]) {
      const sender = `day${days}@b.example`
      await at(START + days * DAY, { sender })
      assert.match(await at(START + days * DAY + 300, { sender }), /^PREPEND X-Greylist: delayed 300 seconds/)
    }
    // Postgrey forgets at night, when it is asked something an hour after it last looked.
    const night = START + 40 * DAY - 9 * HOUR
    pair.postgrey.setTime(night)
    await at(night, { sender: 'wakes@up.example' })
    assert.match(pair.postgrey.log().join('\n'), /cleaning main database finished/)
    assert.match(await at(night + 1, { sender: 'day0@b.example' }), /^DEFER_IF_PERMIT/)
    assert.equal(await at(night + 2, { sender: 'day10@b.example' }), 'DUNNO')
  })
})

describe('G18 an unknown triplet', { skip, timeout: 60_000 }, () => {
  test('is deferred, and passes when it is tried again after the delay, as in the guide', async t => {
    const pair = await Pair.start(t)
    const text = 'DEFER_IF_PERMIT 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/here.example.html'
    assert.equal(await pair.same({ now: START, attributes: A }), text)
    assert.equal(await pair.same({ now: START + 299, attributes: A }), text)
    const passed = await pair.same({ now: START + 300, attributes: A })
    assert.equal(passed, 'PREPEND X-Greylist: delayed 300 seconds by postgrey-1.37 at mx.example; DATE')
    const rest = 'client_name=unknown, client_address=117.90.24.148, sender=a@b.example, recipient=user@here.example'
    assert.deepEqual(await pair.sameLog(), [
      `action=greylist, reason=new, ${rest}`,
      `action=greylist, reason=early-retry (1s missing), ${rest}`,
      `action=pass, reason=triplet found, delay=300, ${rest}`,
    ])
  })

  test('logs client_address=117.90.24.148/32 as the Postgrey of the guide did, when that is wanted', async t => {
    const port = await freePort()
    const mainCf = `postern_policy_listen = inet:127.0.0.1:${port}\npostern_smtp_listen =\npostern_greylist_spf = no\n`
    const postern = PosternProcess.start(t, `${mainCf}postern_postgrey_version = 1.34\n`)
    await postern.ready()
    const connection = new PolicyConnection(port)
    await connection.ask(A)
    await postern.saw(
      'stdout',
      / postgrey\[\d+\]: action=greylist, reason=new, client_name=unknown, client_address=117\.90\.24\.148\/32, sender=a@b\.example, recipient=user@here\.example$/m,
    )
    connection.close()
  })
})

describe('G19 white lists', { skip, timeout: 60_000 }, () => {
  test("Postgrey's own lists let Google in, and the line says which entry did", async t => {
    const clients = fs.readFileSync('/usr/share/postgrey/whitelist_clients', 'utf8')
    const recipients = fs.readFileSync('/usr/share/postgrey/whitelist_recipients', 'utf8')
    const pair = await Pair.start(t, { clients, recipients })
    const google = { ...A, client_address: '209.85.213.190', client_name: 'mail-yb0-f190.google.com' }
    assert.equal(await pair.same({ now: START, attributes: google }), 'DUNNO')
    assert.equal(await pair.same({ now: START, attributes: { ...A, recipient: 'postmaster@here.example' } }), 'DUNNO')
    const [line = ''] = await pair.sameLog()
    const place = clients.split('\n').indexOf('google.com') + 1
    assert.ok(line.startsWith('action=pass, reason=client whitelist, client_name=mail-yb0-f190.google.com'), line)
    assert.ok(line.endsWith(`/clients:${place}`), line)
  })

  test('every name of the list of Debian, and names near it, as Postgrey judges them', async t => {
    const clients = fs.readFileSync('/usr/share/postgrey/whitelist_clients', 'utf8')
    const pair = await Pair.start(t, { clients })
    const names = clients.split('\n').flatMap(line => /^[a-z0-9.-]+\.[a-z]+$/.exec(line.trim()) ?? [])
    assert.ok(names.length > 100)
    let listed = 0
    for (const [i, name] of names.entries())
      for (const client_name of [name, `x.${name}`, `x${name}`, `mail${i}.${name}`]) {
        const client_address = `203.0.${i % 256}.${i >> 8}`
        if ((await pair.same({ now: START, attributes: { ...A, client_address, client_name } })) === 'DUNNO') listed++
      }
    assert.ok(listed >= names.length * 3)
  })
})

describe('G20 T19.2 --delay=1', { skip, timeout: 60_000 }, () => {
  test('a second MX name on the same address accepts at once', async t => {
    const pair = await Pair.start(t, { options: '--delay=1' })
    assert.match(await pair.same({ now: START, attributes: A }), /^DEFER_IF_PERMIT/)
    assert.match(await pair.same({ now: START + 1, attributes: A }), /^PREPEND X-Greylist: delayed 1 seconds/)
  })
})

describe('postern import postgrey', { skip, timeout: 120_000 }, () => {
  test('takes over the database of a running Postgrey: what had passed passes, what waited goes on waiting', async t => {
    const now = Math.floor(Date.now() / 1000)
    const postgrey = await RealPostgrey.start(['--hostname=mx.example', '--auto-whitelist-clients=2'], now)
    t.after(async () => {
      await postgrey.stop()
      postgrey.remove()
    })
    const asked = new PolicyConnection(postgrey.port)
    t.after(() => asked.close())
    /** Keys so long that Berkeley DB keeps them on pages of their own are among them. */
    const request = (i: number): PolicyAttributes => ({
      ...A,
      client_address: i % 5 === 0 ? `2001:db8:${i.toString(16)}::1` : `10.${i % 250}.${i >> 8}.7`,
      sender: i % 100 === 0 ? `${'s'.repeat(480)}${i}@b.example` : `s${i}@b.example`,
      recipient: i % 100 === 0 ? `${'r'.repeat(480)}${i}@here.example` : `r${i}@here.example`,
    })
    const count = 3000
    for (let i = 0; i < count; i++) {
      await asked.ask({ ...request(i), policy_test_time: String(now - 1000) })
      if (i % 3 === 0) await asked.ask({ ...request(i), policy_test_time: String(now - 500) })
    }
    const regular = { ...A, client_address: '192.0.2.200', client_name: 'regular.example' }
    for (const [i, ago] of [9000, 5000].entries()) {
      await asked.ask({ ...regular, sender: `r${i}@b.example`, policy_test_time: String(now - ago - 400) })
      await asked.ask({ ...regular, sender: `r${i}@b.example`, policy_test_time: String(now - ago) })
    }

    const port = await freePort()
    const postern = PosternProcess.start(
      t,
      `POSTGREY_OPTS = --inet=127.0.0.1:${port} --hostname=mx.example --auto-whitelist-clients=2
postern_smtp_listen =
postern_workers = 1
postern_greylist_spf = no
postern_greylist_whitelist_clients =
`,
    )
    await postern.ready()
    const said = await runPostern([
      ...['import', 'postgrey', '-c', postern.directory, '--dbdir', `${postgrey.directory}/db`],
      ...['--defaults', '/usr/share/postgrey/postgrey-default', '--config-dir', '/etc/postgrey', '--json'],
    ])
    const report: { taken: string[]; differs: string[] } = JSON.parse(said.stdout)
    assert.ok(report.taken.includes(`${postgrey.directory}/db/postgrey.db: ${count + 2} entries`), said.stdout)
    assert.ok(
      report.taken.includes(`${postgrey.directory}/db/postgrey_clients.db: ${count / 3 + 1} entries`),
      said.stdout,
    )

    const told = new PolicyConnection(port)
    t.after(() => told.close())
    for (let i = 0; i < count; i += 7) {
      const ask = { ...request(i), instance: `i${i}`, policy_test_time: String(now) }
      assert.equal(withoutDate(await told.ask(ask)), withoutDate(await asked.ask(ask)), `request ${i}`)
    }
    assert.equal(await told.ask({ ...regular, sender: 'never@seen.example' }), 'DUNNO')
  })
})

describe('G18 postgreyreport', { skip, timeout: 60_000 }, () => {
  test("reads the gateway's log beside the database of a Postgrey, and reports who did not try again", async t => {
    const port = await freePort()
    const postern = PosternProcess.start(
      t,
      `postern_smtp_listen = inet:127.0.0.1:${port}
postern_workers = 1
mynetworks =
smtpd_authorized_xclient_hosts = 127.0.0.1
mydestination = here.example
smtpd_recipient_restrictions = reject_unauth_destination, check_greylist
postern_greylist_spf = no
`,
    )
    await postern.ready()
    // Triplets of that database: one that never passed, and one that did.
    for (const i of [2, 3]) {
      const client = new SmtpClient({ host: '127.0.0.1', port, from: '127.0.0.1' })
      await client.read()
      for (const line of [
        `XCLIENT ADDR=10.0.${i}.1 NAME=mx.b.example`,
        'EHLO x.example',
        `MAIL FROM:<s${i}@b.example>`,
      ]) {
        client.write(`${line}\r\n`)
        assert.match((await client.read()).at(-1) ?? '', /^2/)
      }
      client.write(`RCPT TO:<user${i}@here.example>\r\n`)
      assert.match((await client.read()).at(-1) ?? '', /^450 4\.2\.0 .*Greylisted, see/)
      client.write('QUIT\r\n')
      await client.read()
    }
    await postern.saw('stdout', /RCPT from mx\.b\.example\[10\.0\.3\.1\]/)
    await postern.saw(
      'stdout',
      /postgrey\[\d+\]: action=greylist, reason=new, client_name=mx\.b\.example, client_address=10\.0\.3\.1/,
    )

    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-report-'))
    t.after(() => fs.rmSync(directory, { recursive: true }))
    fs.chmodSync(directory, 0o755)
    const database = path.join(import.meta.dirname, '../../src/store/testdata/postgrey.db')
    fs.copyFileSync(database, path.join(directory, 'postgrey.db'))
    fs.chmodSync(path.join(directory, 'postgrey.db'), 0o644)
    const user = process.getuid?.() === 0 ? 'nobody' : os.userInfo().username
    const said = spawnSync('postgreyreport', [`--dbdir=${directory}`, `--user=${user}`, '--tab'], {
      input: postern.stdout,
      encoding: 'utf8',
    })
    assert.match(said.stdout.trim(), /^\S*\s*10\.0\.2\.1\s.*s2@b\.example\s+user2@here\.example$/)
  })
})

describe('G21 the options of Postgrey', { skip, timeout: 60_000 }, () => {
  /** What perl's Getopt::Long makes of a command line, with Postgrey's own table: "delay=1" …, or "error". */
  const GETOPT = `
    use Getopt::Long 2.25 qw(:config posix_default no_ignore_case);
    open(my $fh, '<', '/usr/sbin/postgrey'); local $/; my $text = <$fh>;
    my ($table) = $text =~ /GetOptions\\(\\\\%opt, (.*?)\\) or exit/s;
    my @table = eval "($table)"; my %opt; $SIG{__WARN__} = sub {};
    if (!GetOptions(\\%opt, @table)) { print "error\\n"; exit }
    for (sort keys %opt) { my $v = $opt{$_}; print "$_=", (ref $v ? join(' ', @$v) : $v), "\\n" }`
  const cases: readonly (readonly string[])[] = [
    ['--inet=127.0.0.1:10023', '--delay=1'],
    ['-i', '10023', '-delay', '7'],
    ['--unix', '/a', '--socketmode=0660'],
    ['-u/a'],
    ['--dela=5'],
    ['--DELAY=5'],
    ['--delay=5', '--delay=6'],
    ['--delay=x'],
    ['--delay='],
    ['--delay'],
    ['--privacy=1'],
    ['--privacy', '--delay', '3'],
    ['--auto-whitelist-clients', '--delay=1'],
    ['--auto-whitelist-clients', '9', '--delay=1'],
    ['--auto-whitelist-clients=9'],
    ['--whitelist-clients=/a', '--whitelist-clients', '/b'],
    ['--greylist-text', '--delay=5'],
    ['--retry-window=6h', '--max-age', '+10'],
    ['--', '--delay=5'],
    ['--syslog-facility=local1'],
    ['--facility', 'local2'],
    ['--no-privacy'],
    ['--lookup-by-host', '--lookup-by-subnet', '-q', '-v'],
  ]
  test('in the environment of serve, as systemd hands over /etc/default/postgrey', async t => {
    const port = await freePort()
    const mainCf = `postern_policy_listen = inet:127.0.0.1:${port}\npostern_smtp_listen =\npostern_greylist_spf = no\n`
    const env = { POSTGREY_OPTS: '--inet=10023 --delay=1', POSTGREY_TEXT: 'Wait %s second' }
    const postern = PosternProcess.start(t, mainCf, { env })
    await postern.ready()
    const connection = new PolicyConnection(port)
    t.after(() => connection.close())
    assert.equal(await connection.ask({ ...A, policy_test_time: String(START) }), 'DEFER_IF_PERMIT 4.2.0 Wait 1 second')
    assert.match(await connection.ask({ ...A, policy_test_time: String(START + 1) }), /^PREPEND X-Greylist: delayed 1 /)
  })

  test('T5.5 --unix and --socketmode', async t => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-unix-'))
    t.after(() => fs.rmSync(directory, { recursive: true }))
    const mainCf = `POSTGREY_OPTS = --unix=${directory}/socket --socketmode=0660\npostern_smtp_listen =\n`
    const postern = PosternProcess.start(t, mainCf)
    await postern.ready()
    const seen = fs.statSync(path.join(directory, 'socket'))
    assert.ok(seen.isSocket())
    assert.equal(seen.mode & 0o777, 0o660)
  })

  for (const args of cases)
    test(`${args.join(' ')}: as Getopt::Long reads it`, () => {
      const perl = spawnSync('perl', ['-e', GETOPT, '--', ...args], { encoding: 'utf8' })
        .stdout.trim()
        .split('\n')
      const { settings, problems } = readPostgreyOptions(args.join(' '))
      assert.equal(problems.length > 0, perl[0] === 'error', `${perl} ${problems}`)
      if (problems.length > 0) return
      const texts = settings.map(({ option }) => option.replace(/^--/, ''))
      for (const line of perl) {
        const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(line) ?? []
        if (['', 'verbose', 'lookup-by-subnet'].includes(name)) continue
        const found = texts.find(text => text === name || text.startsWith(`${name}=`))
        assert.ok(found !== undefined, `${name} in ${texts}`)
        const said = found.slice(name.length + 1)
        // A switch is 1 for perl.
        assert.equal(said, value === '1' && said === '' ? '' : value.replace(/^\+/, ''))
      }
    })
})
