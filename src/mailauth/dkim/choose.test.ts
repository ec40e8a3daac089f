import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import { type Message, messageOf, verifyMessage } from '../../../test/support/messages.ts'
import { makeRsaKey, signedWith, withField } from '../../../test/support/signed.ts'
import { makeSignatureVerifiers, signatureDefaults } from './verifier.ts'

const rsa = makeRsaKey()
const from = (author: string): Message => messageOf(`From: ${author}\nTo: b@example.net\n\nbody\n`)

/** What is found, and the names that are asked about. */
async function verify(message: Message, domain: string) {
  const resolver = makeFakeResolver({ TXT: { [`sel._domainkey.${domain}`]: [`v=DKIM1; p=${rsa.base64}`] } })
  const options = { ...signatureDefaults, resolver, clock: new ManualClock() }
  const { dkim } = await verifyMessage(makeSignatureVerifiers(options), message)
  return { dkim, asked: resolver.asked }
}

/** Signatures of strangers on top. */
function hidden(message: Message, count: number, domain = (at: number) => `d${at}.evil.example`): Message {
  let hiding = message
  for (let at = 0; at < count; at++) hiding = signedWith(hiding, rsa, { d: domain(at), s: 'none' })
  return hiding
}

describe('T10.1 a good signature of the author behind ten without a key', () => {
  const aligned: readonly (readonly [author: string, domain: string])[] = [
    ['a@example.org', 'example.org'],
    ['a@news.example.org', 'example.org'],
    ['a@example.org', 'mail.example.org'],
    ['a@news.example.org', 'mail.example.org'],
    ['One <a@other.example>, Two <b@example.org>', 'example.org'],
  ]
  for (const [author, domain] of aligned)
    test(`${domain} for From: ${author}`, async () => {
      const message = hidden(signedWith(from(author), rsa, { d: domain }), 25)
      const { dkim, asked } = await verify(message, domain)
      assert.deepEqual(
        dkim.filter(({ result }) => result === 'pass').map(answer => answer.domain),
        [domain],
      )
      // Within the limit: ten are verified, and one answer is about the rest.
      assert.equal(asked.length, 10)
      assert.equal(dkim.length, 11)
      assert.deepEqual([dkim.at(-1)?.result, dkim.at(-1)?.domain], ['policy', 'd15.evil.example'])
    })

  test('is verified though its domain is written in UTF-8', async () => {
    const written = Buffer.from('bücher.example').toString('latin1')
    const message = hidden(signedWith(from('a@xn--bcher-kva.example'), rsa, { d: written }), 12)
    const { dkim } = await verify(message, 'xn--bcher-kva.example')
    assert.equal(dkim.filter(({ result }) => result === 'pass').length, 1)
  })

  test('is verified before such as cannot be read, though these name the author', async () => {
    let message = signedWith(from('a@example.org'), rsa, { d: 'mail.example.org' })
    for (let at = 0; at < 12; at++) message = withField(message, `DKIM-Signature: v=1; d=example.org; s=s${at}`)
    const { dkim } = await verify(message, 'mail.example.org')
    assert.equal(dkim.filter(({ result }) => result === 'pass').length, 1)
  })

  test('answers stay in the order of the header', async () => {
    const message = hidden(signedWith(from('a@example.org'), rsa, { d: 'example.org' }), 12)
    const { dkim } = await verify(message, 'example.org')
    assert.deepEqual(
      dkim.slice(0, 10).map(({ domain }) => domain),
      [...[11, 10, 9, 8, 7, 6, 5, 4, 3].map(at => `d${at}.evil.example`), 'example.org'],
    )
  })

  test('is not looked for without end', async () => {
    const message = hidden(signedWith(from('a@example.org'), rsa, { d: 'example.org' }), 150)
    const { dkim, asked } = await verify(message, 'example.org')
    assert.equal(asked.length, 10)
    assert.ok(dkim.every(({ result }) => result !== 'pass'))
  })
})
