import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseArguments } from './parse_arguments.ts'
import { formatOptionsFile, makeRequest, parseOptionsFile, type ReportRequest } from './request.ts'

const TODAY = { year: 2026, month: 11, day: 24 }

function request(line: string): ReportRequest {
  const parsed = parseArguments(line.split(' ').filter(word => word !== ''))
  if (!parsed.ok) assert.fail(parsed.message)
  const made = makeRequest(parsed.args, TODAY)
  if (!made.ok) assert.fail(made.message)
  return made.request
}

function refusal(line: string): string {
  const parsed = parseArguments(line.split(' '))
  if (!parsed.ok) assert.fail(parsed.message)
  const made = makeRequest(parsed.args, TODAY)
  return made.ok ? 'none' : made.message
}

describe('G25 what options ask for', () => {
  test('--detail is for all limits that say nothing themselves', () => {
    const { limits } = request('--detail 5 -h 2 --smtp-detail -1').options
    assert.deepEqual(limits, {
      hosts: 2,
      users: 5,
      bounces: 5,
      deferrals: 5,
      rejects: 5,
      smtp: 5,
      smtpdWarnings: 5,
      postscreen: 5,
    })
    assert.equal(request('').options.limits.rejects, -1)
    assert.equal(request('--detail 0 -u 7').options.limits.users, 7)
  })

  test('old names work, and say so', () => {
    const { options, remarks } = request('--no_reject_detail --no-smtpd-warnings --detail 3')
    assert.deepEqual([options.limits.rejects, options.limits.smtpdWarnings, options.limits.bounces], [0, 0, 3])
    assert.ok(options.noSmtpdWarnings)
    assert.deepEqual(remarks, [
      '"no_reject_detail" is deprecated, use "reject-detail=0" instead',
      '"no_smtpd_warnings" is deprecated, use "smtpd-warning-detail=0" instead',
    ])
  })

  test("years are pflogsumm's guess in its own report, and the log's elsewhere", () => {
    assert.equal(request('-d yesterday').options.years, 'guessed')
    assert.equal(request('-d 2026-11-23').options.years, 'log')
    assert.equal(request('--format json').options.years, 'log')
  })

  test('formats and languages', () => {
    assert.equal(request('--json').format, 'json')
    assert.equal(request('--format HTML --language de').format, 'html')
    assert.equal(refusal('--format pdf'), 'cannot use "pdf" for --format: expected text, html, json or prometheus')
    assert.equal(refusal('--language fr'), 'cannot use "fr" for --language: expected en or de')
    assert.equal(
      refusal('--syslog-name post(fix'),
      'cannot use "post(fix" for --syslog-name: expected a name or a regular expression',
    )
  })
})

describe("pflogsumm's configuration file", () => {
  test('is read, and the command line has the last word', () => {
    const file = parseOptionsFile(
      '# daily\n[default]\nproblems-first = true\nquiet=no\ndetail = 20\nuser-cnt = none\nsyslog-name =\n',
    )
    if (!file.ok) assert.fail('not taken')
    const parsed = parseArguments(['--detail', '30'])
    if (!parsed.ok) assert.fail(parsed.message)
    const made = makeRequest(parsed.args.withDefaults(file.values), TODAY)
    if (!made.ok) assert.fail(made.message)
    const { problemsFirst, quiet, limits } = made.request.options
    assert.deepEqual([problemsFirst, quiet, limits.hosts, limits.users], [true, false, 30, 0])
  })

  test('is told from a main.cf', () => {
    for (const text of ['', 'myhostname = mx.example.com\n', 'quiet = true\nmyhostname = mx\n', 'detail = many\n'])
      assert.ok(!parseOptionsFile(text).ok, text)
  })

  test('is what --dump-config prints', () => {
    const parsed = parseArguments(['-q', '--detail=0', '-d', 'last week', '--dump-config'])
    if (!parsed.ok) assert.fail(parsed.message)
    const text = formatOptionsFile(parsed.args)
    assert.equal(text, 'date-range = last week\nquiet = true\ndetail = none\n')
    assert.ok(parseOptionsFile(text).ok)
  })
})
