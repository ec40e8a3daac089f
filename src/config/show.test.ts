import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { allParams } from './catalogue.ts'
import { loadConfig } from './config.ts'
import { type ShowOptions, showConfig } from './show.ts'

const mainCf = `# x
compatibility_level = 3.6
myhostname = mx.example.org
checks = permit_mynetworks,
   reject
smtpd_client_restrictions =
  $checks
smtpd_reject_footer = $mail_name
biff = no
`

const env = { hostname: 'h', interfaces: [], readFirstLine: () => null }
const loaded = loadConfig({ mainCf, path: '/etc/main.cf', overrides: ['smtpd_banner=a  b'], env })

function show(options: ShowOptions): readonly string[] {
  return showConfig(loaded, options).text.split('\n').slice(0, -1)
}

describe('showConfig', () => {
  test('-n: what is set, by name, blanks as one, as written', () => {
    assert.deepEqual(show({ onlySet: true }), [
      'biff = no',
      'checks = permit_mynetworks, reject',
      'compatibility_level = 3.6',
      'myhostname = mx.example.org',
      'smtpd_banner = a b',
      'smtpd_client_restrictions = $checks',
      'smtpd_reject_footer = $mail_name',
    ])
  })

  test('-x fills names in, but not those of replies', () => {
    assert.deepEqual(
      show({ expanded: true, names: ['smtpd_client_restrictions', 'smtpd_reject_footer', 'mydestination'] }),
      [
        'smtpd_client_restrictions = permit_mynetworks, reject',
        'smtpd_reject_footer = $mail_name',
        'mydestination = mx.example.org, localhost.example.org, localhost',
      ],
    )
  })

  test('-d: the defaults, whatever is set', () => {
    assert.deepEqual(show({ defaults: true, names: ['smtpd_banner', 'smtpd_timeout'] }), [
      'smtpd_banner = $myhostname ESMTP $mail_name',
      'smtpd_timeout = ${stress?{10}:{300}}s',
    ])
    assert.equal(show({ defaults: true }).length, allParams.length)
  })

  test('-h: values only', () =>
    assert.deepEqual(show({ hideNames: true, names: ['myhostname', 'mydomain'] }), ['mx.example.org', 'example.org']))

  test('without options: everything, by name', () => {
    const lines = show({})
    assert.deepEqual(
      lines,
      lines.toSorted((a, b) => ((a.split(' ')[0] ?? '') < (b.split(' ')[0] ?? '') ? -1 : 1)),
    )
    assert.ok(lines.includes('biff = no'))
    assert.ok(lines.includes('postern_lookahead = yes'))
  })

  test('names that are not there are told, each in its way', () => {
    assert.deepEqual(
      showConfig(loaded, { names: ['frob', 'ambiguous_x', 'inet_interfaces', 'biff', 'mailbox_command'] }),
      {
        text: 'inet_interfaces = all\nbiff = no\n',
        warnings: [
          'frob: unknown parameter',
          'ambiguous_x: unknown parameter',
          'mailbox_command: a parameter of Postfix that Postern does not use',
        ],
      },
    )
  })

  test('--json tells where values come from', () => {
    const { text } = showConfig(loaded, { json: true, names: ['myhostname', 'smtpd_banner', 'mydomain'] })
    assert.deepEqual(JSON.parse(text), [
      { name: 'myhostname', value: 'mx.example.org', source: '/etc/main.cf:3:1' },
      { name: 'smtpd_banner', value: 'a b', source: '-o smtpd_banner=a  b' },
      { name: 'mydomain', value: 'example.org', source: 'default' },
    ])
  })
})
