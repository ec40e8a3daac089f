/** The quick way over a log and the one by strings say the same, whatever the log holds. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { generateLog } from '../../../test/support/log_generator.ts'
import { LineReader } from '../../maillog/lines.ts'
import type { Facts } from '../facts.ts'
import { type CountOptions, defaultOptions } from '../options.ts'
import { BlockSummary } from './block_summary.ts'
import { Summary } from './summary.ts'

const RUNS = 60
/** Words that decide what a line is taken for. */
const WORDS = [
  ...[
    'from=<',
    'to=<',
    '>, size=1',
    ', relay=',
    ' reject: ',
    ' reject: RCPT from x: ',
    ': header x',
    'warning: ',
    'client=',
    '[1]: a: client=b[192.0.2.1]',
  ],
  ...[
    ': ',
    '; ',
    ',',
    '[',
    ']',
    '<',
    '>',
    ' ',
    '\r',
    '\t',
    '\0',
    '[ID 1 mail.info] ',
    'blocked',
    'Client host [',
    ' said: ',
    'forwarded as ',
    'removed',
    'postfix/',
    '\n',
  ],
]

async function byBlocks(log: Buffer, chunkBytes: number, options: CountOptions): Promise<Facts> {
  const summary = new BlockSummary(options)
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < log.length; at += chunkBytes) yield log.subarray(at, at + chunkBytes)
  }
  await summary.add(chunks(), { newest: null }, () => {})
  return summary.facts()
}

function byLines(log: Buffer, options: CountOptions): Facts {
  const summary = new Summary(options)
  const reader = new LineReader({ newest: null })
  for (const { lines, headless } of [reader.take(log), reader.end()]) {
    for (const line of lines) summary.take(line)
    summary.skip(headless.length)
  }
  return summary.facts()
}

const options: fc.Arbitrary<CountOptions> = fc
  .record(
    {
      ignoreCase: fc.boolean(),
      smtpdStats: fc.boolean(),
      zeroFill: fc.boolean(),
      noSizeless: fc.boolean(),
      noSmtpdWarnings: fc.boolean(),
      messageDetail: fc.boolean(),
      verboseDetail: fc.boolean(),
      rejectAddFrom: fc.boolean(),
      uucpMung: fc.boolean(),
      verpMung: fc.constantFrom(null, 1, 2),
      syslogName: fc.constantFrom('', '', 'postfix-out', 'dovecot|opendkim'),
      years: fc.constantFrom('guessed' as const, 'log' as const),
    },
    { noNullPrototype: true },
  )
  .map(some => ({ ...defaultOptions({ year: 2026, month: 11 }), ...some }))

/** Common options, with which the lanes are on. */
const plain = fc.constant<CountOptions>(defaultOptions({ year: 2026, month: 11 }))

interface Edit {
  readonly at: number
  readonly remove: number
  readonly insert: string
}

function edited(log: string, edits: readonly Edit[]): string {
  let text = log
  for (const { at, remove, insert } of edits) {
    const place = Math.floor(at * text.length)
    text = text.slice(0, place) + insert + text.slice(place + remove)
  }
  return text
}

describe('the lanes of the summary', () => {
  for (const form of ['rfc3164', 'rfc3339'] as const)
    test(`by bytes and by strings: the same (${form})`, async () => {
      const edit: fc.Arbitrary<Edit> = fc.record({
        at: fc.double({ min: 0, max: 0.999, noNaN: true }),
        remove: fc.nat(6),
        insert: fc.oneof(
          fc.constantFrom(...WORDS),
          fc.string({ unit: fc.nat(255).map(code => String.fromCharCode(code)), maxLength: 3 }),
        ),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            seed: fc.nat(),
            odd: fc.constantFrom(0.05, 0.6),
            edits: fc.array(edit, { maxLength: 60 }),
            chunkBytes: fc.integer({ min: 50, max: 5000 }),
            options: fc.oneof(plain, options),
          }),
          async ({ seed, odd, edits, chunkBytes, options: chosen }) => {
            const start = new Date(Date.UTC(2026, 10, 22, 23, 50))
            const text = edited([...generateLog({ seed, lines: 150, start, pace: 20, form, odd })].join(''), edits)
            const log = Buffer.from(text, 'latin1')
            assert.deepEqual(await byBlocks(log, chunkBytes, chosen), byLines(log, chosen))
          },
        ),
        { numRuns: RUNS },
      )
    })
})
