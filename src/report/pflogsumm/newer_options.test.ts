import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LineReader } from '../../maillog/lines.ts'
import { defaultOptions, type ReportOptions } from '../options.ts'
import { Summary } from './summary.ts'
import { renderText } from './text/report_text.ts'

const LOG = `Nov 24 04:00:00 mx postfix/postscreen[7]: CONNECT from [192.0.2.1]:4711 to [192.0.2.9]:25
Nov 24 04:00:00 mx postfix/postscreen[7]: PREGREET 14 after 0.1 from [192.0.2.1]:4711: EHLO friend\\r\\n
Nov 24 04:00:01 mx postfix/postscreen[7]: DNSBL rank 6 for [192.0.2.1]:4711
Nov 24 04:00:08 mx postfix/postscreen[7]: DISCONNECT [192.0.2.1]:4711
Nov 24 04:00:09 mx postfix/postscreen[7]: CONNECT from [2001:db8::1]:25 to [2001:db8::9]:25
Nov 24 04:00:11 mx postfix/postscreen[7]: PASS NEW [2001:db8::1]:25
Nov 24 04:01:00 mx postfix/smtpd[8]: NOQUEUE: reject: RCPT from unknown[192.0.2.2]: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.2]; from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<x>
Nov 24 04:01:01 mx postfix/smtpd[8]: NOQUEUE: reject: RCPT from unknown[192.0.2.2]: 554 5.7.1 <a@b.example>: Sender address rejected: Access denied; from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<x>
Nov 24 04:02:00 mx postfix/smtpd[9]: 4XyZ: client=mail.far.example[192.0.2.3]
Nov 24 04:02:00 mx postfix/qmgr[3]: 4XyZ: from=<SRS0=A6cv=PT=sender.example=support@srs.example>, size=1000, nrcpt=1 (queue active)
Nov 24 04:02:01 mx postfix/local[4]: 4XyZ: to=<you@mx.example>, orig_to=<info@here.example>, relay=local, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (delivered to mailbox)
`

function report(options: Partial<ReportOptions>): string {
  const all = { ...defaultOptions({ year: 2026, month: 11 }), ...options }
  const summary = new Summary(all)
  for (const line of new LineReader({ newest: null }).take(Buffer.from(LOG)).lines) summary.take(line)
  return renderText(summary.facts(), all)
}

describe('G25 options of pflogsumm 1.1.13', () => {
  test('--rej-add-to', () => {
    assert.match(report({ rejectAddTo: true }), /^ +1 {3}192\.0\.2\.2 {2}\(> c@d\.example\)$/m)
    assert.match(
      report({ rejectAddTo: true, rejectAddFrom: true }),
      /^ +1 {3}192\.0\.2\.2 {2}\(a@b\.example -> c@d\.example\)$/m,
    )
    assert.match(report({ rejectAddTo: true }), /^ +1 {3}a@b\.example -> c@d\.example$/m)
    assert.doesNotMatch(report({}), /c@d\.example/)
  })

  test('--srs-mung', () => {
    assert.match(report({ srsMung: true }), /^ +1 {3}support@sender\.example$/m)
    assert.match(report({}), /^ +1 {3}SRS0=A6cv=PT=sender\.example=support@srs\.example$/m)
  })

  test('--use-orig-to', () => {
    assert.match(report({ useOrigTo: true }), /^ +1 {3}info@here\.example$/m)
    assert.match(report({}), /^ +1 {3}you@mx\.example$/m)
  })

  test('--pscrn-stats', () => {
    const text = report({ postscreenStats: true })
    assert.match(
      text,
      /\npostscreen\n\n {7}2 {3}connections\n {7}2 {3}IP addresses\n {7}5 {3}avg\. connect time \(seconds\)\n {2}0:00:10 {2}total connect time\n/,
    )
    assert.match(
      text,
      /\npostscreen actions\n-+\n {2}DNSBL rank 6 \(total: 1\)\n {9}1 {3}192\.0\.2\.1\n {2}PASS NEW \(total: 1\)\n {9}1 {3}2001:db8::1\n {2}PREGREET \(total: 1\)\n/,
    )
    assert.doesNotMatch(report({}), /postscreen/)
    const limits = { ...defaultOptions({ year: 2026, month: 11 }).limits, postscreen: 0 }
    assert.doesNotMatch(report({ postscreenStats: true, limits }), /postscreen actions/)
  })
})
