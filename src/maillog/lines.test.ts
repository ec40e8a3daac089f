import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LineReader, MAX_LINE, readLogLines } from './lines.ts'

process.env['TZ'] = 'Europe/Berlin'
const newest = { year: 2026, month: 11, day: 25 }

/** All lines of a log, cut into chunks of `size` bytes. */
function read(log: string, size = 1 << 16) {
  const bytes = Buffer.from(log, 'latin1')
  const reader = new LineReader({ newest })
  const batches = []
  for (let at = 0; at < bytes.length; at += size) batches.push(reader.take(bytes.subarray(at, at + size)))
  batches.push(reader.end())
  return {
    lines: batches.flatMap(batch => batch.lines),
    headless: batches.flatMap(batch => batch.headless),
    cut: batches.reduce((sum, batch) => sum + batch.cut, 0),
  }
}

function parts(log: string) {
  const [line] = read(log).lines
  assert.ok(line, log)
  const { year, month, day, hour, minute, second } = line.time
  const two = (n: number): string => String(n).padStart(2, '0')
  const at = `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`
  return { at, host: line.host, program: line.program, pid: line.pid, message: line.message, form: line.form }
}

describe('T8.2, T18.1 every form of header gives the same parts', () => {
  const at = '2026-11-24 23:04:05'
  const line = 'postfix/smtpd[12]: connect from a.example[192.0.2.1]'
  const journal = {
    ...{ __REALTIME_TIMESTAMP: String(Date.parse('2026-11-24T22:04:06Z') * 1000), _HOSTNAME: 'mx', _PID: '12' },
    ...{
      _SOURCE_REALTIME_TIMESTAMP: String(Date.parse('2026-11-24T22:04:05Z') * 1000),
      SYSLOG_IDENTIFIER: 'postfix/smtpd',
    },
    MESSAGE: 'connect from a.example[192.0.2.1]',
  }
  const forms: Readonly<Record<string, readonly string[]>> = {
    rfc3164: [`Nov 24 23:04:05 mx ${line}`],
    rfc3339: [
      `2026-11-24T23:04:05.123456+01:00 mx ${line}`,
      `2026-11-24T23:04:05Z mx ${line}`,
      `2026-11-24T23:04:05+0100 mx ${line}`,
      `2026-11-24T23:04:05 mx ${line}`,
      `<22>2026-11-24T23:04:05+01:00 mx ${line}`,
    ],
    variant: [
      `Nov 24 2026 23:04:05 mx ${line}`,
      `Nov 24 23:04:05.123456 mx ${line}`,
      `2026-11-24 23:04:05,123 mx ${line}`,
      `Tue 2026-11-24 23:04:05 CET mx ${line}`,
    ],
    rfc5424: [
      '<22>1 2026-11-24T23:04:05.1+01:00 mx postfix/smtpd 12 - - connect from a.example[192.0.2.1]',
      '1 2026-11-24T23:04:05+01:00 mx postfix/smtpd 12 ID [a b="c\\]"][d] connect from a.example[192.0.2.1]',
    ],
    journal: [JSON.stringify(journal), JSON.stringify({ ...journal, MESSAGE: [...Buffer.from(journal.MESSAGE)] })],
  }
  for (const [form, logs] of Object.entries(forms))
    for (const log of logs)
      test(log.slice(0, 60), () => {
        const message = 'connect from a.example[192.0.2.1]'
        assert.deepEqual(parts(log), { at, host: 'mx', program: 'postfix/smtpd', pid: 12, message, form })
      })
  for (const prefix of [
    'mail-1  | ',
    '2026-11-24T22:04:09.123456789Z ',
    'mail-1  | 2026-11-24T22:04:09.123456789Z ',
    '2026-11-24T22:04:09.1Z stdout F ',
    '<22>',
  ])
    test(`T8.2 ${prefix}in front`, () => {
      assert.deepEqual(parts(`${prefix}Nov 24 23:04:05 mx ${line}`), parts(`Nov 24 23:04:05 mx ${line}`))
    })
  test("T8.2 Docker's json-file", () => {
    const log = JSON.stringify({
      log: `Nov 24 23:04:05 mx ${line}\n`,
      stream: 'stdout',
      time: '2026-11-24T22:04:05.1Z',
    })
    assert.deepEqual(parts(log), parts(`Nov 24 23:04:05 mx ${line}`))
    const bare = JSON.stringify({ log: `${line}\n`, stream: 'stdout', time: '2026-11-24T22:04:05.1Z' })
    assert.equal(parts(bare).at, at)
  })
  test('T8.2 a container whose lines have no time of their own', () => {
    const found = parts(`mail-1  | 2026-11-24T22:04:05.1Z ${line}`)
    assert.deepEqual([found.at, found.host, found.program, found.form], [at, 'mail-1', 'postfix/smtpd', 'container'])
  })
})

describe('program, pid and message', () => {
  const cases: [string, [string, number | null, string]][] = [
    ['postgrey: action=pass', ['postgrey', null, 'action=pass']],
    ['postgrey[1]: action=pass', ['postgrey', 1, 'action=pass']],
    ['postfix-out/submission/smtpd[4]: x: y', ['postfix-out/submission/smtpd', 4, 'x: y']],
    ['postfix/smtpd[4]: [ID 197553 mail.info] connect', ['postfix/smtpd', 4, 'connect']],
    ['last message repeated 3 times', ['', null, 'last message repeated 3 times']],
    ['postfix/smtpd[4]:', ['postfix/smtpd', 4, '']],
    ['a::b: c', ['a::b', null, 'c']],
    ['postfix/smtpd[x]: c', ['', null, 'postfix/smtpd[x]: c']],
  ]
  for (const [text, expected] of cases)
    test(text, () => {
      const found = parts(`Nov 24 23:04:05 mx ${text}`)
      assert.deepEqual([found.program, found.pid, found.message], expected)
      assert.equal(read(`Nov 24 23:04:05 mx ${text}`).lines[0]?.text, text)
    })
  test('no host: a message without blanks is not taken for the program', () => {
    const { lines } = read(
      '2026-11-24T23:04:05Z postfix/smtpd[4]: x\n2026-11-24T23:04:05Z postfix/smtpd[4]: connect from b',
    )
    assert.deepEqual(
      lines.map(line => [line.host, line.program, line.message]),
      [
        ['', 'postfix/smtpd', 'x'],
        ['', 'postfix/smtpd', 'connect from b'],
      ],
    )
  })
})

test('lines that are cut anywhere are whole again', () => {
  const log =
    'Nov 24 23:04:05 mx postfix/smtpd[4]: one \xc3\xbc\nnothing\n\nNov 24 23:04:06 mx postfix/smtpd[4]: two\r\nNov 24 23:04:06 mx a: last'
  for (let size = 1; size < 60; size++) {
    const { lines, headless, cut } = read(log, size)
    assert.deepEqual(
      lines.map(line => line.message),
      ['one \xc3\xbc', 'two', 'last'],
    )
    assert.deepEqual(
      lines.map(line => line.raw),
      [log.split('\n')[0], log.split('\n')[3]?.trimEnd(), log.split('\n')[4]],
    )
    assert.deepEqual([headless, cut], [['nothing'], 0])
  }
})

test('a line without end is cut, and the next one is read', () => {
  const head = 'Nov 24 23:04:05 mx a: '
  for (const size of [1 << 16, 1 << 22]) {
    const { lines, cut } = read(`${head}${'x'.repeat(MAX_LINE * 3)}\n${head}next`, size)
    assert.deepEqual(
      lines.map(line => line.raw.length),
      [MAX_LINE, head.length + 4],
    )
    assert.equal(cut, 1)
  }
})

test('what is no header is kept as it was', () => {
  const logs = [
    'Foo 24 23:04:05 mx a: b',
    'Nov 24 23:04 mx a: b',
    '{"a":1}',
    '{',
    'Nov 24 23:04:05',
    '2026-13-01T00:00:00Z a b: c',
  ]
  assert.deepEqual(read(logs.join('\n')).headless, logs)
})

test('T18.3 years are told over new year, and by 29 February', () => {
  const years = (...stamps: string[]) =>
    read(stamps.map(stamp => `${stamp} 00:00:00 mx a: b`).join('\n')).lines.map(line => line.time.year)
  assert.deepEqual(years('Dec 30', 'Dec 31', 'Jan  1', 'Nov 25'), [2025, 2025, 2026, 2026])
  assert.deepEqual(years('Dec 31', 'Jan  1', 'Dec 31', 'Jan  1'), [2025, 2026, 2025, 2026])
  assert.deepEqual(years('Nov 26'), [2026])
  assert.deepEqual(years('Nov 28'), [2025])
  assert.deepEqual(years('Feb 29', 'Mar  1'), [2024, 2024])
  assert.deepEqual(years('Dec 31 2019', 'Jan  1'), [2019, 2020])
})

test('T18.3 the hour that is there twice has the clock of the log', () => {
  const micros = (time: string) => String(Date.parse(time) * 1000)
  const at = (time: string) =>
    parts(JSON.stringify({ __REALTIME_TIMESTAMP: micros(time), SYSLOG_IDENTIFIER: 'a', MESSAGE: 'b' })).at
  assert.equal(at('2026-10-25T00:30:00Z'), '2026-10-25 02:30:00')
  assert.equal(at('2026-10-25T01:30:00Z'), '2026-10-25 02:30:00')
  assert.equal(at('2026-03-29T01:00:00Z'), '2026-03-29 03:00:00')
})

test('readLogLines gives what is left at the end', async () => {
  async function* chunks() {
    yield Buffer.from('Nov 24 23:04:05 mx a: b\nNov 24 23:04:0')
    yield Buffer.from('6 mx a: c')
  }
  const found: string[] = []
  for await (const batch of readLogLines(chunks(), { newest: null }))
    for (const line of batch.lines) found.push(`${line.time.year} ${line.time.second} ${line.message}`)
  assert.deepEqual(found, ['null 5 b', 'null 6 c'])
})
