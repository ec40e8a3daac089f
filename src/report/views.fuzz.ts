import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { renderHtml } from './html/page.ts'
import { renderJson } from './json/render.ts'
import { renderPrometheus } from './prometheus/render.ts'
import { documentOf } from './test_support.ts'
import { renderInsights } from './text/render.ts'

/** What somebody would write who wants out of an element or an attribute, and bytes that are no UTF-8. */
const hostile = fc.oneof(
  fc.constantFrom(
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onload='x",
    '</style><script>',
    '</title>',
    ']]>',
    '<!--',
    '&lt;b&gt;&#60;',
    '\u202e\u2066',
    '; from=<a> to=<b> proto=x helo=<y>',
    ' from evil[192.0.2.66]: 550 x',
  ),
  fc.string({ unit: 'binary' }),
  fc.uint8Array().map(bytes => Buffer.from(bytes).toString('latin1')),
)

function logOf(texts: readonly string[]): string {
  const at = (index: number): string => (texts[index % texts.length] ?? '').replace(/[\n\r]/g, '?')
  return `Nov 24 08:00:00 mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from ${at(0)}[192.0.2.1]: 554 5.7.1 <${at(1)}>: Helo command rejected: ${at(2)}; from=<${at(3)}> to=<${at(4)}> proto=ESMTP helo=<${at(5)}>
Nov 24 08:00:00 mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from x[${at(0)}]: 554 5.7.1 Service unavailable; blocked using ${at(1)}; from=<${at(2)}> to=<${at(3)}> proto=ESMTP helo=<${at(4)}>
Nov 24 09:00:00 mx postfix/smtpd[7]: 4A: client=${at(0)}[192.0.2.1]
Nov 24 09:00:00 mx postfix/cleanup[7]: 4A: message-id=<${at(1)}>
Nov 24 09:00:00 mx postfix/qmgr[7]: 4A: from=<${at(2)}>, size=900, nrcpt=1 (queue active)
Nov 24 09:00:00 mx postfix/smtp[7]: 4A: to=<${at(3)}>, relay=${at(4)}, delay=0.1, delays=0/0/0/0, dsn=4.0.0, status=deferred (${at(5)})
Nov 24 09:00:00 mx postfix/cleanup[7]: 4B: reject: header Subject: ${at(1)} from ${at(0)}[192.0.2.1]; from=<${at(2)}> to=<${at(3)}> proto=ESMTP helo=<x>: 5.7.1 ${at(4)}
Nov 24 09:00:00 mx postgrey[7]: action=pass, reason=${at(1)}, delay=7, client_name=${at(0)}, client_address=192.0.2.1, sender=${at(2)}, recipient=${at(3)}
Nov 24 09:00:00 mx postfix/smtpd[7]: warning: ${at(2)}
Nov 24 09:00:00 mx ${at(3)}/smtpd[7]: not understood ${at(4)}`
}

/** Elements and attributes that the page is made of, whatever the log says. */
const TAG =
  /^<(?:!DOCTYPE html|\/?(?:html|head|body|title|style|meta|header|main|footer|section|h[123]|p|div|span|b|ul|ol|li|details|summary|code|svg|g|rect|line|text|table|caption|thead|tbody|tr|th|td)(?: [a-zA-Z0-9-]+="[^"<>]*")*\/?)>$/

test('no byte of a log gets out of its place in the page', () => {
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 6, maxLength: 6 }), texts => {
      const html = renderHtml(documentOf(logOf(texts)), 'de')
      const body = html.replace(/<style>[\s\S]*?<\/style>/, '')
      for (const [tag] of body.matchAll(/<[^>]*>?/g)) assert.match(tag, TAG)
      // What is left of the tags has no "<" and no "&" but of our own escapes.
      const texts_ = body.replace(/<[^>]*>/g, '')
      assert.doesNotMatch(texts_, /[<>"]|&(?!(?:amp|lt|gt|quot|#39);)/)
      assert.doesNotMatch(body, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/)
      assert.doesNotMatch(body, / on[a-z]+="/)
    }),
    { interruptAfterTimeLimit: 1000, numRuns: 1000 },
  )
})

test('JSON can be read, Prometheus text has its lines, plain text no controls', () => {
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 6, maxLength: 6 }), texts => {
      const document = documentOf(logOf(texts))
      assert.equal(JSON.parse(renderJson(document)).schema, 1)
      for (const line of renderPrometheus(document).trimEnd().split('\n'))
        assert.match(line, /^(?:# (?:HELP|TYPE) .*|[a-z_]+(?:\{.*\})? [\d.e+-]+)$/)
      assert.doesNotMatch(renderInsights(document.insights, 'en'), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
    }),
    { interruptAfterTimeLimit: 1000, numRuns: 1000 },
  )
})
