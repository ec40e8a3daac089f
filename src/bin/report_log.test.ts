import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { chooseLog, configuredLog } from './report_log.ts'

function logs(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-logs-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const [name, time] of Object.entries(files)) {
    writeFileSync(join(directory, name), '')
    utimesSync(join(directory, name), new Date(time), new Date(time))
  }
  return directory
}

const DAY = { year: 2026, month: 11, day: 23 }
const YESTERDAY = { first: DAY, last: DAY, title: 'Nov 23' }

function config(values: { report?: string; log?: string; maillog?: string }) {
  return {
    postern_report_log: values.report ?? '',
    postern_log: values.log ?? 'stdout:',
    maillog_file: values.maillog ?? '',
  }
}

describe('G24 the log that a report is about', () => {
  test('is what was named', () => {
    const choice = { files: ['b', '-', 'a'], journal: false, dates: YESTERDAY, config: null }
    assert.deepEqual(chooseLog(choice), [{ kind: 'file', path: 'b' }, { kind: 'stdin' }, { kind: 'file', path: 'a' }])
    assert.deepEqual(chooseLog({ ...choice, journal: true, files: [] }), [{ kind: 'journal' }])
  })

  test('is the file that this gateway logs to, or Postfix', t => {
    const directory = logs(t, { own: '2026-11-24', postfix: '2026-11-24' })
    const at = (values: Parameters<typeof config>[0]) => configuredLog({ dates: null, config: config(values) })
    assert.deepEqual(at({ log: `file:${directory}/own`, maillog: `${directory}/postfix` }), [
      { kind: 'file', path: `${directory}/own` },
    ])
    assert.deepEqual(at({ maillog: `${directory}/postfix` }), [{ kind: 'file', path: `${directory}/postfix` }])
    assert.deepEqual(at({ report: 'journal:', log: `file:${directory}/own` }), [{ kind: 'journal' }])
    assert.deepEqual(at({ report: `${directory}/x, ${directory}/y` }).length, 2)
  })

  test('begins with what was rotated since the first day, oldest first', t => {
    const directory = logs(t, {
      'mail.log': '2026-11-24T04:00:00',
      'mail.log.1': '2026-11-24T00:00:03',
      'mail.log-20261123.gz': '2026-11-23T06:00:00',
      'mail.log.2.xz': '2026-11-22T23:59:00',
      'mail.log.old': '2026-11-24T00:00:00',
      'mail.log.1.bz2': '2026-11-24T00:00:00',
      'mail.log2.1': '2026-11-24T00:00:00',
    })
    const chosen = configuredLog({ dates: YESTERDAY, config: config({ report: `${directory}/mail.log` }) })
    assert.deepEqual(
      chosen.map(place => (place.kind === 'file' ? place.path.slice(directory.length + 1) : place.kind)),
      ['mail.log-20261123.gz', 'mail.log.1', 'mail.log'],
    )
    assert.equal(configuredLog({ dates: null, config: config({ report: `${directory}/mail.log` }) }).length, 1)
  })
})
