import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { systemClock } from '../util/clock.ts'
import { formatTimestamp, type LogConfig, openLog, parseLogTarget, prefixed } from './log.ts'
import { LogWriter } from './log_writer.ts'

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-log-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

const CONFIG: LogConfig = {
  postern_log: 'stdout:',
  postern_log_format: 'postfix',
  syslog_name: 'postfix',
  syslog_facility: 'mail',
  info_log_address_format: 'external',
  smtputf8_enable: true,
  mail_version: '3.7.11',
  postern_smtp_listen: [{ kind: 'inet', address: '', port: 25, text: 'inet::25', words: null }],
}

describe('parseLogTarget()', () => {
  const cases: readonly [string, ReturnType<typeof parseLogTarget>][] = [
    ['stdout:', { kind: 'stdout' }],
    ['file:/var/log/mail.log', { kind: 'file', path: '/var/log/mail.log' }],
    ['syslog:', { kind: 'syslog', server: null }],
    ['syslog:127.0.0.1', { kind: 'syslog', server: { address: '127.0.0.1', port: 514 } }],
    ['syslog:[::1]:5514', { kind: 'syslog', server: { address: '::1', port: 5514 } }],
    ['file:', null],
    ['journal:', null],
    ['', null],
  ]
  for (const [text, target] of cases) {
    test(`reads "${text}"`, () => assert.deepEqual(parseLogTarget(text), target))
  }
})

test('prefixed() writes the time as syslogd does', () => {
  const line = { daemon: 'smtpd', severity: 'info', text: 'connect from unknown[192.0.2.7]' } as const
  const time = new Date(2026, 10, 4, 5, 6, 7).getTime()
  const text = prefixed(line, { timestamp: formatTimestamp(time), host: 'mx1', name: 'postfix', pid: 4711 })
  assert.equal(text, 'Nov  4 05:06:07 mx1 postfix/smtpd[4711]: connect from unknown[192.0.2.7]')
})

describe('openLog()', () => {
  test('G18 nothing says "postfix" that a Postfix beside a mere policy server has not said', async t => {
    const path = join(temporary(t), 'mail.log')
    const config = { ...CONFIG, postern_log: `file:${path}`, postern_smtp_listen: [] }
    const log = openLog({ config, clock: systemClock, pid: 7 })
    log.emit({ kind: 'info', text: 'terminating', daemon: 'master' })
    log.emit({ kind: 'warning', text: 'memory /m: No space left on device' })
    log.emit({ kind: 'info', text: 'action=pass, reason=triplet found', daemon: 'postgrey' })
    log.emit({ kind: 'warning', text: 'too long', daemon: 'postern/policy' })
    await log.close()
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    assert.deepEqual(
      lines.map(line => /^\w{3} [ \d]\d [\d:]{8} \S+ (.*)$/.exec(line)?.[1]),
      [
        'postern[7]: terminating',
        'postern[7]: warning: memory /m: No space left on device',
        'postgrey[7]: action=pass, reason=triplet found',
        'postern/policy[7]: warning: too long',
      ],
    )
  })

  test("appends Postfix's lines to a file, under syslog_name", async t => {
    const path = join(temporary(t), 'mail.log')
    const config = { ...CONFIG, postern_log: `file:${path}`, syslog_name: 'gate' }
    const log = openLog({ config, clock: systemClock, pid: 7 })
    log.emit({ kind: 'connect', client: 'unknown[192.0.2.7]' })
    log.emit({ kind: 'warning', text: 'odd', daemon: 'master' })
    await log.close()
    const lines = readFileSync(path, 'utf8').split('\n')
    assert.match(lines[0] ?? '', /^\w{3} [ \d]\d [\d:]{8} \S+ gate\/smtpd\[7\]: connect from unknown\[192\.0\.2\.7\]$/)
    assert.match(lines[1] ?? '', / gate\/master\[7\]: warning: odd$/)
    assert.equal(lines.length, 3)
  })

  test('writes JSON if asked to', async t => {
    const path = join(temporary(t), 'mail.json')
    const log = openLog({
      config: { ...CONFIG, postern_log: `file:${path}`, postern_log_format: 'json' },
      clock: systemClock,
      pid: 7,
    })
    log.emit({ kind: 'connect', client: 'unknown[192.0.2.7]' })
    await log.close()
    const line = JSON.parse(readFileSync(path, 'utf8'))
    assert.equal(line.kind, 'connect')
    assert.equal(line.message, 'connect from unknown[192.0.2.7]')
  })

  test('goes on in a new file after a rotation', async t => {
    const path = join(temporary(t), 'mail.log')
    const log = openLog({ config: { ...CONFIG, postern_log: `file:${path}` }, clock: systemClock, pid: 7 })
    log.emit({ kind: 'info', text: 'before' })
    await until(() => readFileSync(path, 'utf8').includes('before'))
    renameSync(path, `${path}.1`)
    log.reopen()
    log.emit({ kind: 'info', text: 'after' })
    await log.close()
    assert.match(readFileSync(path, 'utf8'), /^[^\n]*: after\n$/)
    assert.match(readFileSync(`${path}.1`, 'utf8'), /^[^\n]*: before\n$/)
  })
})

describe('LogWriter', () => {
  test('loses lines when nobody reads, says how many, and blocks nobody', async t => {
    const path = join(temporary(t), 'pipe')
    execFileSync('mkfifo', [path])
    // Open for both, so that opening does not wait for a reader; small, so that it is soon full.
    const fd = openSync(path, constants.O_RDWR)
    t.after(() => closeSync(fd))
    const writer = new LogWriter({
      fd: () => fd,
      clock: systemClock,
      batchBytes: 4096,
      maxWaitingBytes: 100_000,
      lostLine: count => `LOST ${count}`,
    })
    const line = 'x'.repeat(99)
    const began = performance.now()
    for (let i = 0; i < 10_000; i++) writer.add(line)
    // A million bytes: 65,536 fit into the pipe, 100,000 wait, the rest is lost; a blocking write would never return.
    assert.ok(performance.now() - began < 5000)
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    t.after(() => closeSync(reader))
    let read = ''
    await until(() => {
      read += readSome(reader)
      return read.length >= 100_000
    })
    writer.add('last')
    await until(() => {
      read += readSome(reader)
      return read.endsWith('last\n')
    })
    const lines = read.trimEnd().split('\n')
    const lost = Number(/^LOST (\d+)$/.exec(lines.at(-2) ?? '')?.[1])
    assert.equal(lines.filter(each => each === line).length + lost, 10_000)
    assert.ok(lost > 5000, `${lost} lost`)
  })

  test('flush() waits until all is written', async t => {
    const path = join(temporary(t), 'log')
    const fd = openSync(path, 'a')
    t.after(() => closeSync(fd))
    const writer = new LogWriter({
      fd: () => fd,
      clock: systemClock,
      batchBytes: 10,
      maxWaitingBytes: 1e6,
      lostLine: String,
    })
    for (let i = 0; i < 100; i++) writer.add(`line ${i}`)
    await writer.flush(10_000)
    assert.deepEqual(
      readFileSync(path, 'utf8').trimEnd().split('\n'),
      Array.from({ length: 100 }, (_, i) => `line ${i}`),
    )
  })
})

function readSome(fd: number): string {
  try {
    const buffer = Buffer.alloc(65_536)
    return buffer.toString('utf8', 0, readSync(fd, buffer))
  } catch (error) {
    // Nothing there at the moment.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return ''
    throw error
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (condition()) return
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  assert.fail(`not within five seconds: ${condition}`)
}
