import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import { messageOf, verifyMessage } from '../../../test/support/messages.ts'
import { makeEd25519Key, makeRsaKey, withField } from '../../../test/support/signed.ts'
import { readSigningKey, type SignOptions, signDkim } from './sign.ts'
import { makeSignatureVerifiers, signatureDefaults } from './verifier.ts'

const rsa = makeRsaKey()
const ed25519 = makeEd25519Key()
const TXT = { 'sel._domainkey.example.org': [rsa.record], 'ed._domainkey.example.org': [ed25519.record] }
const clock = new ManualClock()
const verifiers = makeSignatureVerifiers({ ...signatureDefaults, resolver: makeFakeResolver({ TXT }), clock })
const MESSAGE = messageOf(
  'Received: here\nFrom: a@example.org\nTo: b@example.net\nCC:  c\nSubject : hello  \n there\nDate: now\nDate: later\n\n \nbody  \n\n',
)
const OPTIONS: SignOptions = {
  by: readSigningKey({ domain: 'example.org', selector: 'sel', pem: rsa.pem }),
  headerForm: 'relaxed',
  bodyForm: 'relaxed',
  time: 1_700_000_000,
  expires: null,
  identity: null,
  names: null,
}

for (const headerForm of ['simple', 'relaxed'] as const)
  for (const bodyForm of ['simple', 'relaxed'] as const)
    for (const [selector, pem] of [
      ['sel', rsa.pem],
      ['ed', ed25519.pem],
    ] as const)
      test(`what is signed here verifies here: ${headerForm}/${bodyForm}, ${selector}`, async () => {
        const by = readSigningKey({ domain: 'example.org', selector, pem })
        const field = signDkim(MESSAGE, {
          ...OPTIONS,
          by,
          headerForm,
          bodyForm,
          identity: 'joe=;x@a.example.org',
          expires: 1e11,
        })
        assert.ok(
          field.split('\r\n').every(line => line.length <= 78),
          field,
        )
        const { dkim } = await verifyMessage(verifiers, withField(MESSAGE, field))
        assert.deepEqual([dkim[0]?.result, dkim[0]?.problem, dkim[0]?.identity], ['pass', null, 'joe=;x@a.example.org'])
      })

test('RFC 6376 5.4: what is signed, and From once more', () => {
  const h = /h=([^;]*);/.exec(signDkim(MESSAGE, OPTIONS))?.[1]?.replace(/\s/g, '')
  assert.equal(h, 'From:From:Subject:Date:Date:To:Cc')
  const own = signDkim(MESSAGE, { ...OPTIONS, names: ['From', 'X-Not-There'] })
  assert.match(own, /h=From:X-Not-There;/)
})

test('a signature with all its tags', () => {
  const field = signDkim(MESSAGE, {
    ...OPTIONS,
    headerForm: 'simple',
    expires: 1_800_000_000,
    names: ['From', 'To', 'Date'],
  })
  assert.match(
    field,
    /^DKIM-Signature: v=1; a=rsa-sha256; c=simple\/relaxed; d=example\.org; s=sel;\r\n\tt=1700000000; x=1800000000; h=From:To:Date;\r\n\tbh=[A-Za-z0-9+/]{43}=;\r\n\tb=[A-Za-z0-9+/]{66}\r\n/,
  )
})

test('a key of another kind is refused', () => {
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
  assert.throws(() => readSigningKey({ domain: 'a.example', selector: 's', pem }), SyntaxError)
})
