import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Config, loadConfig } from './config.ts'
import { hostEnv } from './read.ts'

function load(setting: string) {
  const mainCf = `compatibility_level = 3.6\n${setting}\n`
  return loadConfig({ mainCf, path: 'main.cf', env: hostEnv() })
}

describe('T13.1 values that go into mail, the DNS or replies', () => {
  const wrong: readonly (readonly [name: string, value: string, told: string])[] = [
    ['postern_dmarc_quarantine_header', 'X-Spam-Flag', 'a header line such as "X-Spam-Flag: YES"'],
    ['postern_dmarc_quarantine_header', 'X Spam: YES', 'a header line'],
    ['postern_dmarc_quarantine_header', 'X-Spam:', 'a header line'],
    ['postern_dmarc_quarantine_header', ': YES', 'a header line'],
    ['postern_dmarc_quarantine_header', 'X-Spam: für alle', 'a header line'],
    ['postern_dmarc_quarantine_header', `X-Spam: ${'x'.repeat(1000)}`, 'a header line'],
    ['postern_authserv_id', 'mx.example.com; dmarc=pass', 'a name such as mx.example.com'],
    ['postern_authserv_id', 'mx example', 'a name such as mx.example.com'],
    ['postern_dmarc_trusted_authserv_ids', 'mx.example.com (x)', 'names such as mx.example.com'],
    ['postern_dmarc_reject_string', '', 'a text in ASCII'],
    ['postern_dmarc_reject_string', 'weg mit %s für immer', 'a text in ASCII'],
    ['postern_dmarc_reject_string', 'x'.repeat(300), 'a text in ASCII of at most 240 characters'],
    ['postern_dmarc_ignore_mail_from', 'user@example.com', 'domains such as example.com'],
    ['postern_dmarc_exempt_domains', '*.example.com', 'domains such as example.com'],
    ['postern_arc_trusted_sealers', 'bücher.example', 'domains such as example.com'],
    ['postern_arc_seal_domain', 'example..org', 'a domain such as example.com'],
    ['postern_arc_seal_domain', 'a b.example', 'a domain such as example.com'],
    ['postern_arc_seal_selector', '', 'a selector such as mail'],
    ['postern_arc_seal_selector', 's;1', 'a selector such as mail'],
    ['postern_arc_seal_key_file', 'arc.pem', 'the path of a file'],
    ['postern_srs_domain', 'srs@example.org', 'a domain such as example.com'],
    ['postern_srs_secret_file', 'secret', 'the path of a file'],
    ['postern_srs_exclude_domains', '.friend.example, @x', 'domains such as example.com'],
    ['postern_dmarc_conf', 'yes', 'the path of a file'],
    ['postern_dmarc_report_from', 'DMARC <dmarc@example.com>', 'a mail address such as'],
    ['postern_dmarc_report_from', 'dmarc', 'a mail address such as'],
    ['postern_dmarc_report_contact', 'a@b@c.example', 'a mail address such as'],
    ['postern_dmarc_report_skip_domains', 'http://a.example', 'domains such as example.com'],
    ['postern_spf_policyd_conf', 'no', 'the path of a file'],
    ['postern_spf_domain_whitelist', 'a_b.example, -x.example', 'domains such as example.com'],
    ['postern_spf_prospective', '192.0.2', 'an IP address'],
    ['postern_spf_authserv_id', 'a;b', 'a name such as mx.example.com'],
  ]
  for (const [name, value, told] of wrong)
    test(`${name} = ${value.slice(0, 40)}`, () => {
      const { problems } = load(`${name} = ${value}`)
      assert.equal(problems.length, 1)
      const [{ place, text } = assert.fail()] = problems
      assert.deepEqual([place.file, place.line], ['main.cf', 2])
      assert.ok(place.column >= name.length + 3, String(place.column))
      assert.match(text, /^cannot use ".*" for postern_[a-z_]+: expected /)
      assert.ok(text.includes(`for ${name}: expected ${told}`), text)
    })

  test('the place is that of the word that is wrong', () => {
    const [problem] = load('postern_srs_exclude_domains = .friend.example, @x').problems
    assert.equal(problem?.place.column, 'postern_srs_exclude_domains = .friend.example, @x'.indexOf('@') + 1)
    const [directive] = load('postern_dmarc_reject_string = no %s, %d').problems
    assert.equal(directive?.place.column, 'postern_dmarc_reject_string = no %s, %d'.indexOf('%d') + 1)
    assert.equal(
      directive?.text,
      'cannot use "%d" for postern_dmarc_reject_string: expected %s for the domain, or %% for a percent sign',
    )
  })

  const right: readonly (readonly [name: keyof Config, value: string, parsed: unknown])[] = [
    ['postern_dmarc_quarantine_header', 'X-Spam-Flag: YES', 'X-Spam-Flag: YES'],
    ['postern_dmarc_quarantine_header', 'X-Spam-Flag:YES, sure: 5 %', 'X-Spam-Flag:YES, sure: 5 %'],
    ['postern_dmarc_quarantine_header', '', ''],
    [
      'postern_dmarc_reject_string',
      '%s: see https://x.example/%s, 100% sure',
      '%s: see https://x.example/%s, 100% sure',
    ],
    ['postern_authserv_id', 'mx', 'mx'],
    ['postern_dmarc_trusted_authserv_ids', 'a.example, b.example', ['a.example', 'b.example']],
    ['postern_arc_trusted_sealers', '.list.example, xn--bcher-kva.example', ['.list.example', 'xn--bcher-kva.example']],
    ['postern_arc_seal_selector', 's1.2026', 's1.2026'],
    ['postern_arc_seal_key_file', './arc.pem', './arc.pem'],
    ['postern_dmarc_report_from', "o'neil+dmarc@example.com", "o'neil+dmarc@example.com"],
    ['postern_spf_prospective', '2001:db8::1', '2001:db8::1'],
    ['postern_srs_domain', '', ''],
  ]
  for (const [name, value, parsed] of right)
    test(`good: ${name} = ${value}`, () => {
      const { config, problems } = load(`${name} = ${value}`)
      assert.deepEqual(problems, [])
      assert.deepEqual(config[name], parsed)
    })
})
