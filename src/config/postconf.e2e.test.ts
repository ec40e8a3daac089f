/** The reader and the expansion beside the real postconf(1). Skipped, and says so, where Postfix is not installed. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { allParams } from './catalogue.ts'
import { type Loaded, loadConfig } from './config.ts'
import { hostEnv } from './read.ts'
import { showConfig } from './show.ts'

const installed = spawnSync('postconf', ['-h', 'mail_version'])
const skip = installed.status === 0 ? false : 'postconf is not installed'
const directory = mkdtempSync(join(tmpdir(), 'postern-postconf-'))
after(() => rmSync(directory, { recursive: true }))

/** Lines that postconf prints for a main.cf, and whether it gave up. */
function postconf(mainCf: string | Buffer, ...options: readonly string[]) {
  writeFileSync(join(directory, 'main.cf'), mainCf)
  // Postfix waits until a file that has just been written is two seconds old.
  utimesSync(join(directory, 'main.cf'), 0, 0)
  writeFileSync(join(directory, 'master.cf'), '')
  const { stdout, stderr, status } = spawnSync('postconf', ['-c', directory, ...options], { encoding: 'utf8' })
  return { lines: stdout.split('\n').slice(0, -1), stderr, fatal: status !== 0 }
}

function load(mainCf: string, overrides: readonly string[] = []): Loaded {
  return loadConfig({ mainCf, path: join(directory, 'main.cf'), overrides, env: hostEnv() })
}

function lines(loaded: Loaded, options: Parameters<typeof showConfig>[1]): readonly string[] {
  return showConfig(loaded, options).text.split('\n').slice(0, -1)
}

/** Postfix adds a line of its own to what is set. */
const isSetByUs = (line: string) => !line.startsWith('config_directory = ')

const testdata = (name: string) => readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8')

const files: readonly (readonly [string, string])[] = [
  [
    'continuations, comments, blanks',
    'myhostname = a.example\n# x\n b\n\n\n c # no comment\nmydestination=\n  # x\n\n x,\n\ty\n#z\n  z',
  ],
  ['a form feed, a vertical tab', 'mydestination\f=\va\fb \v'],
  ['repetitions', 'smtpd_banner = a\nsmtpd_banner = b\n'],
  ['an indented first line', '  smtpd_banner = a\n  b\nmydomain = c.example\n'],
  ['equals signs', 'smtpd_banner==a = b=\n'],
  ['no line end at the end', 'smtpd_banner = a'],
  [
    'references of all forms',
    'a = one\nb = two\nsmtpd_banner = $a ${b} $(a)$b ${a?x$b} ${a:y} ${none:y} ${none?z} ${a?{1}:{2}} ${none ? {1} : {2}} $$a $$$a',
  ],
  ['nested references', 'a = $b\nb = ${c?{[$c]}:{-}}\nc = ${mydomain}\nmydomain = d.example\nsmtpd_banner = $a'],
  [
    'comparisons',
    'n = 9\nsmtpd_banner = ${{$n} < {10} ? {num} : {txt}} ${{$n} == {9}} ${{x$n} > {x10}?gt} ${{a}!={b}:{no}}.${{} == {$none}?{empty}}',
  ],
  [
    'levels',
    'compatibility_level = 3.6\nsmtpd_banner = ${{$compatibility_level} <level {3.10} ? {lt} : {ge}} ${{3} >=level {2.99.9}?ge}',
  ],
  ['braces as text', 'smtpd_banner = { a } }{ ${mail_name?{{x} y}} ${mail_name??foo:{b}ar}'],
  ['an old compatibility level', 'compatibility_level = 1\nmynetworks_style = class'],
  ['mydomain from myhostname', 'myhostname = a.b.c.example'],
  ['myhostname from mydomain', 'mydomain = b.example\nmyhostname = a.$mydomain'],
  ['a single label', 'myhostname = a'],
  ['interfaces', 'inet_interfaces = loopback-only\nmynetworks_style = subnet'],
  ['interfaces and protocols', 'inet_interfaces = all\ninet_protocols = ipv4\ncompatibility_level = 2'],
  ['this address', 'inet_interfaces = 127.0.0.1\nmynetworks_style = host'],
  ['stress', 'stress = yes\n'],
  ['restriction classes', 'smtpd_restriction_classes = a b\na = permit_mynetworks,\n   b\nb = reject'],
  ['non-ASCII', 'smtpd_banner = $myhostname Grüße — 日本\nmyhostname = x.example'],
  ["Debian's", testdata('debian.cf').replace(/^myorigin = .*$/m, '')],
  ['a grown one', testdata('site.cf').replaceAll('ldap:people', 'hash:people')],
]

describe('as postconf', { skip }, () => {
  for (const [name, mainCf] of files) {
    test(`-n and -nx: ${name}`, () => {
      const loaded = load(mainCf)
      // Names for programs that have no entry in this master.cf, or no database here.
      const known = (line: string) => !/^(?:people_|mua_|dovecot_|maildrop_|policyd-spf_)/.test(line) && isSetByUs(line)
      const missed = loaded.problems.filter(({ text }) => text.startsWith('unknown parameter'))
      const given = new Set(missed.map(({ text }) => /"(.*?)"/.exec(text)?.[1]))
      const ours = (options: Parameters<typeof showConfig>[1]) =>
        lines(loaded, options).filter(line => known(line) && !given.has(line.split(' ')[0]))
      assert.deepEqual(ours({ onlySet: true }), postconf(mainCf, '-n').lines.filter(known))
      assert.deepEqual(ours({ onlySet: true, expanded: true }), postconf(mainCf, '-nx').lines.filter(known))
    })

    test(`-x, every parameter: ${name}`, () => {
      const expected = new Map(postconf(mainCf, '-x').lines.map(line => [line.split(' ')[0], line]))
      const wrong = lines(load(mainCf), { expanded: true }).filter(line => {
        const other = expected.get(line.split(' ')[0])
        return other !== undefined && other !== line && !differs(line)
      })
      assert.deepEqual(wrong, [])
    })
  }

  test('-d: the defaults', () => {
    const expected = new Map(postconf('', '-d').lines.map(line => [line.split(' ')[0], line]))
    const shown = lines(load(''), { defaults: true })
    const wrong = shown.filter(line => {
      const other = expected.get(line.split(' ')[0])
      return other !== undefined && other !== line && !differs(line)
    })
    assert.deepEqual(wrong, [])
    assert.ok(shown.filter(line => expected.has(line.split(' ')[0])).length > 300)
  })

  test('-o', () => {
    const mainCf = 'myhostname = a.example\n'
    const expected = postconf(mainCf, '-o', 'myhostname=b.c.example', '-x', 'mydomain', 'mydestination').lines
    const loaded = load(mainCf, ['myhostname=b.c.example'])
    assert.deepEqual(lines(loaded, { expanded: true, names: ['mydomain', 'mydestination'] }), expected)
  })

  // What postconf or a daemon gives up on must be a problem here.
  const broken: readonly string[] = [
    'smtpd_banner\n',
    '= x\n',
    'smtpd_banner = ${x\n',
    'smtpd_banner = $\n',
    'smtpd_banner = ${mail_name?{x}y}\n',
    'smtpd_banner = ${a-b}\n',
    'a = $b\nb = $a\nsmtpd_banner = $a\n',
    'smtpd_banner = ${{a} = {b}}\n',
    'smtpd_banner = ${{x} <level {3}}\n',
  ]
  for (const mainCf of broken) {
    test(`refused by both: ${JSON.stringify(mainCf)}`, () => {
      const { fatal, stderr } = postconf(mainCf, '-x', 'smtpd_banner')
      assert.ok(fatal || /warning: .*(?:macro|expected|syntax|malformed|truncated|nesting)/s.test(stderr), stderr)
      assert.notDeepEqual(load(`compatibility_level = 3.6\n${mainCf}`).problems, [])
    })
  }
})

/** Parameters whose default is ours, or another release's, on purpose. */
function differs(line: string): boolean {
  const name = line.split(' ')[0] ?? ''
  if (['smtpd_forbid_bare_newline', 'config_directory', 'mail_version', 'milter_macro_v'].includes(name)) return true
  return allParams.some(param => param.name === name && 'since' in param)
}
