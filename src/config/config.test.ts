import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { allParams } from './catalogue.ts'
import { type LoadOptions, loadConfig } from './config.ts'
import { isPostfixName } from './known_names.ts'
import { formatProblem } from './place.ts'

const env = {
  hostname: 'mx.example.org',
  interfaces: [
    { address: '127.0.0.1', netmask: '255.0.0.0' },
    { address: '::1', netmask: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
    { address: '192.0.2.5', netmask: '255.255.255.0' },
    { address: '2001:db8::5', netmask: 'ffff:ffff:ffff:ffff::' },
  ],
  readFirstLine: (path: string) => (path === '/etc/mailname' ? 'example.com' : null),
}

/** Loads with defaults of today, so that only what a test is about is told. */
function load(text: string, options: Partial<LoadOptions> = {}) {
  const loaded = loadConfig({ mainCf: `${text}\ncompatibility_level = 3.6\n`, path: 'main.cf', env, ...options })
  return { ...loaded, problems: loaded.problems.map(formatProblem), warnings: loaded.warnings.map(formatProblem) }
}

function testdata(name: string): string {
  return readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8')
}

describe('the catalogue', () => {
  test('names no parameter twice', () => {
    const names = allParams.map(param => param.name)
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  })

  test('ours begin with postern_, others do not', () => {
    for (const { name, origin } of allParams) assert.equal(name.startsWith('postern_'), origin === 'own', name)
  })

  test('says what each is for', () => {
    for (const { name, doc } of allParams) assert.match(doc.trim(), /^\S.{8,}[.?…)]$/s, name)
  })

  test('has only good defaults, at every compatibility level', () => {
    for (const level of ['0', '1', '2', '3.6', '3.10']) {
      const { problems, warnings } = loadConfig({
        mainCf: `compatibility_level = ${level}\nsmtpd_relay_restrictions = reject_unauth_destination`,
        path: 'main.cf',
        env,
      })
      assert.deepEqual([problems, warnings], [[], []], level)
    }
  })
})

describe('values', () => {
  test('have the types of their parameters', () => {
    const { config, problems } = load(`
smtpd_timeout = 5m
message_size_limit = 5000000000
smtpd_delay_reject = NO
unknown_client_reject_code = 550
smtpd_forbid_bare_newline = reject
relay_domains = a.example, b.example
rbl_reply_maps = hash:/etc/a
smtpd_client_restrictions = permit
postern_smtp_listen = inet:0.0.0.0:25`)
    assert.deepEqual(problems, [])
    assert.equal(config.smtpd_timeout, 300)
    assert.equal(config.message_size_limit, 5_000_000_000)
    assert.equal(config.smtpd_delay_reject, false)
    assert.equal(config.unknown_client_reject_code, 550)
    assert.equal(config.smtpd_forbid_bare_newline, 'reject')
    assert.deepEqual(config.relay_domains, ['a.example', 'b.example'])
    assert.deepEqual(config.rbl_reply_maps, ['hash:/etc/a'])
    assert.deepEqual(config.smtpd_client_restrictions, [{ text: 'permit', file: 'main.cf', line: 9, column: 29 }])
    assert.equal(config.postern_smtp_listen[0]?.text, 'inet:0.0.0.0:25')
  })

  test('are expanded, except those that wait for the session', () => {
    const { config } = load(
      'myhostname = a.example.net\nsmtpd_banner = ${mail_name?{$myhostname} : {x}} $$1\nsmtpd_reject_footer = $mail_name',
    )
    assert.equal(config.smtpd_banner, 'a.example.net $1')
    assert.equal(config.smtpd_reject_footer, '$mail_name')
    assert.equal(config.mydestination.join(' '), 'a.example.net localhost.example.net localhost')
  })

  test('words that a name brings in keep the place where they were written', () => {
    const { config } = load('checks =\n permit_mynetworks\nsmtpd_client_restrictions = reject_x, $checks')
    assert.deepEqual(
      config.smtpd_client_restrictions.map(({ text, line, column }) => [text, line, column]),
      [
        ['reject_x', 3, 29],
        ['permit_mynetworks', 2, 2],
      ],
    )
  })

  test('of -o win over the file and may contain blanks', () => {
    const { config, sources } = load('smtpd_banner = a', { overrides: ['smtpd_banner=b c', '{ smtpd_timeout = 1m }'] })
    assert.equal(config.smtpd_banner, 'b c')
    assert.equal(config.smtpd_timeout, 60)
    assert.deepEqual(sources.get('smtpd_timeout')?.kind, 'option')
    assert.deepEqual(sources.get('compatibility_level')?.kind, 'file')
    assert.deepEqual(sources.get('mydomain')?.kind, 'default')
  })

  test('of restriction classes are kept by name', () => {
    const { config } = load('smtpd_restriction_classes = a, b\na = permit_mynetworks, b\nb = reject')
    assert.deepEqual(
      config.restriction_classes.get('a')?.map(word => word.text),
      ['permit_mynetworks', 'b'],
    )
    assert.deepEqual(
      config.restriction_classes.get('b')?.map(word => word.line),
      [3],
    )
  })

  test('have a unit from the default', () => {
    const { config } = load('address_verify_positive_expire_time = 2\naddress_verify_negative_refresh_time = 2')
    assert.equal(config.address_verify_positive_expire_time, 172_800)
    assert.equal(config.address_verify_negative_refresh_time, 7200)
  })
})

describe('defaults of the machine', () => {
  const names = (text: string, hostname = 'mx.example.org') => {
    const { config } = load(text, { env: { ...env, hostname } })
    return [config.myhostname, config.mydomain]
  }
  test('myhostname and mydomain', () => {
    assert.deepEqual(names(''), ['mx.example.org', 'example.org'])
    assert.deepEqual(names('', 'mx'), ['mx.localdomain', 'localdomain'])
    assert.deepEqual(names('mydomain = example.net', 'mx'), ['mx.example.net', 'example.net'])
    assert.deepEqual(names('mydomain = example.net'), ['mx.example.org', 'example.net'])
    assert.deepEqual(names('myhostname = a.b.example'), ['a.b.example', 'b.example'])
    assert.deepEqual(names('myhostname = single'), ['single', 'localdomain'])
  })

  const networks = (text: string) => load(text).config.mynetworks.join(' ')
  test('mynetworks', () => {
    assert.equal(networks(''), '127.0.0.1/32 192.0.2.5/32 [::1]/128 [2001:db8::5]/128')
    assert.equal(networks('mynetworks_style = subnet'), '127.0.0.0/8 192.0.2.0/24 [::1]/128 [2001:db8::]/64')
    assert.equal(networks('mynetworks_style = class'), '127.0.0.0/8 192.0.2.0/24 [::1]/128 [2001:db8::]/64')
    assert.equal(networks('inet_protocols = ipv4\nmynetworks_style = subnet'), '127.0.0.0/8 192.0.2.0/24')
    assert.equal(networks('inet_interfaces = loopback-only'), '127.0.0.1/32 [::1]/128')
    assert.equal(
      networks('inet_interfaces = 192.0.2.5, 198.51.100.7\nmynetworks_style = subnet'),
      '192.0.2.0/24 198.51.100.7/32',
    )
    assert.equal(networks('mynetworks = 10.0.0.0/8'), '10.0.0.0/8')
  })

  test('own addresses', () => {
    assert.deepEqual(load('inet_interfaces = 127.0.0.1, localhost').config.own_addresses, [
      '127.0.0.1',
      '127.0.0.1',
      '::1',
    ])
  })

  test('config_directory is where main.cf lies', () => {
    assert.equal(load('', { path: '/etc/postern/main.cf' }).config.config_directory, '/etc/postern')
    assert.equal(load('', { path: 'main.cf' }).config.config_directory, '.')
  })

  test("Debian's myorigin names a file", () => {
    assert.equal(load('myorigin = /etc/mailname').config.myorigin, 'example.com')
    assert.deepEqual(load('myorigin = /none').problems, ['main.cf:1:12: cannot read myorigin from /none'])
  })
})

describe('problems', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      'unknown_client_reject_cdoe = 550',
      'main.cf:1:1: unknown parameter "unknown_client_reject_cdoe": did you mean "unknown_client_reject_code"?',
    ],
    ['frobnicate = 1', 'main.cf:1:1: unknown parameter "frobnicate"'],
    [
      'smtpd_timeout = soon',
      'main.cf:1:17: cannot use "soon" for smtpd_timeout: expected a time such as 30s, 5m, 2h, 1d or 1w',
    ],
    ['smtpd_timeout = 0', 'main.cf:1:17: cannot use "0" for smtpd_timeout: expected a time of at least 1s'],
    ['smtpd_delay_reject = ja', 'main.cf:1:22: cannot use "ja" for smtpd_delay_reject: expected yes or no'],
    [
      'reject_code = 250',
      'main.cf:1:15: cannot use "250" for reject_code: expected a three-digit reply code from 400 to 599, such as 450',
    ],
    [
      'smtpd_recipient_limit = many',
      'main.cf:1:25: cannot use "many" for smtpd_recipient_limit: expected a whole number from 1 to 2147483647',
    ],
    [
      'inet_protocols = all,\n  ipv5',
      'main.cf:2:3: cannot use "ipv5" for inet_protocols: expected a list of all, ipv4, ipv6',
    ],
    [
      'unknown_address_tempfail_action = permit',
      'main.cf:1:35: cannot use "permit" for unknown_address_tempfail_action: expected defer or defer_if_permit',
    ],
    [
      'virtual_alias_maps = hash:/a, /b',
      'main.cf:1:31: cannot use "/b" for virtual_alias_maps: expected lookup tables such as hash:/etc/postfix/access',
    ],
    [
      'postern_smtp_listen = 127.0.0.1:25',
      'main.cf:1:23: cannot use "127.0.0.1:25" for postern_smtp_listen: expected endpoints such as inet:127.0.0.1:25, inet:[::1]:25 or unix:PATH',
    ],
    ['smtpd_banner = ${x', 'main.cf:1:16: cannot expand smtpd_banner: truncated macro reference: "${x"'],
    ['a = ${b?{x}y}\nsmtpd_banner = $a', 'main.cf:1:12: cannot expand smtpd_banner: ":" expected at: "...x}>>>y"'],
    [
      'a = $b\nb = x $a\nsmtpd_banner = $a',
      'main.cf:3:16: cannot expand smtpd_banner: "$a" refers to itself: a -> b -> a',
    ],
    ['myorigin = a b', 'main.cf:1:12: cannot use "a b" for myorigin: expected a single value'],
    ['relayhost = mx.example.org', 'main.cf:1:13: relayhost and myhostname must not be the same: "mx.example.org"'],
    [
      'smptd_recipient_limit = 5',
      'main.cf:1:1: unknown parameter "smptd_recipient_limit": did you mean "smtpd_recipient_limit"?',
    ],
  ]
  for (const [text, expected] of cases)
    test(text.replaceAll('\n', ' | '), () => assert.deepEqual(load(text).problems, [expected]))

  test('are told all at once, in order', () => {
    const { problems } = load('smtpd_timeout = soon\nx y\nreject_code = 1\nreject_cod = 2')
    assert.deepEqual(
      problems.map(problem => problem.split(':')[1]),
      ['1', '2', '3', '4'],
    )
  })

  test('one bad value that several use is told once', () => {
    const { problems } = load('reject_tempfail_action = never')
    assert.deepEqual(problems, [
      'main.cf:1:26: cannot use "never" for reject_tempfail_action: expected defer or defer_if_permit',
    ])
  })

  test('in an option', () => {
    const { problems } = load('', { overrides: ['smtpd_timeout=soon', 'x', 'smtpd_timeou=1'] })
    assert.deepEqual(problems, [
      "-o x: missing '=' after attribute name",
      '-o smtpd_timeou=1: unknown parameter "smtpd_timeou": did you mean "smtpd_timeout"?',
      '-o smtpd_timeout=soon: cannot use "soon" for smtpd_timeout: expected a time such as 30s, 5m, 2h, 1d or 1w',
    ])
  })

  test('an open relay is one, as Postfix will not start with it', () => {
    const open =
      'smtpd_relay_restrictions = permit_mynetworks\nsmtpd_recipient_restrictions = permit, reject_unauth_destination'
    assert.match(
      load(open).problems.join('\n'),
      /^main\.cf:1:28: anyone may relay mail .*: add reject_unauth_destination/,
    )
    const softened =
      'smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = warn_if_reject reject_unauth_destination'
    assert.match(load(softened).problems.join('\n'), /anyone may relay .* compatibility_level = 3\.6/)
    const classes =
      'smtpd_relay_restrictions = a\nsmtpd_restriction_classes = a\na = permit_mynetworks, Reject_Unauth_Destination'
    assert.deepEqual(load(classes).problems, [])
  })
})

describe('names that are no typing mistakes', () => {
  const good: readonly (readonly [string, string, string?])[] = [
    ['names of Postfix that are not used', 'biff = no\npostscreen_greet_action = enforce\nsmtp_tlsrpt_enable = no'],
    ['names that another value uses', 'our = a\nmydestination = $our'],
    ['names that a name of Postfix uses', 'our = a\nbiff = ${our?no}'],
    ['restriction classes', 'smtpd_restriction_classes = a\na = permit'],
    ['limits of transports and services', 'policyd-spf_time_limit = 3600\nfoo_destination_recipient_limit = 1'],
    ['settings of a database', 'virtual_alias_maps = ldap:people\npeople_server_host = x'],
    [
      'names that only master.cf uses',
      'mua_restrictions = reject',
      'submission inet n - y - - smtpd\n -o smtpd_client_restrictions=$mua_restrictions',
    ],
  ]
  for (const [name, text, masterCf = ''] of good) {
    test(name, () => assert.deepEqual(load(text, { masterCf }).problems, []))
  }

  test('isPostfixName() knows names and endings', () => {
    for (const name of ['biff', 'smtp_fallback_relay', 'spawn_time_limit']) assert.ok(isPostfixName(name), name)
    for (const name of ['time_limit', 'postern_x', 'smtpd_helo_erforderlich']) assert.ok(!isPostfixName(name), name)
  })
})

describe('warnings', () => {
  test('a name that stands for nothing', () => {
    assert.deepEqual(load('smtpd_client_restrictions = $mynetwroks').warnings, [
      'main.cf:1:30: "$mynetwroks" in smtpd_client_restrictions is not set anywhere: did you mean "mynetworks"?',
    ])
    assert.deepEqual(load('smtpd_client_restrictions = ${mine?x} $fallback_transport').warnings, [])
  })

  test('two settings in one line', () => {
    const { problems, warnings } = load(
      'smtpd_helo_required = yes smtpd_helo_restrictions = permit_mynetworks permit_sasl_authenticated',
    )
    assert.deepEqual(problems, [
      'main.cf:1:23: cannot use "yes smtpd_helo_restrictions = permit_mynetworks permit_sa..." for smtpd_helo_required: expected yes or no',
    ])
    assert.deepEqual(warnings, [
      'main.cf:1:27: "smtpd_helo_restrictions =" is part of the value of smtpd_helo_required: is a line break missing in front of it?',
    ])
    assert.deepEqual(load('smtpd_banner = $myhostname x = y, a=b').warnings, [])
  })

  test('TLS without a certificate, AUTH without Dovecot', () => {
    assert.equal(load('smtpd_tls_security_level = may').warnings.length, 1)
    assert.equal(load('smtpd_sasl_auth_enable = yes').warnings.length, 1)
    assert.equal(load('smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot').warnings.length, 0)
  })
})

describe('whole files', () => {
  test("a main.cf as Debian's installer makes it", () => {
    const { config, problems, warnings } = load(testdata('debian.cf'))
    assert.deepEqual([problems, warnings], [[], []])
    assert.equal(config.smtpd_banner, 'mail.example.com ESMTP Postfix (Debian/GNU)')
    assert.equal(config.myorigin, 'example.com')
    assert.deepEqual(config.relayhost, '')
  })

  test('a grown one', () => {
    const masterCf = 'submission inet n - y - - smtpd\n  -o smtpd_client_restrictions=$mua_client_restrictions\n'
    const { config, problems, warnings } = load(testdata('site.cf'), { masterCf })
    assert.deepEqual([problems, warnings], [[], []])
    assert.deepEqual(config.mynetworks, ['127.0.0.0/8', '192.0.2.0/24', '[2001:db8::]/64', '!192.0.2.66'])
    assert.deepEqual(
      config.smtpd_recipient_restrictions.map(word => word.text),
      [
        'permit_mynetworks',
        'reject_unauth_destination',
        'check_recipient_access',
        'inline:{ {abuse@ = OK}, { postmaster@ = OK } }',
        'check_client_access',
        'pcre:{ {/^dyn\\..*/ strict} {/[[:digit:]]$/ REJECT ends in a digit} }',
      ],
    )
    assert.deepEqual(
      config.restriction_classes.get('strict')?.map(word => [word.text, word.line]),
      [
        ['reject_unknown_client_hostname', 20],
        ['greylisted', 21],
      ],
    )
  })

  test('the translated guide: every garbled parameter with its English name', () => {
    assert.deepEqual(load(testdata('guide_translated.cf')).problems, [
      'main.cf:2:1: unknown parameter "smtpd_helo_erforderlich": did you mean "smtpd_helo_required"?',
      'main.cf:5:1: unknown parameter "smptd_recipient_restrictions": did you mean "smtpd_recipient_restrictions"?',
    ])
  })
})
