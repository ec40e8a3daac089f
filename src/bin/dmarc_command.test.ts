import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeEnvelope, makeFailure, makeVerdict, RECORD } from '../../test/support/dmarc_verdict.ts'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { loadConfig } from '../config/config.ts'
import { hostEnv } from '../config/read.ts'
import { openReportCollector, type ReportCollector } from './dmarc_reports.ts'
import { postern } from './test_support.ts'

const SAMPLES = fileURLToPath(new URL('../dmarc_report/read/testdata/', import.meta.url))

const SPF = 'spf=softfail:bounce.example.net'

function configure(t: TestContext, mainCf = 'postern_dmarc_report_from = dmarc@example.com\n'): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-dmarc-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(
    join(directory, 'main.cf'),
    `myhostname = mx.example.com\npostern_dns_servers = 127.0.0.1:9\npostern_state_directory = ${directory}/state\n${mainCf}`,
  )
  return directory
}

/** Collects as a worker does, on 2026-01-01. */
function collect(directory: string, more: (take: ReportCollector['take']) => void = () => undefined): void {
  const path = join(directory, 'main.cf')
  const loaded = loadConfig({ mainCf: readFileSync(path, 'utf8'), path, masterCf: '', overrides: [], env: hostEnv() })
  const emit = (event: object): void => assert.fail(JSON.stringify(event))
  const collector = openReportCollector(loaded.config, { clock: new ManualClock(), pid: 1, emit })
  assert.ok(collector !== null)
  for (let i = 0; i < 3; i++) collector.take(makeVerdict(), makeEnvelope())
  collector.take(makeFailure(), makeEnvelope({ clientAddress: '192.0.2.9', sender: '' }))
  more((verdict, envelope) => collector.take(verdict, envelope))
  // Ours, and answers to ours.
  collector.take(makeVerdict(), makeEnvelope({ sender: 'DMARC@example.com' }))
  collector.take(makeFailure(), makeEnvelope({ sender: '', recipients: ['dmarc@example.com'] }))
  collector.close()
}

describe('postern dmarc', () => {
  test('show tells what was collected, by domain and in detail', async t => {
    const directory = configure(t)
    collect(directory)
    const all = await postern('dmarc', 'show', '--date', '2026-01-01', '-c', directory)
    assert.deepEqual(all, {
      status: 0,
      out: [
        'domain       policy    messages  passed  let pass  quarantine  reject  rua\n',
        'example.org  p=reject  4         3       0         0           1       mailto:rua@example.org\n',
      ].join(''),
      err: '',
    })
    const one = await postern('dmarc', 'show', 'Example.ORG', '--date', '2026-01-01', '-c', directory)
    // Columns are two blanks apart at least.
    assert.deepEqual(
      one.out
        .trimEnd()
        .split('\n')
        .map(line => line.split(/ {2,}/)),
      [
        ['example.org p=reject rua=mailto:rua@example.org'],
        ['count', 'source', 'disposition', 'dkim', 'spf', 'header from', 'envelope from', 'found', 'reasons'],
        [
          '3',
          '192.0.2.1',
          'pass',
          'pass',
          'fail',
          'example.org',
          'bounce.example.net',
          `dkim=pass:example.org/s1 ${SPF}`,
          '-',
        ],
        ['1', '192.0.2.9', 'reject', 'fail', 'fail', 'example.org', '<>', SPF, '-'],
      ],
    )
    const json = await postern('dmarc', 'show', '--json', '--date', '2026-01-01', '-c', directory)
    assert.equal(JSON.parse(json.out).domains[0].records[0].count, 3)
    const none = await postern('dmarc', 'show', '--date', '2026-01-02', '-c', directory)
    assert.equal(none.status, 1)
    assert.match(none.err, /nothing was collected on 2026-01-02/)
  })

  test('T12.4 the columns of show add up, whatever became of the messages', async t => {
    const directory = configure(t)
    collect(directory, taken => {
      for (const disposition of ['none', 'quarantine', 'reject', 'none'] as const)
        taken(makeFailure({ disposition }), makeEnvelope({ clientAddress: '192.0.2.10' }))
    })
    const { out } = await postern('dmarc', 'show', '--date', '2026-01-01', '-c', directory)
    const [, row = ''] = out.split('\n')
    const [, , messages = '', ...counts] = row.split(/ {2,}/)
    assert.deepEqual([messages, ...counts.slice(0, -1)], ['8', '3', '2', '1', '2'])
  })

  test('T14.1 send --dry-run ends with 75 where the DNS cannot be asked', async t => {
    // No name server answers at postern_dns_servers.
    const directory = configure(t)
    collect(directory, take => {
      const record = { ...RECORD, rua: ['mailto:rua@elsewhere.example'] }
      take(makeVerdict({ dmarc: { record } }), makeEnvelope())
    })
    const dryRun = ['dmarc', 'send', '--dry-run', '--date', '2026-01-01', '-c', directory]
    const { status, out } = await postern(...dryRun)
    assert.match(out, /^ {2}mailto:rua@elsewhere\.example: cannot be verified now: /m)
    assert.equal(status, 75)
    const json = await postern(...dryRun, '--json')
    assert.equal(json.status, 75)
    assert.equal(JSON.parse(json.out).reports[0].destinations[0].deferred, true)
  })

  test('send --dry-run ends with 0 where nothing has to be asked', async t => {
    const directory = configure(t)
    collect(directory, take => {
      const record = { ...RECORD, rua: ['mailto:rua@example.org'] }
      take(makeVerdict({ dmarc: { record } }), makeEnvelope())
    })
    const { status, out } = await postern('dmarc', 'send', '--dry-run', '--date', '2026-01-01', '-c', directory)
    assert.match(out, /^ {2}mailto:rua@example\.org: to rua@example\.org$/m)
    assert.equal(status, 0)
  })

  test('read prints a table, and goes on after a file that is none', async () => {
    const said = await postern('dmarc', 'read', `${SAMPLES}rfc7489.want.json`, `${SAMPLES}report.zip`, '/nowhere')
    assert.equal(said.status, 1)
    assert.match(said.err, /rfc7489\.want\.json: Cannot read the report: .*\n.*\/nowhere: No such file or directory/)
    assert.match(said.out, /^domain +example\.org p=quarantine sp=none adkim=r aspf=s pct=50$/m)
    assert.match(said.out, /^period +2025-11-23 00:00:00 to 2025-11-23 23:59:59$/m)
    assert.match(
      said.out,
      /^12 +192\.0\.2\.25 +none +pass +fail +example\.org +- +dkim=pass:example\.org\/s1 .*forwarded \(looks forwarded — "downgrade"\), sampled_out$/m,
    )
  })

  test('characters that would disturb a terminal are not printed', async t => {
    const directory = configure(t)
    const file = join(directory, 'evil.xml')
    const sample = readFileSync(`${SAMPLES}rfc7489.xml`, 'utf8')
    writeFileSync(file, sample.replace('Big &amp; Sons', 'Evil&#27;[2J&#x202e;&#10;forged line'))
    const { status, out } = await postern('dmarc', 'read', file)
    assert.equal(status, 0)
    assert.match(out, /^from +Evil\?\[2J\?\?forged line <noreply-dmarc@big\.example>$/m)
  })

  const wrong: readonly (readonly [args: readonly string[], status: number, err: RegExp])[] = [
    [['dmarc', 'eat'], 2, /expected send, show or read/],
    [['dmarc', 'read'], 2, /of which file/],
    [['dmarc', 'send', 'x'], 2, /too many arguments/],
    [['dmarc', 'show', '--date', '2026-02-30'], 2, /cannot use "2026-02-30" for --date/],
    [['dmarc', 'show', '--date', 'yesterday'], 2, /cannot use "yesterday" for --date/],
  ]
  for (const [args, status, err] of wrong)
    test(args.join(' '), async t => {
      const said = await postern(...args, ...(args[1] === 'read' ? [] : ['-c', configure(t)]))
      assert.equal(said.status, status)
      assert.match(said.err, err)
    })

  test('T12.3 is off until a sender address is set', async t => {
    const directory = configure(t, '')
    const said = await postern('dmarc', 'send', '-c', directory)
    assert.equal(said.status, 1)
    assert.match(said.err, /reports are off: postern_dmarc_report_from names no sender/)
  })

  for (const [name, value] of [
    ['postern_dmarc_report_from', 'not an address'],
    ['postern_dmarc_report_from', 'ä@example.com'],
    ['postern_dmarc_report_domain', 'two words'],
    ['postern_dmarc_report_relay', 'carrier pigeon'],
  ] as const)
    test(`check tells that ${name} = ${value} is no good`, async t => {
      const from = name.endsWith('_from') ? '' : 'postern_dmarc_report_from = dmarc@example.com\n'
      const said = await postern('check', '-c', configure(t, `${from}${name} = ${value}\n`))
      assert.equal(said.status, 1)
      assert.match(said.out, new RegExp(`main\\.cf:\\d+:\\d+: .*${value.split(' ')[0]}`))
    })
})
