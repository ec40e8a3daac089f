import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { makeFakeWorld } from '../../../test/support/fake_world.ts'
import { parseIp } from '../../util/ip.ts'
import { parseOpendmarcConf } from './opendmarc_conf.ts'
import { settingsOf } from './settings.ts'

const UNENFORCED =
  '/etc/opendmarc.conf:0: RejectFailures is not set, which is "false": mail that fails DMARC is only marked, and none is refused or held (write "RejectFailures true" into it to refuse, or "RejectFailures false" if that is meant)'

const FILES: Readonly<Record<string, string>> = {
  '/etc/opendmarc/ignore.hosts':
    '# ours\n127.0.0.1\n192.0.2.0/24   # net\n\n.here.example\nmx.here.example\n10.0.0.1/8\n',
  '/etc/opendmarc/white': 'list.example\nesp.example, other.example\n',
}
const CONF = '/etc/opendmarc.conf'

function read(text: string, mainCf = '') {
  const base = settingsOf(makeFakeWorld({ mainCf }).config)
  const parsed = parseOpendmarcConf({
    file: CONF,
    text,
    hostname: 'mx.here.example',
    base,
    readFile: path => FILES[path] ?? null,
  })
  const problems = parsed.problems.map(
    ({ file, line, text: told, remedy }) => `${file}:${line}: ${told}${remedy === null ? '' : ` (${remedy})`}`,
  )
  return { settings: parsed.settings, problems, severities: parsed.problems.map(({ severity }) => severity) }
}

function isIgnored(settings: ReturnType<typeof read>['settings'], address: string): boolean {
  const ip = parseIp(address)
  return ip !== null && settings.ignoreHosts.networks.has(ip)
}

describe('T24.1 opendmarc.conf is read', () => {
  test('what it leaves out is as in OpenDMARC, whatever main.cf says; what it has no name for is from main.cf', () => {
    const { settings, problems } = read(
      '',
      'postern_dmarc_exempt_domains = x.example\npostern_dmarc_required_headers = yes\npostern_authserv_id = a',
    )
    assert.deepEqual(problems, [UNENFORCED])
    assert.deepEqual(
      [
        settings.rejectFailures,
        settings.ignoreAuthenticatedClients,
        settings.requiredHeaders,
        settings.authservId,
        settings.log,
      ],
      [false, false, false, 'mx.here.example', false],
    )
    assert.ok(settings.exemptDomains.has('x.example'))
    assert.ok(isIgnored(settings, '127.0.0.1') && !isIgnored(settings, '127.0.0.2'))
  })

  test('every setting', () => {
    const { settings, problems } = read(
      `AuthservID  auth.here.example
       authservidwithjobid\tYes
       IgnoreHosts /etc/opendmarc/ignore.hosts
       DomainWhitelist a.example,B.example
       DomainWhitelistFile /etc/opendmarc/white
       HoldQuarantinedMessages true
       IgnoreAuthenticatedClients 1
       IgnoreMailFrom one.example, two.example   # these
       RejectFailures t
       RejectMultiValueFrom y
       RejectString no %s, thanks
       RequiredHeaders true
       SoftwareHeader true
       SPFIgnoreResults true
       SPFSelfValidate true
       Syslog true
       TrustedAuthservIDs HOSTNAME, auth.here.example,front.here.example
`,
    )
    assert.deepEqual(problems, [
      '/etc/opendmarc/ignore.hosts:7: non-null host address bits in "10.0.0.1/8", perhaps you should use "10.0.0.0/8" instead, ignored',
    ])
    assert.equal(settings.authservId, 'auth.here.example')
    assert.deepEqual(settings.trustedSealers.words, [
      'a.example',
      'b.example',
      'list.example',
      'esp.example',
      'other.example',
    ])
    assert.deepEqual(settings.ignoreMailFrom.words, ['one.example', 'two.example'])
    assert.deepEqual([...settings.trustedAuthservIds], ['mx.here.example', 'front.here.example'])
    assert.ok(isIgnored(settings, '192.0.2.7') && !isIgnored(settings, '10.0.0.1'))
    assert.ok(settings.ignoreHosts.names.has('a.here.example'))
    assert.equal(settings.rejectString, 'no %s, thanks')
    assert.equal(settings.temperror, 'defer')
    const truths = [
      settings.authservIdWithJobId,
      settings.holdQuarantined,
      settings.ignoreAuthenticatedClients,
      settings.rejectFailures,
      settings.rejectMultiValueFrom,
      settings.requiredHeaders,
      settings.softwareHeader,
      settings.spfIgnoreResults,
      settings.log,
    ]
    assert.ok(truths.every(truth => truth))
  })

  // opendmarc 1.4.2 ends with status 78 for each of these lines; for the file of IgnoreHosts with 65; "%d" it prints as rubbish.
  const wrong: readonly (readonly [line: string, told: string])[] = [
    ['RejectFailure true', 'unknown name "RejectFailure" (did you mean RejectFailures?)'],
    ['Frobnicate 1', 'unknown name "Frobnicate"'],
    ['RejectFailures', 'RejectFailures has no value'],
    ['Socket', 'Socket has no value'],
    ['RejectFailures maybe', 'expected true or false, not "maybe"'],
    ['FailureReports "true"', 'expected true or false, not ""true""'],
    ['DNSTimeout 5s', 'expected a whole number, not "5s"'],
    ['UMask u=rwx', 'expected a whole number, not "u=rwx"'],
    ['RejectString never', 'RejectString must have %s once, where the domain goes: "never"'],
    ['RejectString %s and %s', 'RejectString must have %s once, where the domain goes: "%s and %s"'],
    ['RejectString %d %s', 'RejectString has "%d": expected %s for the domain, or %% for a percent sign'],
    ['IgnoreHosts /no/such', 'cannot read /no/such'],
    ['DomainWhitelistFile /no/such', 'cannot read /no/such'],
  ]
  for (const [line, told] of wrong)
    test(`an error, as for opendmarc: ${line}`, () => {
      const { problems, severities } = read(`# first\n${line}\nRejectFailures false\n`)
      assert.deepEqual(problems, [`${CONF}:2: ${told}`])
      assert.deepEqual(severities, ['error'])
    })

  const without: readonly (readonly [line: string, told: string])[] = [
    ['SPFSelfValidate false', 'SPFSelfValidate is always "true" here: Postern hands its own SPF results on'],
    ['FailureReports true', 'FailureReports does nothing here: failure reports are not offered'],
    [
      'Socket inet:8893@localhost',
      'Socket does nothing here: see postern_milter_listen, where "inet:8893@localhost" is written inet:127.0.0.1:8893',
    ],
    ['DNSTimeout 0x10', 'DNSTimeout does nothing here: see postern_dns_timeout'],
  ]
  for (const [line, told] of without)
    test(`a warning: ${line}`, () => {
      const { problems, severities } = read(`# first\n${line}\nRejectFailures false\n`)
      assert.deepEqual(problems, [`${CONF}:2: ${told}`])
      assert.deepEqual(severities, ['warning'])
    })

  test('file names begin at BaseDirectory, wherever it stands', () => {
    const { settings, problems } = read('DomainWhitelistFile white\nBaseDirectory /etc/opendmarc\nRejectFailures no\n')
    assert.ok(settings.trustedSealers.has('list.example'))
    assert.deepEqual(problems, [`${CONF}:2: BaseDirectory does nothing here: only file names in this file begin there`])
  })

  test("Debian's own file: all that it sets is known", { skip: !existsSync(CONF) && 'no opendmarc here' }, () => {
    const { settings, problems } = read(readFileSync(CONF, 'utf8'))
    assert.equal(settings.log, true)
    assert.equal(problems[0], UNENFORCED)
    for (const problem of problems.slice(1)) assert.match(problem, / does nothing here: /)
  })
})
