import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { dkim, makeEnvelope, makeFailure, makeVerdict, RECORD, spf } from '../../test/support/dmarc_verdict.ts'
import type { MessageVerdict } from '../model/mail_auth.ts'
import { Aggregation, type DomainReport, MAX_RECORDS } from './aggregation.ts'
import { makeReport } from './make_report.ts'
import { readReports } from './read/read_reports.ts'
import { formatRow, parseRow, reportRow } from './row.ts'
import { wantedReports } from './run.ts'
import type { ReportSettings } from './settings.ts'

const DAY = '2026-11-23'
const NOON = Date.parse(`${DAY}T12:00:00Z`) / 1000
const SETTINGS: ReportSettings = {
  from: 'dmarc@here.example',
  submitter: 'here.example',
  orgName: 'Here & <There>',
  contact: 'postmaster@here.example',
  extraContact: 'https://here.example/?a=1&b=2',
  generator: 'Postern 1.0',
  discoveryMethod: 'treewalk',
  tries: 3,
  retention: 604_800,
  skipDomains: [],
}

type Said = readonly [verdict: MessageVerdict, clientAddress?: string]

function aggregate(messages: readonly Said[]): readonly DomainReport[] {
  const aggregation = new Aggregation()
  for (const [i, [verdict, clientAddress = '192.0.2.1']] of messages.entries()) {
    const row = reportRow(verdict, makeEnvelope({ clientAddress }), NOON + i)
    // Through its line, as in a file.
    const read = row === null ? null : parseRow(formatRow(row))
    if (read !== null) aggregation.add(read)
  }
  return aggregation.reports()
}

const hasXmllint = spawnSync('xmllint', ['--version']).status === 0
const SCHEMA = fileURLToPath(new URL('testdata/rfc9990.xsd', import.meta.url))

/** What xmllint has to say; '' is: valid. */
function validate(xml: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-dmarc-'))
  writeFileSync(join(directory, 'report.xml'), xml)
  const { status, stderr } = spawnSync('xmllint', ['--noout', '--schema', SCHEMA, join(directory, 'report.xml')], {
    encoding: 'utf8',
  })
  rmSync(directory, { recursive: true })
  return status === 0 ? '' : stderr
}

describe('T12.1 aggregate reports', () => {
  test('100 mails from 2 addresses are 2 records with their counts', () => {
    const messages = Array.from(
      { length: 100 },
      (_, i): Said => [makeVerdict(), i % 4 === 0 ? '192.0.2.1' : '2001:db8::7'],
    )
    const [report, ...others] = aggregate(messages)
    assert.ok(report !== undefined && others.length === 0)
    const made = makeReport(report, DAY, SETTINGS)
    assert.equal(made.fileName, 'here.example!example.org!1795392000!1795478399.xml.gz')
    assert.equal(made.reportId, '2026-11-23_example.org@here.example')
    assert.equal(gunzipSync(made.gzip).toString(), made.xml)
    const [read] = readReports(made.gzip)
    assert.deepEqual(
      read?.records.map(({ sourceIp, count }) => [sourceIp, count]),
      [
        ['192.0.2.1', 25],
        ['2001:db8::7', 75],
      ],
    )
    assert.equal(read?.format, 'rfc9990')
    assert.deepEqual(read?.metadata, {
      orgName: 'Here & <There>',
      email: 'postmaster@here.example',
      extraContactInfo: 'https://here.example/?a=1&b=2',
      reportId: '2026-11-23_example.org@here.example',
      begin: 1_795_392_000,
      end: 1_795_478_399,
      errors: [],
      generator: 'Postern 1.0',
    })
    assert.deepEqual(read?.records[0], {
      sourceIp: '192.0.2.1',
      count: 25,
      disposition: 'pass',
      dkim: 'pass',
      spf: 'fail',
      reasons: [],
      headerFrom: 'example.org',
      envelopeFrom: 'bounce.example.net',
      envelopeTo: '',
      dkimResults: [{ domain: 'example.org', result: 'pass', selector: 's1', scope: '', humanResult: '' }],
      spfResults: [{ domain: 'bounce.example.net', result: 'softfail', selector: '', scope: 'mfrom', humanResult: '' }],
    })
  })

  test('whatever differs for the domain makes a record of its own', () => {
    const [report] = aggregate([
      [makeVerdict()],
      [makeVerdict()],
      [makeFailure()],
      [makeFailure({ disposition: 'none', override: { type: 'mailing_list', comment: 'arc=pass' } })],
      [makeVerdict({ dmarc: { fromDomain: 'news.example.org' } })],
      [makeVerdict({ dkim: [dkim('pass', 'example.org', 's2')] })],
      [makeVerdict({ spf: { helo: null, mailfrom: spf('pass', 'bounce.example.net') } })],
    ])
    assert.deepEqual(
      report?.records.map(({ count }) => count),
      [2, 1, 1, 1, 1, 1],
    )
  })

  test('each policy domain has a report, with its last policy of the day', () => {
    const changed = { ...RECORD, p: 'none' as const, rua: ['mailto:new@example.org'] }
    const reports = aggregate([
      [makeVerdict()],
      [makeVerdict({ dmarc: { policyDomain: 'a.example' } })],
      [makeVerdict({ dmarc: { record: changed, policy: 'none' } })],
    ])
    assert.deepEqual(
      reports.map(({ policy, messages }) => [policy.domain, policy.p, policy.rua, messages]),
      [
        ['a.example', 'reject', RECORD.rua, 1],
        ['example.org', 'none', changed.rua, 2],
      ],
    )
  })

  test('of many domains those with most messages come first', () => {
    const names = ['a.example', 'b.example', 'b.example', 'no name', 'c.example', 'b.example', 'c.example']
    const reports = aggregate(names.map((name): Said => [makeVerdict({ dmarc: { policyDomain: name } })]))
    const made = [...wantedReports(reports, DAY, SETTINGS)].map(({ made: { domain, messages } }) => [domain, messages])
    assert.deepEqual(made, [
      ['b.example', 3],
      ['c.example', 2],
      ['a.example', 1],
    ])
  })

  test('a flood of different records is bounded, and told', () => {
    const aggregation = new Aggregation()
    for (let i = 0; i < MAX_RECORDS + 7; i++) {
      const row = reportRow(makeVerdict(), makeEnvelope({ sender: `x@${i}.example` }), NOON)
      if (row !== null) aggregation.add(row)
    }
    const [report] = aggregation.reports()
    assert.ok(report !== undefined)
    assert.deepEqual([report.records.length, report.leftOut, report.messages], [MAX_RECORDS, 7, MAX_RECORDS + 7])
    const made = makeReport({ ...report, records: report.records.slice(0, 1) }, DAY, SETTINGS)
    assert.match(made.xml, /<error>7 messages are left out/)
  })

  test('reports are valid by the tables of RFC 9990', { skip: hasXmllint ? false : 'no xmllint is installed' }, () => {
    const odd = '\u0000\u0007<>&"\ud800\ufffe]]>'
    const [report] = aggregate([
      [makeVerdict(), '2001:db8::7'],
      [makeVerdict({ spf: { helo: null, mailfrom: null }, dkim: [] })],
      [
        makeFailure({
          dmarc: {
            testing: true,
            policy: 'quarantine',
            record: { ...RECORD, testing: true, sp: 'none', np: 'reject', fo: '1:d:s' },
          },
        }),
      ],
      [makeFailure({ disposition: 'none', override: { type: 'forwarded', comment: odd } })],
      [makeFailure({ disposition: 'quarantine' })],
      [makeFailure({ dkim: [dkim('permerror', `d${odd}`, `s${odd}`), dkim('fail', 'b.example', 's')] })],
    ])
    assert.ok(report !== undefined)
    const made = makeReport(report, DAY, SETTINGS)
    assert.equal(validate(made.xml), '')
    // And the schema does say no.
    assert.notEqual(validate(made.xml.replace('<disposition>pass<', '<disposition>fine<')), '')
    assert.notEqual(validate(made.xml.replace(/<identifiers>.*?<\/identifiers>/s, '')), '')
    assert.equal(readReports(Buffer.from(made.xml))[0]?.records.length, 6)
  })
})

describe('rows', () => {
  const cases: readonly (readonly [string, MessageVerdict, string])[] = [
    ['passed', makeVerdict(), 'pass'],
    ['passed under p=none', makeVerdict({ dmarc: { policy: 'none' } }), 'none'],
    ['refused', makeFailure(), 'reject'],
    ['marked', makeFailure({ disposition: 'quarantine' }), 'quarantine local_policy'],
    ['let through', makeFailure({ disposition: 'none' }), 'none local_policy'],
    [
      'an exception',
      makeFailure({ disposition: 'none', override: { type: 'trusted_forwarder', comment: 'a' } }),
      'none trusted_forwarder',
    ],
    ['forwarded', makeFailure({ disposition: 'none', override: { type: 'forwarded', comment: 'a' } }), 'none other'],
    [
      't=y',
      makeFailure({ disposition: 'quarantine', dmarc: { testing: true, policy: 'quarantine' } }),
      'quarantine policy_test_mode',
    ],
    ['no record', makeVerdict({ dmarc: { record: null, policyDomain: '' } }), 'no row'],
    ['no answer of the DNS', makeVerdict({ dmarc: { result: 'temperror' } }), 'no row'],
    ['it comes again', makeVerdict({}, 'tempfail'), 'no row'],
  ]
  for (const [name, verdict, expected] of cases)
    test(name, () => {
      const row = reportRow(verdict, makeEnvelope(), NOON)
      const said = row === null ? 'no row' : [row.key.disposition, ...row.key.reasons.map(({ type }) => type)].join(' ')
      assert.equal(said, expected)
    })

  test('signatures stand in the order of RFC 9990 3.1.3', () => {
    const signatures = [
      dkim('fail', 'example.org', 'd'),
      dkim('pass', 'example.net', 'c'),
      dkim('pass', 'mail.example.org', 'b'),
      dkim('pass', 'example.org', 'a'),
      dkim('fail', '', 'x'),
    ]
    const row = reportRow(makeVerdict({ dkim: signatures }), makeEnvelope(), NOON)
    assert.deepEqual(
      row?.key.dkimResults.map(({ selector }) => selector),
      ['a', 'b', 'c', 'd'],
    )
  })

  test('however long the names of a stranger are, a row stays a line that is read', () => {
    const long = '\u0001'.repeat(10_000)
    const signatures = Array.from({ length: 1000 }, () => ({ ...dkim('fail', long, long), problem: long }))
    const record = {
      ...RECORD,
      fo: long,
      rua: Array.from({ length: 1000 }, () => `mailto:a@${'x'.repeat(400)}.example`),
    }
    const override = { type: 'other' as const, comment: long }
    const mailfrom = { ...spf('permerror', long), problem: long }
    const verdict = makeFailure({
      dmarc: { record, fromDomain: long },
      dkim: signatures,
      override,
      spf: { helo: null, mailfrom },
    })
    const row = reportRow(verdict, makeEnvelope({ sender: `a@${long}` }), NOON)
    assert.ok(row !== null)
    const line = formatRow(row)
    assert.ok(line.length < 200_000, `${line.length}`)
    assert.deepEqual(parseRow(line), row)
  })

  test('the null sender has no domain', () => {
    assert.equal(reportRow(makeVerdict(), makeEnvelope({ sender: '' }), NOON)?.key.envelopeFrom, '')
  })

  for (const line of ['', '{}', 'null', '[]', '{"time":1,"policy":{},"key":{}}', '{"time":1,"policy":null,"key":null}'])
    test(`a line that is no row is none: ${line}`, () => assert.equal(parseRow(line), null))
})
