import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { generateLog } from '../../../test/support/log_generator.ts'
import { LineReader } from '../../maillog/lines.ts'
import type { Facts } from '../facts.ts'
import { defaultOptions, type ReportOptions } from '../options.ts'
import { BlockSummary, type LogSummary } from './block_summary.ts'
import { BLOCK_BYTES } from './blocks.ts'
import { Summary } from './summary.ts'
import { renderText } from './text/report_text.ts'
import { ThreadedSummary } from './threaded_summary.ts'

const TODAY = { year: 2026, month: 11 }

async function* inChunks(log: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(log, 'latin1')
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function factsBy(summary: LogSummary, chunks: AsyncIterable<Uint8Array>): Promise<Facts> {
  try {
    await summary.add(chunks, { newest: null }, () => {})
    return await summary.facts()
  } finally {
    await summary.close()
  }
}

function byBytes(log: string, options: Partial<ReportOptions> = {}): Promise<Facts> {
  return factsBy(new BlockSummary({ ...defaultOptions(TODAY), ...options }), inChunks(log, 1000))
}

/** By the patterns after pflogsumm. */
function byStrings(log: string, options: Partial<ReportOptions> = {}): Facts {
  const summary = new Summary({ ...defaultOptions(TODAY), ...options })
  const reader = new LineReader({ newest: null })
  for (const { lines, headless } of [reader.take(Buffer.from(log, 'latin1')), reader.end()]) {
    for (const line of lines) summary.take(line)
    summary.skip(headless.length)
  }
  return summary.facts()
}

function logOf(lines: number): string {
  const start = new Date(Date.UTC(2026, 10, 23, 12))
  return [...generateLog({ seed: 3, lines, start, pace: 86_400 / lines, form: 'rfc3164', odd: 0.1 })].join('')
}

describe('a log as bytes', () => {
  const line = (text: string): string => `Nov 24 10:00:00 mx postfix/${text}\n`
  const refused = (text: string): string => line(`smtpd[1]: NOQUEUE: reject: RCPT from a.b.com[192.0.2.1]: ${text}`)
  const hostile = {
    'a refusal with a client in it': refused(
      '450 4.7.25 Client host rejected: x [1]: a: client=b[192.0.2.2] y, z; to=<a@b>',
    ),
    'a refusal in a refusal': refused(
      '550 5.1.1 <x reject: DATA from y[1]: z>: Recipient address rejected: no, a; from=<q> to=<a@b>',
    ),
    'a message id that says a check': line('cleanup[1]: 4A: message-id=<x reject: header y>'),
    'a message id that says a sender': line('cleanup[1]: 4A: message-id=<from=<a@b>, size=3>'),
    'a server that says a sender': line('smtp[1]: 4A: to=<a@b>, relay=x, delay=1, status=sent (from=<c@d>, size=3)'),
    'forwarded by the next server':
      line('qmgr[1]: 4A: from=<a@b>, size=3') +
      line('smtp[1]: 4A: to=<a@b>, relay=x, delay=1, status=sent (forwarded as 4B)'),
    'two warnings': line('smtpd[1]: warning: a: warning: b'),
    'a warning of a carriage return': line('smtpd[1]: warning: a\r'),
    'a message of Solaris': line('smtpd[1]: [ID 197553 mail.info] 4A: client=b.c.com[192.0.2.1]'),
    'a message of 5 GB':
      line('qmgr[1]: 4A: from=<a@b>, size=5000000000') +
      line('local[1]: 4A: to=<c@d>, relay=local, delay=1, status=sent (ok)'),
    'an hour that no clock has': 'Nov 24 77:00:00 mx postfix/smtpd[1]: 4A: client=b.c.com[192.0.2.1]\n',
    'no host': 'Nov 24 10:00:00 postfix/smtpd[1]: 4A: client=b.c.com[192.0.2.1]\n',
    'a line within a line': 'Nov 24 10:00:00 mx Nov 23 09:00:00 mx postfix/smtpd[1]: 4A: client=b.c.com[192.0.2.1]\n',
    'no line break at the end': line('smtpd[1]: 4A: client=b.c.com[192.0.2.1]').trimEnd(),
    nothing: '',
  }
  for (const [name, log] of Object.entries(hostile))
    test(name, async () => assert.deepEqual(await byBytes(log), byStrings(log)))

  test('T18.3 the year goes on over new year, and a log may step back', async () => {
    const days = ['Dec 31', 'Jan  1', 'Dec 31', 'Jan  2', '2026-01-03T', 'Feb 29']
    const log = days
      .map(
        day =>
          `${day.endsWith('T') ? `${day}10:00:00+01:00` : `${day} 10:00:00`} mx postfix/pickup[1]: 4A: uid=0 from=<root>\n`,
      )
      .join('')
    for (const years of ['guessed', 'log'] as const)
      assert.deepEqual(await byBytes(log, { years }), byStrings(log, { years }))
  })

  test('a line of more than a block is cut, and what follows is read', async () => {
    const long = line(`smtpd[1]: 4A: client=b.c.com[192.0.2.1], ${'x'.repeat(BLOCK_BYTES * 2)}`)
    const { totals } = await byBytes(long + line('smtpd[1]: 4B: client=b.c.com[192.0.2.1]'))
    assert.equal(totals.received, 2)
  })

  test('a log that cannot be read to its end: what was read counts', async () => {
    const summary = new BlockSummary(defaultOptions(TODAY))
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(line('smtpd[1]: 4A: client=b.c.com[192.0.2.1]'))
      throw new Error('the disk is gone')
    }
    await assert.rejects(
      summary.add(chunks(), { newest: null }, () => {}),
      /the disk is gone/,
    )
    assert.equal((await summary.facts()).totals.received, 1)
  })
})

describe('a log by two threads', () => {
  test('the same report as by one, whatever the options', async () => {
    const log = logOf(12_000)
    for (const some of [{}, { smtpdStats: true, messageDetail: true }, { zeroFill: true, ignoreCase: true }]) {
      const options = { ...defaultOptions(TODAY), ...some }
      const expected = renderText(byStrings(log, some), options)
      assert.equal(renderText(await factsBy(new ThreadedSummary(options), inChunks(log, 1 << 16)), options), expected)
      assert.equal(renderText(await byBytes(log, some), options), expected)
    }
  })

  test('several logs, and every line is told', async () => {
    const log = logOf(3000)
    const summary = new ThreadedSummary(defaultOptions(TODAY))
    let lines = 0
    for (const part of [log, '', log])
      await summary.add(inChunks(part, 5000), { newest: null }, more => {
        lines += more
      })
    assert.equal(lines, 6000)
    assert.equal((await summary.facts()).lines.read, 6000)
    await summary.close()
  })

  test('an error of the log is told, and what came before it counts', async () => {
    const summary = new ThreadedSummary(defaultOptions(TODAY))
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('Nov 24 10:00:00 mx postfix/smtpd[1]: 4A: client=b.c.com[192.0.2.1]\n')
      throw new Error('the disk is gone')
    }
    await assert.rejects(
      summary.add(broken(), { newest: null }, () => {}),
      /the disk is gone/,
    )
    assert.equal((await summary.facts()).totals.received, 1)
    await summary.close()
  })
})
