import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { base64Lines, encodeHeaderText, formatMailDate, textPart } from './compose.ts'

test('dates are those of RFC 5322', () => {
  assert.equal(formatMailDate(Date.UTC(2026, 10, 4, 4, 0, 9) / 1000), 'Wed, 04 Nov 2026 04:00:09 +0000')
})

test('base64 has lines of 76 characters', () => {
  const lines = base64Lines(new Uint8Array(200).fill(7))
  assert.deepEqual(
    lines.map(line => line.length),
    [76, 76, 76, 40],
  )
  assert.deepEqual(base64Lines(new Uint8Array()), [])
})

describe('header texts', () => {
  test('ASCII stays as it is, on one line', () => {
    assert.equal(encodeHeaderText('Postfix log summary'), 'Postfix log summary')
    assert.equal(encodeHeaderText('a\r\nBcc: x'), 'a Bcc: x')
  })

  test('others are encoded words of at most 75 characters, each of whole characters', () => {
    const text = `Übersicht ${'ß€😀'.repeat(20)} =?x?=`
    const encoded = encodeHeaderText(text)
    const words = encoded.split('\r\n ')
    assert.ok(words.length > 3 && words.every(word => word.length <= 75 && /^=\?utf-8\?B\?[\w+/=]+\?=$/.test(word)))
    assert.equal(words.map(word => Buffer.from(word.slice(10, -2), 'base64').toString('utf8')).join(''), text)
  })
})

describe('parts of text', () => {
  const part = (text: string | Uint8Array): readonly string[] => textPart(Buffer.from(text as string), 'plain')

  test('ASCII is not encoded', () => {
    assert.deepEqual(part('a\n\n b=c \n'), [
      'Content-Type: text/plain; charset=us-ascii',
      'Content-Transfer-Encoding: 7bit',
      ...['', 'a', '', ' b=c '],
    ])
  })

  test('long lines and other bytes are quoted-printable, and lose nothing', () => {
    const text = `${'x'.repeat(2000)} =\n\tgrün 	\nend `
    const [type, encoding, empty, ...lines] = part(text)
    assert.deepEqual(
      [type, encoding, empty],
      ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable', ''],
    )
    assert.ok(lines.every(line => line.length <= 76 && !/[ \t]$/.test(line)))
    const decoded = lines
      .join('\n')
      .replace(/=\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    assert.equal(Buffer.from(decoded, 'latin1').toString('utf8'), text)
  })

  test('bytes that are no UTF-8 are ISO 8859-1', () => {
    assert.equal(part(new Uint8Array([0x67, 0xfc, 0x0a]))[0], 'Content-Type: text/plain; charset=iso-8859-1')
  })
})
