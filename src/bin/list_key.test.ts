import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { FixtureDns } from '../dns/fixture_server.ts'
import { formatEvent } from '../event/format.ts'
import { formatJson } from '../event/json.ts'
import { postern } from './test_support.ts'

/** As a person has written it into names of lists by hand. */
const KEY = 'q7wrtzu3secretkey55abcdefg'
/** Given once, for all lists of spamhaus.org. */
const OTHER_KEY = 'otherkeyx9secret4444444444'

const LISTED = '192.0.2.7'
const BROKEN = '192.0.2.8'

const LISTS = {
  plain: `reject_rbl_client ${KEY}.zen.dq.spamhaus.net`,
  filtered: `reject_rbl_client ${KEY}.zen.dq.spamhaus.net=127.0.0.[2..11]`,
  'upper case': `reject_rbl_client ${KEY.toUpperCase()}.ZEN.dq.spamhaus.net`,
  'bad filter': `reject_rbl_client ${KEY}.zen.dq.spamhaus.net=127.0.0`,
  domains: `reject_rhsbl_sender ${KEY}.dbl.dq.spamhaus.net reject_rhsbl_helo ${KEY}.dbl.dq.spamhaus.net`,
  warning: `warn_if_reject reject_rbl_client ${KEY}.zen.dq.spamhaus.net`,
  allowing: `permit_dnswl_client ${KEY}.zen.dq.spamhaus.net`,
  'under postern_spamhaus_dqs_key': 'reject_rbl_client zen.spamhaus.org',
  'unknown word behind': `reject_rbl_client ${KEY}.zen.dq.spamhaus.net ${KEY}.sbl.dq.spamhaus.net`,
}

const SETTINGS = {
  'default text': '',
  'a text of ours': 'rbl_reply_maps = static:{550 $rbl_domain has $rbl_what, $rbl_txt}',
  'a bad text': 'default_rbl_reply = 550 $rbl_domain $rbl_nothing',
  'a text with a bad code': 'default_rbl_reply = $rbl_domain',
  'a map that fails': 'rbl_reply_maps = fail:x',
}

async function configure(t: TestContext, mainCf: string): Promise<string> {
  const names = [KEY, OTHER_KEY].flatMap(key => [
    `7.2.0.192.${key}.zen.dq.spamhaus.net`,
    `b.example.${key}.dbl.dq.spamhaus.net`,
  ])
  const listed = names.map(name => [name, { A: ['127.0.0.2'], TXT: ['it spams'] }] as const)
  const broken = [KEY, OTHER_KEY].map(key => [`8.2.0.192.${key}.zen.dq.spamhaus.net`, { '*': 'SERVFAIL' }] as const)
  const dns = new FixtureDns({ records: Object.fromEntries([...listed, ...broken]) })
  const port = await dns.listen('127.0.0.1', 0)
  t.after(() => dns.close())
  const directory = mkdtempSync(join(tmpdir(), 'postern-key-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(
    join(directory, 'main.cf'),
    `compatibility_level = 3.6
myhostname = mx.example.com
mydestination = example.com
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
postern_dns_servers = 127.0.0.1:${port}
postern_hosts_file =
postern_state_directory = ${directory}/state
postern_spamhaus_dqs_key = ${OTHER_KEY}
${mainCf}
`,
  )
  return directory
}

function assertNoKey(text: string): void {
  for (const key of [KEY, OTHER_KEY]) {
    assert.ok(!text.toLowerCase().includes(key), text)
  }
}

describe('T1.4 a Spamhaus key is shown nowhere', () => {
  for (const [kind, words] of Object.entries(LISTS)) {
    for (const [text, setting] of Object.entries(SETTINGS)) {
      test(`list ${kind}, ${text}: not by explain and check`, async t => {
        const directory = await configure(t, `smtpd_recipient_restrictions = ${words}\n${setting}`)
        const mail = ['--name', 'c.example', '--helo', 'b.example', '--from', 'a@b.example', '--to', 'you@example.com']
        for (const client of [LISTED, BROKEN]) {
          for (const form of [[], ['--json']]) {
            const { out, err } = await postern('explain', '-c', directory, '--client', client, ...mail, ...form)
            assert.match(out, /spamhaus/)
            assertNoKey(out + err)
          }
        }
        const checked = await postern('check', '-c', directory)
        assertNoKey(checked.out + checked.err)
      })
    }
  }

  test('the list is asked under it all the same', async t => {
    const directory = await configure(t, `smtpd_client_restrictions = ${LISTS.plain}`)
    const mail = ['--client', LISTED, '--helo', 'c.example', '--from', 'a@b.example', '--to', 'you@example.com']
    const { out, status } = await postern('explain', '-c', directory, ...mail)
    assert.equal(status, 1)
    assert.match(
      out,
      /554 5\.7\.1 Service unavailable; Client host \[192\.0\.2\.7\] blocked using zen\.dq\.spamhaus\.net/,
    )
    assert.match(out, /dns A 7\.2\.0\.192\.zen\.dq\.spamhaus\.net: 127\.0\.0\.2/)
  })

  test('not by conf, expanded or not', async t => {
    const directory = await configure(t, `smtpd_client_restrictions = ${LISTS.plain}`)
    for (const form of [[], ['-n'], ['-x'], ['--json'], ['-h', 'postern_spamhaus_dqs_key']]) {
      const { out } = await postern('conf', '-c', directory, ...form)
      assert.match(out, /\*\*\*/)
      assertNoKey(out)
    }
  })

  test('not by a log line, plain or JSON', () => {
    const text = `8.2.0.192.${KEY}.zen.dq.spamhaus.net: RBL lookup error`
    const event = { kind: 'warning', text } as const
    assert.equal(formatEvent(event).text, 'warning: 8.2.0.192.zen.dq.spamhaus.net: RBL lookup error')
    const json = formatJson(event, { time: 0, pid: 1 })
    assertNoKey(json)
    assert.equal(JSON.parse(json).message, 'warning: 8.2.0.192.zen.dq.spamhaus.net: RBL lookup error')
    assert.equal(JSON.parse(json).text, '8.2.0.192.zen.dq.spamhaus.net: RBL lookup error')
  })
})
