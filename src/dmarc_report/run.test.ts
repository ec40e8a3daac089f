import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { makeEnvelope, makeVerdict, RECORD } from '../../test/support/dmarc_verdict.ts'
import { makeFakeResolver } from '../../test/support/fake_resolver.ts'
import { ManualClock } from '../../test/support/manual_clock.ts'
import type { NextHop } from '../model/hop.ts'
import { DayLinesWriter } from '../store/report/day_lines.ts'
import { readReports } from './read/read_reports.ts'
import { formatRow, reportRow } from './row.ts'
import { dayOf, hasWork, type RunOptions, type RunResult, runReports } from './run.ts'
import type { ReportSettings } from './settings.ts'

const DAY_MS = 86_400_000
const SETTINGS: ReportSettings = {
  from: 'dmarc@here.example',
  submitter: 'here.example',
  orgName: 'Here',
  contact: 'postmaster@here.example',
  extraContact: '',
  generator: 'Postern',
  discoveryMethod: 'treewalk',
  tries: 3,
  retention: 7 * 86_400,
  skipDomains: ['skipped.example', '.below.example'],
}

interface Bench {
  readonly directory: string
  readonly clock: ManualClock
  readonly told: string[]
  /** "recipient" of each mail that was taken, and the mails. */
  readonly sent: string[]
  readonly mails: string[]
  /** The next hop's answer to a recipient; '' is ok. */
  answer: (recipient: string) => string
  collect(policyDomain: string, rua: readonly string[]): void
  run(changes?: Partial<RunOptions>): Promise<RunResult>
}

function bench(t: TestContext): Bench {
  const directory = mkdtempSync(join(tmpdir(), 'postern-run-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const clock = new ManualClock()
  const told: string[] = []
  const sent: string[] = []
  const mails: string[] = []
  const self: Bench = {
    ...{ directory, clock, told, sent, mails },
    answer: () => '',
    collect(policyDomain, rua) {
      const writer = new DayLinesWriter({ directory, pid: 1, onTrouble: problem => told.push(String(problem)) })
      const record = { ...RECORD, rua }
      const verdict = makeVerdict({ dmarc: { policyDomain, fromDomain: policyDomain, record } })
      const row = reportRow(verdict, makeEnvelope(), clock.now() / 1000)
      assert.ok(row !== null)
      writer.add(dayOf(clock.now()), formatRow(row))
      writer.close()
    },
    run: changes =>
      runReports({
        ...{
          directory,
          clock,
          settings: SETTINGS,
          settleMs: 600_000,
          day: null,
          hostname: 'mx.here.example',
          signer: null,
        },
        hop: hopOf(self),
        world: {
          resolver: makeFakeResolver({ TXT: { 'a.example._report._dmarc.out.example': ['v=DMARC1'] } }),
          organizationalDomain: async domain => ({ domain }),
        },
        info: text => told.push(text),
        warn: text => told.push(`warning: ${text}`),
        ...changes,
      }),
  }
  return self
}

function hopOf(self: Bench): NextHop {
  return {
    begin(envelope) {
      assert.equal(envelope.sender, SETTINGS.from)
      let recipient = ''
      return {
        async addRecipient(address) {
          recipient = address
          const reply = self.answer(address)
          return reply === '' ? { ok: true } : { ok: false, reply }
        },
        async data(message) {
          let text = ''
          for await (const chunk of message) text += Buffer.from(chunk).toString('latin1')
          self.sent.push(recipient)
          self.mails.push(text)
          return { outcome: 'taken', reply: '250 2.0.0 Ok', recipients: [] }
        },
        abort: () => undefined,
        isLost: false,
      }
    },
    close: async () => undefined,
  }
}

describe('T12.1 the mail of a report', () => {
  test('carries the gzip file under its name, with the subject of RFC 9990', async t => {
    const self = bench(t)
    self.collect('a.example', ['mailto:rua@a.example'])
    await self.clock.advance(DAY_MS + 600_000)
    assert.deepEqual(await self.run(), { days: ['2026-01-01'], made: 1, sent: 1, deferred: 0, dropped: 0 })
    const [mail = ''] = self.mails
    const unfolded = mail.replace(/\r\n\t/g, ' ')
    assert.match(
      unfolded,
      /\r\nSubject: Report Domain: a\.example Submitter: here\.example Report-ID: <2026-01-01_a\.example@here\.example>\r\n/,
    )
    assert.match(mail, /filename="here\.example!a\.example!1767225600!1767311999\.xml\.gz"/)
    assert.match(mail, /^From: <dmarc@here\.example>\r\nTo: <rua@a\.example>\r\n/)
    assert.ok(mail.split('\r\n').every(line => line.length <= 78 || line.startsWith('Content-')))
    assert.equal(mail.replaceAll('\r\n', '').includes('\n'), false)
    const [report] = readReports(Buffer.from(mail))
    assert.equal(report?.policy.domain, 'a.example')
  })
})

describe('T12.3 sending', () => {
  test('nothing is sent of a day that is not over, or was sent before', async t => {
    const self = bench(t)
    self.collect('a.example', ['mailto:rua@a.example'])
    assert.equal(hasWork(self.directory, self.clock.now(), 600_000), false)
    assert.equal((await self.run()).made, 0)
    await self.clock.advance(DAY_MS)
    // Ten past midnight.
    assert.equal((await self.run()).made, 0)
    await self.clock.advance(600_000)
    assert.equal(hasWork(self.directory, self.clock.now(), 600_000), true)
    assert.equal((await self.run()).sent, 1)
    assert.equal(hasWork(self.directory, self.clock.now(), 600_000), false)
    assert.equal((await self.run()).sent, 0)
    // Asked for, it is sent again under the same name.
    assert.equal((await self.run({ day: '2026-01-01' })).sent, 1)
    assert.equal(new Set(self.mails.map(mail => /^Message-ID: .*$/m.exec(mail)?.[0])).size, 1)
  })

  test('after a late start all days that are kept are reported', async t => {
    const self = bench(t)
    for (let day = 0; day < 3; day++) {
      self.collect('a.example', ['mailto:rua@a.example'])
      await self.clock.advance(DAY_MS)
    }
    await self.clock.advance(600_000)
    assert.deepEqual((await self.run()).days, ['2026-01-01', '2026-01-02', '2026-01-03'])
  })

  test('a destination that cannot be reached is tried again and dropped after the third time', async t => {
    const self = bench(t)
    self.collect('a.example', ['mailto:bad@a.example', 'mailto:good@a.example'])
    await self.clock.advance(DAY_MS + 600_000)
    self.answer = recipient => (recipient === 'bad@a.example' ? '451 4.4.1 connection refused' : '')
    const results = [await self.run(), await self.run(), await self.run(), await self.run()]
    assert.deepEqual(
      results.map(({ sent, deferred, dropped }) => [sent, deferred, dropped]),
      [
        [1, 1, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
      ],
    )
    assert.deepEqual(self.sent, ['good@a.example'])
    assert.ok(self.told.some(text => /^warning: .*bad@a\.example: given up after 3 tries: 451 4\.4\.1/.test(text)))
    assert.deepEqual(readdirSync(join(self.directory, 'outbox')), [])
  })

  test('one that comes back gets the same report', async t => {
    const self = bench(t)
    self.collect('a.example', ['mailto:rua@a.example'])
    await self.clock.advance(DAY_MS + 600_000)
    self.answer = () => '451 4.3.0 later'
    await self.run()
    self.answer = () => ''
    assert.equal((await self.run()).sent, 1)
    assert.match(self.mails[0] ?? '', /2026-01-01_a\.example@here\.example/)
  })

  test('one that refuses is dropped at once, and told', async t => {
    const self = bench(t)
    self.collect('a.example', ['mailto:rua@a.example'])
    await self.clock.advance(DAY_MS + 600_000)
    self.answer = () => '550 5.1.1 no such user'
    assert.deepEqual(await self.run(), { days: ['2026-01-01'], made: 1, sent: 0, deferred: 0, dropped: 1 })
    assert.ok(
      self.told.some(text => /^warning: .*not sent: 550 5\.1\.1/.test(text)),
      self.told.join('\n'),
    )
  })

  test('T12.2 outside addresses get it only with a record of theirs', async t => {
    const self = bench(t)
    self.collect('a.example', ['mailto:rua@out.example', 'mailto:rua@victim.example'])
    self.collect('b.example', ['mailto:rua@out.example'])
    await self.clock.advance(DAY_MS + 600_000)
    const { sent, dropped } = await self.run()
    assert.deepEqual([sent, dropped, self.sent], [1, 2, ['rua@out.example']])
  })

  test('too large for a destination is not sent there', async t => {
    const self = bench(t)
    self.collect('a.example', ['mailto:small@a.example!1k', 'mailto:large@a.example!10m'])
    await self.clock.advance(DAY_MS + 600_000)
    await self.run()
    assert.deepEqual(self.sent, ['large@a.example'])
  })

  test('domains of postern_dmarc_report_skip_domains get none', async t => {
    const self = bench(t)
    for (const domain of ['skipped.example', 'not.skipped.example', 'x.below.example', 'below.example'])
      self.collect(domain, [`mailto:rua@${domain}`])
    await self.clock.advance(DAY_MS + 600_000)
    await self.run()
    assert.deepEqual(self.sent, ['rua@not.skipped.example'])
  })

  test('a relay that defers everybody gets rest, and no report is lost', async t => {
    const self = bench(t)
    for (let i = 0; i < 50; i++) self.collect(`d${i}.example`, [`mailto:rua@d${i}.example`])
    await self.clock.advance(DAY_MS + 600_000)
    let asked = 0
    self.answer = () => {
      asked++
      return '451 4.3.0 queue file write error'
    }
    assert.equal((await self.run()).deferred, 50)
    assert.equal(asked, 20)
    self.answer = () => ''
    assert.equal((await self.run()).sent, 50)
  })

  test('what is old is forgotten', async t => {
    const self = bench(t)
    self.collect('a.example', ['mailto:rua@a.example'])
    await self.clock.advance(DAY_MS + 600_000)
    self.answer = () => '451 4.3.0 later'
    await self.run()
    await self.clock.advance(8 * DAY_MS)
    assert.deepEqual(await self.run(), { days: [], made: 0, sent: 0, deferred: 0, dropped: 0 })
    assert.deepEqual(readdirSync(self.directory).sort(), ['made', 'outbox'])
    assert.deepEqual(readdirSync(join(self.directory, 'made')), [])
    assert.deepEqual(readdirSync(join(self.directory, 'outbox')), [])
  })
})
