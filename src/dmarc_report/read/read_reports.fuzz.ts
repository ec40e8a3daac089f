import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { Feedback } from '../feedback.ts'
import { writeFeedback } from '../write_xml.ts'
import { ReportSyntaxError } from './problem.ts'
import { readReports } from './read_reports.ts'

const SAMPLES = ['rfc7489.xml', 'rfc9990.xml', 'report.zip'].map(name =>
  readFileSync(new URL(`testdata/${name}`, import.meta.url)),
)
const MAIL = Buffer.from(
  `Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n${SAMPLES[2]?.toString('base64') ?? ''}\r\n--b--\r\n`,
)

function readsOrRefuses(bytes: Uint8Array): void {
  try {
    assert.ok(readReports(bytes).length > 0)
  } catch (error) {
    if (!(error instanceof ReportSyntaxError)) throw error
  }
}

test('any bytes are read or refused, never more', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), readsOrRefuses), { numRuns: 3000 })
})

test('bytes behind the marks of gzip, zip, XML and mail as well', () => {
  const marks = [
    '\x1f\x8b\x08',
    'PK\x03\x04',
    '<?xml',
    '<feedback>',
    'Subject: x\r\n',
    'Content-Type: multipart/x; boundary=a\r\n\r\n--a\r\n',
  ]
  const words = [
    '<a>',
    '</a>',
    '<feedback>',
    '</feedback>',
    '<record/>',
    '&#x110000;',
    '&amp;',
    '<![CDATA[',
    ']]>',
    '--a',
    '\r\n',
    '<!--',
    '<?',
    'PK\x05\x06',
  ]
  const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 10 })), { maxLength: 40 })
  fc.assert(
    fc.property(fc.constantFrom(...marks), text, (mark, rest) =>
      readsOrRefuses(Buffer.from(mark + rest.join(''), 'latin1')),
    ),
    { numRuns: 3000 },
  )
})

test('a sound report with any bytes changed, or cut off, is read or refused', () => {
  const change = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) })
  fc.assert(
    fc.property(
      fc.constantFrom(...SAMPLES, MAIL, ...SAMPLES.map(sample => gzipSync(sample))),
      fc.array(change, { maxLength: 5 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (sample, changes, part) => {
        const bytes = Buffer.from(sample.subarray(0, changes.length === 0 ? sample.length * part : sample.length))
        for (const { at, byte } of changes) bytes[at % Math.max(bytes.length, 1)] = byte
        readsOrRefuses(bytes)
      },
    ),
    { numRuns: 1500 },
  )
})

test('what is written is read again as it was, but for characters that XML has not', () => {
  // Blanks at the ends, and empty elements, are no different from none.
  const text = fc
    .string({ unit: 'binary', maxLength: 12 })
    .map(value => value.replace(/[^\x21-\x7e\xa1-\ud7ff\u{10000}-\u{10fffd}]/gu, ''))
  const filled = text.map(value => `x${value}`)
  const result = fc.record({
    ...{ domain: filled, selector: filled, result: fc.constantFrom('pass', 'fail'), humanResult: text },
    scope: fc.constant(''),
  })
  const record = fc.record({
    sourceIp: filled,
    count: fc.nat(),
    disposition: filled.map(() => 'none'),
    dkim: fc.constant('pass'),
    spf: fc.constant('fail'),
    reasons: fc.array(fc.record({ type: fc.constant('other'), comment: text }), { maxLength: 3 }),
    headerFrom: filled,
    envelopeFrom: text,
    envelopeTo: fc.constant(''),
    dkimResults: fc.array(result, { maxLength: 3 }),
    spfResults: fc.array(
      result.map(each => ({ ...each, selector: '', scope: 'mfrom' })),
      { maxLength: 1 },
    ),
  })
  const feedback: fc.Arbitrary<Feedback> = fc.record({
    version: fc.constant('1.0'),
    format: fc.constant('rfc9990'),
    metadata: fc.record({
      ...{ orgName: filled, email: filled, extraContactInfo: text, reportId: filled, generator: text },
      ...{ begin: fc.nat(), end: fc.nat(), errors: fc.constant([]) },
    }),
    policy: fc.record({
      ...{ domain: filled, p: fc.constant('none'), sp: text, np: text, adkim: text, aspf: text },
      ...{ discoveryMethod: text, fo: text, testing: text, pct: fc.constant('') },
    }),
    records: fc.array(record, { minLength: 1, maxLength: 4 }),
  })
  fc.assert(
    fc.property(feedback, report =>
      assert.deepEqual(readReports(Buffer.from(writeFeedback(report))), [structuredClone(report)]),
    ),
    { numRuns: 300 },
  )
})
