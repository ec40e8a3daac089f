/** The HTML report in a real browser: its policy lets its own style in and nothing else, and it fits on a telephone. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { renderHtml } from '../../src/report/html/page.ts'
import { documentOf, sampleLog } from '../../src/report/test_support.ts'

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(each => fs.existsSync(each))
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-page-'))

/** Somebody who wants to be seen in the report as more than text. */
const HOSTILE = `Nov 24 08:00:00 mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <x>: Helo command rejected: <script>document.title='stolen'</script>; from=<"<img src=x onerror=parent.document.title=1>"@x.example> to=<me@example.com> proto=ESMTP helo=<"><svg onload=alert(1)>>
Nov 24 09:00:00 mx postfix/smtpd[7]: 4A: client=unknown[192.0.2.1]
Nov 24 09:00:00 mx postfix/qmgr[7]: 4A: from=<a@${'long'.repeat(60)}.example>, size=900, nrcpt=1 (queue active)
Nov 24 09:00:00 mx postfix/smtpd[7]: warning: </style><script>parent.document.title='stolen'</script>`

interface Seen {
  readonly scripts: number
  readonly images: number
  readonly handlers: number
  readonly width: number
  readonly background: string
  readonly bodyFont: string
  readonly title: string
}

/** Opens the page in a frame of `width` pixels and asks the browser what it made of it. */
function look(html: string, { width, dark }: { readonly width: number; readonly dark: boolean }): Seen {
  const file = path.join(directory, 'frame.html')
  const text = JSON.stringify(html).replaceAll('<', '\\u003c')
  fs.writeFileSync(
    file,
    `<!DOCTYPE html><meta charset="utf-8"><title>outside</title><iframe id="f" width="${width}" height="900" frameborder="0"></iframe><pre id="out"></pre>
<script>const f = document.getElementById('f'); f.onload = () => { const d = f.contentDocument; const all = [...d.querySelectorAll('*')]; const body = f.contentWindow.getComputedStyle(d.body);
document.getElementById('out').textContent = JSON.stringify({ scripts: d.scripts.length, images: d.images.length, handlers: all.filter(e => [...e.attributes].some(a => /^on|^style$/.test(a.name))).length, width: d.documentElement.scrollWidth, background: body.backgroundColor, bodyFont: body.fontFamily, title: document.title }) }; f.srcdoc = ${text}</script>`,
  )
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    `--user-data-dir=${directory}/profile`,
  ]
  args.push(`--blink-settings=preferredColorScheme=${dark ? 0 : 1}`, '--virtual-time-budget=5000', '--dump-dom')
  const done = spawnSync(browser ?? '', [...args, `file://${file}`], { encoding: 'utf8', timeout: 120_000 })
  const out = /<pre id="out">([^<]+)<\/pre>/.exec(done.stdout)?.[1]
  assert.ok(out !== undefined, done.stderr)
  return JSON.parse(out.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'))
}

describe('the HTML report in Chromium', { skip: browser === undefined && 'there is no Chromium here' }, () => {
  after(() => fs.rmSync(directory, { recursive: true, force: true }))
  const page = renderHtml(documentOf(`${sampleLog()}\n${HOSTILE}`), 'de')

  for (const [width, dark] of [
    [360, false],
    [1280, false],
    [360, true],
  ] as const)
    test(`${width} pixels${dark ? ', dark' : ''}: fits, has its style, and nothing of the log is markup`, () => {
      const seen = look(page, { width, dark })
      assert.equal(seen.width, width)
      assert.deepEqual([seen.scripts, seen.images, seen.handlers, seen.title], [0, 0, 0, 'outside'])
      // The style sheet came in: its hash in the policy is right.
      assert.match(seen.bodyFont, /system-ui/)
      assert.equal(seen.background, dark ? 'rgb(20, 24, 31)' : 'rgb(251, 250, 248)')
    })

  test('it can be printed', () => {
    const [html, pdf] = [path.join(directory, 'page.html'), path.join(directory, 'page.pdf')]
    fs.writeFileSync(html, page)
    const args = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      `--user-data-dir=${directory}/profile`,
    ]
    spawnSync(browser ?? '', [...args, `--print-to-pdf=${pdf}`, `file://${html}`], { timeout: 120_000 })
    const pages = fs.readFileSync(pdf, 'latin1').match(/\/Type ?\/Page\b/g) ?? []
    assert.ok(pages.length >= 3 && pages.length <= 12, `${pages.length} pages`)
  })
})
