import assert from 'node:assert/strict'
import { test } from 'node:test'
import { composeReportLetter } from './letter.ts'

const LETTER = {
  from: 'postern@mx.example.com',
  to: ['a@example.com', 'b@example.com'],
  subject: 'Postfix log summary',
  time: Date.UTC(2026, 10, 24, 4) / 1000,
  messageId: 'report.1@mx.example.com',
  text: Buffer.from('Grand Totals\n'),
  html: null,
}

test('G26 a report by mail: who, what and when', () => {
  assert.deepEqual(Buffer.from(composeReportLetter(LETTER)).toString().split('\r\n'), [
    'From: Postern <postern@mx.example.com>',
    'To: <a@example.com>,',
    '    <b@example.com>',
    'Subject: Postfix log summary',
    'Date: Tue, 24 Nov 2026 04:00:00 +0000',
    'Message-ID: <report.1@mx.example.com>',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    'Content-Transfer-Encoding: 7bit',
    '',
    'Grand Totals',
    '',
  ])
})

test('HTML comes with the text, and nothing in the log ends a part', () => {
  const text = Buffer.from('--=_postern\n--=_postern_--\n')
  const lines = Buffer.from(composeReportLetter({ ...LETTER, text, html: Buffer.from('<p>grün</p>\n') }))
    .toString()
    .split('\r\n')
  const boundary = /boundary="(.+)"/.exec(
    lines.find(line => line.startsWith('Content-Type: multipart/alternative')) ?? '',
  )?.[1]
  assert.equal(lines.filter(line => line === `--${boundary}`).length, 2)
  assert.equal(lines.at(-2), `--${boundary}--`)
  assert.ok(lines.includes('Content-Type: text/html; charset=utf-8') && lines.includes('<p>gr=C3=BCn</p>'))
})
