import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderHtml } from './html/page.ts'
import { renderJson } from './json/render.ts'
import { renderPrometheus } from './prometheus/render.ts'
import { documentOf, sampleLog } from './test_support.ts'
import { renderInsights } from './text/render.ts'

const sample = documentOf(sampleLog())

test('T18.5 HTML, text and JSON mark the same refusals, with the same line', () => {
  const json: { insights: { suspects: { list: { fix: { line: string } }[] } } } = JSON.parse(renderJson(sample))
  const lines = json.insights.suspects.list.map(({ fix }) => fix.line)
  assert.deepEqual(lines.slice(0, 2), ['srv01.baecker.localdomain OK', 'mail.firma.example OK'])
  for (const language of ['en', 'de'] as const) {
    const html = renderHtml(sample, language)
    const text = renderInsights(sample.insights, language)
    assert.deepEqual(
      [...html.matchAll(/<code class="line">([^<]*)</g)].map(match => match[1]),
      lines,
    )
    assert.deepEqual(
      [...text.matchAll(/(?:Add to|Eintragen in) .*: {2}(.*)$/gm)].map(match => match[1]),
      lines,
    )
  }
  assert.match(renderInsights(sample.insights, 'en'), /one of your users wrote to müller@bäcker\.example/)
  assert.match(renderHtml(sample, 'de'), /derselbe Client wurde später angenommen \(73-mal/)
})

test('a pool of servers that one line lets in is one suspect', () => {
  const pool = sample.insights.suspects.list.filter(({ fix }) => fix?.line === 'pool.example.net')
  assert.equal(pool.length, 1)
  assert.equal(sample.insights.suspects.total, sample.insights.suspects.list.length + (pool[0]?.others ?? 0))
})

test('the page needs nothing else, and has every section in both languages', () => {
  for (const [language, titles] of [
    [
      'en',
      ['Suspected false alarms', 'DNS lists', 'Greylisting', 'Bans', 'Top lists', 'Problems', 'Lines not understood'],
    ],
    [
      'de',
      [
        'Mögliche Fehlalarme',
        'DNS-Listen',
        'Greylisting',
        'Sperren',
        'Ranglisten',
        'Probleme',
        'Nicht verstandene Zeilen',
      ],
    ],
  ] as const) {
    const html = renderHtml(sample, language)
    for (const title of titles) assert.ok(html.includes(`<h2>${title}</h2>`), title)
    assert.doesNotMatch(html, /<script|<link|<img|@import|\bstyle="|\bsrc=|\bhref=|url\(/)
    assert.match(html, /Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/)
    assert.ok(html.includes(`<html lang="${language}">`))
    assert.doesNotMatch(html, /\{\d\}|undefined|NaN/)
  }
})

test('an empty log makes a page, too', () => {
  const empty = documentOf('')
  assert.match(renderHtml(empty, 'en'), /no mail from outside/)
  assert.match(renderHtml(empty, 'de'), /Keine Abweisung sieht falsch aus/)
  assert.match(renderInsights(empty.insights, 'en'), /No refusal looks wrong/)
  assert.doesNotMatch(renderPrometheus(empty), /NaN|stopped_ratio/)
})

test('JSON has the figures of pflogsumm and of the insights, and text in place of bytes', () => {
  const json = JSON.parse(renderJson(sample))
  assert.equal(json.schema, 1)
  assert.equal(json.facts.totals.received, sample.facts.totals.received)
  assert.equal(json.insights.gateway.hours.length, 24)
  assert.equal(json.insights.gateway.checks[0].check, 'dns_list')
  assert.ok(JSON.stringify(json).includes('müller@bäcker.example'))
  assert.equal(Object.keys(json.facts.recipients)[0], 'user0@example.com')
})

test('JSON keeps a key that is called __proto__', () => {
  const facts = { ...sample.facts, masterMessages: new Map([['__proto__', 7]]) }
  assert.match(renderJson({ ...sample, facts }), /"__proto__": 7/)
})

test('Prometheus text: each metric once, with its kind, and each sample readable', () => {
  const text = renderPrometheus(sample)
  const names = [...text.matchAll(/^# TYPE (\S+) gauge$/gm)].map(match => match[1])
  assert.equal(new Set(names).size, names.length)
  assert.equal(names.length, 13)
  const sampleLine =
    /^([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})? \d+(?:\.\d+)?$/
  for (const line of text.trimEnd().split('\n'))
    if (!line.startsWith('# ')) assert.ok(names.includes(sampleLine.exec(line)?.[1]), line)
  assert.match(text, /^postern_report_refusals\{check="dns_list",outcome="refused"\} \d+$/m)
})
