import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import type { Clock } from '../util/clock.ts'
import { Options } from './command.ts'
import { runAt } from './report.ts'
import { reportCommand } from './report_spec.ts'
import { postern } from './test_support.ts'

function write(t: TestContext, lines: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-report-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'mail.log')
  writeFileSync(path, lines.map(line => `${line}\n`).join(''))
  return path
}

/** What `postern report` prints at that time. */
async function reportAt(now: string, ...operands: readonly string[]): Promise<string> {
  const clock: Clock = { now: () => Date.parse(now), monotonic: () => 0, after: () => ({ cancel: () => undefined }) }
  let out = ''
  const terminal = {
    out: (text: string) => {
      out += text
    },
    outBytes: (bytes: Uint8Array) => {
      out += Buffer.from(bytes).toString('latin1')
    },
    err: (text: string) => assert.fail(text),
    style: (_: unknown, text: string) => text,
    width: null,
  }
  const status = await runAt(clock, { command: reportCommand, options: new Options({}), operands, terminal })
  assert.equal(status, 0)
  return out
}

/** Each line is a message of its own. */
function received(time: string, id: string): string {
  return `${time} mx postfix/smtpd[1]: ${id}: client=mail.example.com[192.0.2.1]`
}

function count(report: string): string {
  return /^ +(\d+) {3}received$/m.exec(report)?.[1] ?? 'none'
}

describe('T18.3 -d yesterday in the whole command', () => {
  const zone = process.env['TZ']
  after(() => {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  })

  const cases = [
    [
      '2026-03-30T04:00:00+02:00',
      'Mar 29',
      [
        'Mar 28 23:59:59',
        'Mar 29 00:00:00',
        'Mar 29 01:59:59',
        'Mar 29 03:00:00',
        'Mar 29 23:59:59',
        'Mar 30 00:00:00',
      ],
      '4',
    ],
    [
      '2026-10-26T04:00:00+01:00',
      'Oct 25',
      [
        'Oct 24 23:59:59',
        'Oct 25 00:00:00',
        'Oct 25 02:30:00',
        'Oct 25 02:30:00',
        'Oct 25 23:59:59',
        'Oct 26 00:00:00',
      ],
      '4',
    ],
    [
      '2026-01-01T04:00:00+01:00',
      'Dec 31',
      ['Dec 30 23:59:59', 'Dec 31 00:00:00', 'Dec 31 23:59:59', 'Jan  1 00:00:00'],
      '2',
    ],
  ] as const
  for (const [now, title, times, expected] of cases)
    test(`at ${now} in Berlin is ${title}, in a log without years`, async t => {
      process.env['TZ'] = 'Europe/Berlin'
      const path = write(
        t,
        times.map((time, index) => received(time, `A${index}`)),
      )
      const report = await reportAt(now, '-d', 'yesterday', path)
      assert.ok(report.startsWith(`Postfix log summaries for ${title}\n`), report.slice(0, 60))
      assert.equal(count(report), expected)
    })

  test('a range over new year, in a log without years and in one with', async t => {
    process.env['TZ'] = 'Europe/Berlin'
    const range = ['-d', '2025-12-31..2026-01-01']
    const old = write(
      t,
      ['Dec 30 12:00:00', 'Dec 31 12:00:00', 'Jan  1 12:00:00', 'Jan  2 12:00:00'].map((time, index) =>
        received(time, `A${index}`),
      ),
    )
    const { utimesSync } = await import('node:fs')
    utimesSync(old, new Date('2026-01-02T13:00:00+01:00'), new Date('2026-01-02T13:00:00+01:00'))
    assert.equal(count(await reportAt('2026-01-03T04:00:00+01:00', ...range, old)), '2')
    const dated = write(
      t,
      ['2025-12-31', '2026-01-01', '2026-12-31'].map((day, index) => received(`${day}T12:00:00.1+01:00`, `A${index}`)),
    )
    assert.equal(count(await reportAt('2027-01-03T04:00:00+01:00', ...range, dated)), '2')
  })
})

describe('postern report', () => {
  test('tells what is wrong with the command line in one sentence, with status 2', async () => {
    const bad = await postern('report', '--problem-frist')
    assert.deepEqual([bad.status, bad.out], [2, ''])
    assert.equal(
      bad.err,
      'postern report: unknown option --problem-frist: did you mean --problems-first?\nTry "postern help report".\n',
    )
  })

  test('--unprocd-file gets the lines of Postfix that are not understood', async t => {
    const path = write(t, [
      received('Nov 24 04:00:00', 'A1'),
      'Nov 24 04:00:01 mx postfixadmin: oddity',
      'Nov 24 04:00:01 mx dovecot: hello',
      'postfix without a time',
    ])
    const file = `${path}.unprocessed`
    await reportAt('2026-11-24T04:00:00Z', '--unprocd-file', file, path)
    assert.deepEqual(readFileSync(file, 'latin1').split('\n').sort(), [
      '',
      'Nov 24 04:00:01 mx postfixadmin: oddity',
      'postfix without a time',
    ])
  })

  test("pflogsumm's file of options, and what --dump-config prints", async t => {
    const path = write(t, ['[default]', 'problems-first = true', 'detail = none'])
    assert.equal(
      (await postern('report', '--config', path, '--dump-config', '-u', '3')).out,
      'problems-first = true\ndetail = none\nuser-cnt = 3\n',
    )
  })

  test('T18.4 a content filter counts once, if so asked', async t => {
    const line = (text: string): string => `Nov 24 04:00:00 mx postfix/${text}`
    const path = write(t, [
      line('smtpd[1]: A1: client=mail.example.com[192.0.2.1]'),
      line('qmgr[2]: A1: from=<a@example.com>, size=1000, nrcpt=1 (queue active)'),
      line('smtpd[3]: B1: client=localhost[127.0.0.1]'),
      line('qmgr[2]: B1: from=<a@example.com>, size=1100, nrcpt=1 (queue active)'),
      line(
        'smtp[4]: A1: to=<you@here.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as B1)',
      ),
      line(
        'local[5]: B1: to=<you@here.example>, relay=local, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (delivered to mailbox)',
      ),
    ])
    const totals = async (...options: readonly string[]): Promise<readonly string[]> =>
      /^ +(\d+) {3}received\n +(\d+) {3}delivered$/m
        .exec(await reportAt('2026-11-24T05:00:00Z', ...options, path))
        ?.slice(1) ?? []
    assert.deepEqual(await totals(), ['2', '2'])
    assert.deepEqual(await totals('--filter-relay', '127.0.0.1:10024', '--filter-client', '127.0.0.1'), ['1', '1'])
    assert.equal((await postern('report', '--filter-relay', 'x', path)).status, 2)
  })
})
