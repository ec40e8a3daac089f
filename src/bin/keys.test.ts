import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { postern } from './test_support.ts'

const BASE = `compatibility_level = 3.6
myhostname = mx.example.com
alias_maps =
local_recipient_maps =
postern_dns_servers = 127.0.0.1:9
postern_workers = 1
postern_policy_listen =
postern_milter_listen =
`

const pem = (type: 'pkcs1' | 'pkcs8', bits = 2048): string =>
  generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type, format: 'pem' }).toString()
const sealed = generateKeyPairSync('ed25519').privateKey
const FILES: Readonly<Record<string, string>> = {
  'rsa.pem': pem('pkcs8'),
  'old.pem': pem('pkcs1'),
  'ed25519.pem': sealed.export({ type: 'pkcs8', format: 'pem' }).toString(),
  'short.pem': pem('pkcs8', 768),
  'ec.pem': generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString(),
  'public.pem': generateKeyPairSync('rsa', { modulusLength: 1024 })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString(),
  'locked.pem': sealed.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
  'damaged.pem': '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----\n',
  text: 'hello\n',
  empty: '\n\n',
  secret: 'a long secret\n',
  guessable: 'a long secret\nabc\n',
}

function configure(t: TestContext, settings: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-keys-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text)
  const state = `postern_state_directory = ${directory}/state\n`
  writeFileSync(join(directory, 'main.cf'), `${BASE}${state}${settings.replaceAll('DIR', directory)}\n`)
  return directory
}

const SEAL = 'postern_arc_seal_domain = example.com\npostern_arc_seal_key_file = '
const SRS = 'postern_srs_domain = example.com\npostern_srs_secret_file = '
const REPORT =
  'postern_dmarc_report_from = dmarc@example.com\npostern_dmarc_report_dkim_domain = example.com\npostern_dmarc_report_dkim_key_file = '

describe('T13.1 keys and secrets are looked at before a mail meets them', () => {
  const wrong: readonly (readonly [settings: string, told: string])[] = [
    [SEAL, 'postern_arc_seal_key_file has to name the private key of arc._domainkey.example.com'],
    [`${SEAL}DIR/none`, 'cannot read postern_arc_seal_key_file DIR/none: No such file or directory; '],
    [`${SEAL}DIR/`, 'cannot read postern_arc_seal_key_file DIR/: Is a directory; '],
    [
      `${SEAL}DIR/text`,
      'DIR/text holds no private key that signs mail: expected "-----BEGIN PRIVATE KEY-----", found no PEM',
    ],
    [
      `${SEAL}DIR/public.pem`,
      'DIR/public.pem holds no private key that signs mail: expected "-----BEGIN PRIVATE KEY-----", found a public key',
    ],
    [
      `${SEAL}DIR/locked.pem`,
      'DIR/locked.pem holds no private key that signs mail: expected a key without a passphrase',
    ],
    [`${SEAL}DIR/damaged.pem`, 'DIR/damaged.pem holds no private key that signs mail: it is damaged ('],
    [
      `${SEAL}DIR/short.pem`,
      'DIR/short.pem holds no private key that signs mail: expected an RSA key of 1024 to 4096 bits, not of 768',
    ],
    [`${SEAL}DIR/ec.pem`, 'DIR/ec.pem holds no private key that signs mail: expected a key for RSA or Ed25519, not ec'],
    [SRS, 'postern_srs_secret_file has to name a file with a secret in it'],
    [`${SRS}DIR/none`, 'cannot read postern_srs_secret_file DIR/none: No such file or directory; '],
    [`${SRS}DIR/empty`, 'postern_srs_secret_file: DIR/empty holds no secret'],
    [`${SRS}DIR/guessable`, 'postern_srs_secret_file: secret 2 in DIR/guessable is shorter than 8 characters'],
    [`${REPORT}DIR/none`, 'cannot read postern_dmarc_report_dkim_key_file DIR/none: No such file or directory; '],
    [`${REPORT}DIR/text`, 'postern_dmarc_report_dkim_key_file: DIR/text holds no private key that signs mail'],
    [
      `${REPORT}DIR/rsa.pem\npostern_dmarc_report_from = dmarc@elsewhere.example`,
      'cannot use "example.com" for postern_dmarc_report_dkim_domain: expected elsewhere.example, or a domain above it',
    ],
  ]
  for (const [settings, told] of wrong)
    test(`${settings.split('\n').at(-1)}: ${told.slice(0, 60)}`, async t => {
      const directory = configure(t, settings)
      const text = told.replaceAll('DIR', directory)
      const { status, out } = await postern('check', '-c', directory)
      assert.equal(status, 1)
      const lines = out.split('\n').filter(line => line.includes(text))
      assert.equal(lines.length, 1, out)
      assert.match(lines[0] ?? '', /^[^ ]*main\.cf:\d+:1: /)

      const served = await postern('serve', '-c', directory)
      assert.equal(served.status, 1)
      assert.ok(served.err.includes(text), served.err)
    })

  const right = [
    `${SEAL}DIR/rsa.pem`,
    `${SEAL}DIR/old.pem`,
    `${SEAL}DIR/ed25519.pem`,
    `${SRS}DIR/secret`,
    `${REPORT}DIR/ed25519.pem`,
    // Off: the file need not be there.
    'postern_arc_seal_key_file = DIR/none\npostern_srs_secret_file = DIR/none',
    // The key of seals, but for reports of another domain: they are not signed, as before.
    `${SEAL}DIR/rsa.pem\npostern_dmarc_report_from = dmarc@elsewhere.example`,
  ]
  for (const settings of right)
    test(`good: ${settings.split('\n').join('; ')}`, async t => {
      const { status, out } = await postern('check', '-c', configure(t, settings))
      assert.equal(status, 0, out)
    })
})
