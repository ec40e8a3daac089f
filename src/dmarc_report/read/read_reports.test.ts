import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { ReportSyntaxError } from './problem.ts'
import { readReports } from './read_reports.ts'

function sample(name: string): Buffer {
  return readFileSync(new URL(`testdata/${name}`, import.meta.url))
}

const OLD = sample('rfc7489.xml')
const NEW = sample('rfc9990.xml')
const OLD_WANTED: unknown = JSON.parse(sample('rfc7489.want.json').toString())
const NEW_WANTED: unknown = JSON.parse(sample('rfc9990.want.json').toString())

interface Packed {
  readonly name: string
  readonly bytes: Uint8Array
  readonly method?: number
  readonly flags?: number
  readonly size?: number
}

/** APPNOTE.TXT 4.3.6 */
function makeZip(...files: readonly Packed[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const { name, bytes, method = 8, flags = 0, size = bytes.length } of files) {
    const packed = method === 8 ? deflateRawSync(bytes) : bytes
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(flags, 2)
    common.writeUInt16LE(method, 4)
    common.writeUInt32LE(crc32(bytes), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(size, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(at, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, tail, Buffer.from(name)]))
    parts.push(local)
    at += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06'), end])
}

function mail(parts: readonly string[], boundary = 'b"1'): Buffer {
  const quoted = boundary.replace(/"/g, '\\"')
  const head = [
    'Received: from mx.big.example',
    '\tby mx.example.org',
    'From: noreply-dmarc@big.example',
    'Subject: Report domain: example.org',
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed;\r\n boundary="${quoted}"`,
    '',
    'preamble',
  ]
  return Buffer.from(
    [...head, ...parts.flatMap(part => [`--${boundary}`, part]), `--${boundary}--`, 'epilogue'].join('\r\n'),
    'latin1',
  )
}

function attachment(type: string, bytes: Uint8Array): string {
  const body = Buffer.from(bytes)
    .toString('base64')
    .replace(/(.{76})/g, '$1\r\n')
  return `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}`
}

const TEXT = 'Content-Type: text/plain\r\n\r\nYour report is attached.'
const HTML = 'Content-Type: text/html\r\n\r\n<html><body>Your report</body></html>'

describe('T12.4 received reports give the expected JSON', () => {
  const quotedPrintable = OLD.toString().replace(/=/g, '=3D').replace(/\n/g, '=0A=\r\n')
  const cases: readonly (readonly [name: string, bytes: Uint8Array, wanted: unknown])[] = [
    ['plain, RFC 7489', OLD, OLD_WANTED],
    ['plain, RFC 9990, its namespace with a prefix, with extensions', NEW, NEW_WANTED],
    ['with a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), OLD]), OLD_WANTED],
    ['in UTF-16', Buffer.from(`\ufeff${OLD.toString().replace('UTF-8', 'UTF-16')}`, 'utf16le'), OLD_WANTED],
    ['gzip', gzipSync(OLD), OLD_WANTED],
    ['zip made by Info-ZIP', sample('report.zip'), OLD_WANTED],
    ['zip, stored', makeZip({ name: 'a.xml', bytes: OLD, method: 0 }), OLD_WANTED],
    ['gzip in a zip', makeZip({ name: 'a.xml.gz', bytes: gzipSync(NEW) }), NEW_WANTED],
    [
      'zip with other files',
      makeZip(
        { name: 'd/', bytes: Buffer.alloc(0), method: 0 },
        { name: 'x', bytes: Buffer.from('MZ') },
        { name: 'a.xml', bytes: OLD },
      ),
      OLD_WANTED,
    ],
    ['mail with gzip', mail([TEXT, attachment('application/gzip; name=x.xml.gz', gzipSync(NEW))]), NEW_WANTED],
    ['mail with zip and HTML', mail([TEXT, HTML, attachment('application/zip', sample('report.zip'))]), OLD_WANTED],
    [
      'mail with plain XML',
      mail([`Content-Type: text/xml\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${quotedPrintable}`]),
      OLD_WANTED,
    ],
    [
      'mail that is nothing but the file',
      Buffer.from(`Subject: x\r\n${attachment('application/zip', sample('report.zip'))}\r\n`),
      OLD_WANTED,
    ],
    [
      'a forwarded mail with LF',
      Buffer.from(
        mail([
          TEXT,
          `Content-Type: message/rfc822\r\n\r\n${mail([attachment('application/octet-stream', gzipSync(OLD))], 'inner').toString('latin1')}`,
        ])
          .toString('latin1')
          .replaceAll('\r\n', '\n'),
        'latin1',
      ),
      OLD_WANTED,
    ],
    [
      'a mail out of a mailbox',
      Buffer.concat([
        Buffer.from('From a@b.example Tue Nov 24\n'),
        mail([attachment('application/gzip', gzipSync(OLD))]),
      ]),
      OLD_WANTED,
    ],
  ]
  for (const [name, bytes, wanted] of cases) test(name, () => assert.deepEqual(readReports(bytes), wanted))

  test('several in one mail', () => {
    const both = mail([attachment('application/gzip', gzipSync(OLD)), attachment('application/gzip', gzipSync(NEW))])
    assert.deepEqual(
      readReports(both).map(({ format }) => format),
      ['rfc7489', 'rfc9990'],
    )
  })
})

describe('what is no report is refused, in bounded time and memory', () => {
  const text = OLD.toString()
  const huge = gzipSync(Buffer.alloc(150_000_000, 0x20))
  const deep = `<feedback>${'<a>'.repeat(100_000)}`
  const entities = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><feedback>&b;</feedback>`
  const external = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><feedback>&a;</feedback>`
  const cases: readonly (readonly [name: string, bytes: Uint8Array | string, message: RegExp])[] = [
    ['nothing', '', /neither XML, gzip, zip nor a mail/],
    ['something else', '\x7fELF', /neither/],
    ['a mail without one', mail([TEXT, HTML]), /there is none in it/],
    ['a zip without one', makeZip({ name: 'a.txt', bytes: Buffer.from('hello') }), /there is none in it/],
    ['other XML', '<?xml version="1.0"?><html/>', /there is no "feedback"/],
    ['cut off', text.slice(0, text.length / 2), /Cannot read the report/],
    ['without metadata', text.replaceAll('report_metadata', 'x'), /no "report_metadata"/],
    ['without a policy', text.replaceAll('policy_published', 'x'), /no "policy_published"/],
    ['a count that is none', text.replace('>12<', '>many<'), /"count" is "many"/],
    ['entities', entities, /document type/],
    ['external entities', external, /document type/],
    ['deep nesting', deep, /Cannot read the report/],
    ['a gzip bomb', huge, /Cannot unpack the report: gzip/],
    ['a zip bomb', makeZip({ name: 'a.xml', bytes: Buffer.alloc(150_000_000, 0x20) }), /Cannot unpack the report/],
    [
      'many small bombs',
      makeZip(...Array.from({ length: 12 }, (_, i) => ({ name: `${i}`, bytes: Buffer.alloc(10_000_000, 0x20) }))),
      /larger than/,
    ],
    ['a bomb in a bomb', gzipSync(huge), /Cannot unpack/],
    [
      'gzip in gzip in gzip …',
      [0, 1, 2, 3, 4, 5, 6].reduce<Uint8Array>(bytes => gzipSync(bytes), OLD),
      /there is none/,
    ],
    ['a damaged gzip', gzipSync(OLD).subarray(0, 100), /gzip/],
    ['an encrypted zip', makeZip({ name: 'a', bytes: OLD, flags: 1 }), /encrypted/],
    ['a zip of another method', makeZip({ name: 'a', bytes: OLD, method: 12 }), /not known here/],
    ['a zip that is cut off', makeZip({ name: 'a', bytes: OLD }).subarray(0, 60), /cut off/],
    [
      'a zip that lies about its content',
      Buffer.from(makeZip({ name: 'a', bytes: OLD, method: 0 })).fill('x', 100, 101),
      /damaged/,
    ],
    [
      'a zip of too many files',
      makeZip(...Array.from({ length: 101 }, (_, i) => ({ name: `${i}`, bytes: OLD }))),
      /101 files/,
    ],
  ]
  for (const [name, bytes, message] of cases)
    test(name, () => {
      const given = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
      assert.throws(
        () => readReports(given),
        (error: unknown) => error instanceof ReportSyntaxError && message.test(error.message),
      )
    })

  test('names that JavaScript knows do no harm', () => {
    const named = (name: string): Buffer =>
      Buffer.from(text.replace('<org_name>', `<${name}><polluted>1</polluted></${name}><org_name>`))
    assert.deepEqual(readReports(named('hasOwnProperty')), OLD_WANTED)
    assert.deepEqual(readReports(named('toString')), OLD_WANTED)
    for (const name of ['__proto__', 'constructor', 'prototype'])
      assert.throws(() => readReports(named(name)), ReportSyntaxError)
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })
})
