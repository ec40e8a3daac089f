/** The messages of the SpamAssassin corpus, signed here in every way in turn, verify; with one byte changed they do not. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sealArc } from '../../src/mailauth/arc/seal.ts'
import { readSigningKey, signDkim } from '../../src/mailauth/dkim/sign.ts'
import { makeSignatureVerifiers, signatureDefaults } from '../../src/mailauth/dkim/verifier.ts'
import { systemClock } from '../../src/util/clock.ts'
import { corpusUnavailable, oddCorpus, readCorpus } from '../support/corpus.ts'
import { makeFakeResolver } from '../support/fake_resolver.ts'
import { type Message, splitMessage, verifyMessage } from '../support/messages.ts'
import { makeEd25519Key, makeRsaKey, withField } from '../support/signed.ts'

const KEYS = { rsa: makeRsaKey(), ed: makeEd25519Key() }
const TXT = Object.fromEntries(
  Object.entries(KEYS).map(([selector, { record }]) => [`${selector}._domainkey.example.org`, [record]]),
)
const verifiers = makeSignatureVerifiers({
  ...signatureDefaults,
  resolver: makeFakeResolver({ TXT }),
  clock: systemClock,
})
const WAYS = (['rsa', 'ed'] as const).flatMap(selector =>
  (['simple', 'relaxed'] as const).flatMap(headerForm =>
    (['simple', 'relaxed'] as const).map(bodyForm => ({ selector, headerForm, bodyForm })),
  ),
)

/** The place of a letter or digit, somewhere; -1: there is none. */
function letterFrom(bytes: Uint8Array, start: number): number {
  for (let i = 0; i < bytes.length; i++) {
    const at = (start + i) % bytes.length
    if (/[A-Za-z0-9]/.test(String.fromCharCode(bytes[at] ?? 0))) return at
  }
  return -1
}

/** Another letter, not the same in the other case. */
function changeByte(bytes: Buffer, at: number): Buffer {
  return Buffer.from(bytes.with(at, /[qQ]/.test(String.fromCharCode(bytes[at] ?? 0)) ? 0x78 : 0x71))
}

/** One letter of the body is another, or of a field that is signed; by turns. */
function changed(message: Message, turn: number): Message {
  const inBody = letterFrom(message.body, turn * 7919)
  if (inBody >= 0 && turn % 3 !== 0) return { ...message, body: changeByte(message.body, inBody) }
  // What is signed of every message.
  const index = message.fields.findLastIndex(field => /^(?:from|subject|date|to):.*\w/i.test(field.toString('latin1')))
  const field = message.fields[index]
  if (field === undefined) return { ...message, body: Buffer.concat([Buffer.from('x'), message.body]) }
  const value = field.indexOf(':') + 1
  const at = letterFrom(field.subarray(value), turn * 7919)
  return { ...message, fields: message.fields.with(index, changeByte(field, value + at)) }
}

describe('the corpus, signed', { skip: corpusUnavailable() ?? false }, () => {
  test('every message verifies as it was signed, and not after one changed byte', async () => {
    const all = process.env['POSTERN_SLOW'] === '1' ? readCorpus() : oddCorpus(20)
    const time = Math.floor(systemClock.now() / 1000)
    let turn = 0
    for (const { name, bytes } of all) {
      const message = splitMessage(bytes)
      const { selector, headerForm, bodyForm } = WAYS[turn % WAYS.length] ?? assert.fail()
      const by = readSigningKey({ domain: 'example.org', selector, pem: KEYS[selector].pem })
      const options = { by, headerForm, bodyForm, time, expires: null, identity: null, names: null }
      const signed = withField(message, signDkim(message, options))
      const about = `${name} ${selector} ${headerForm}/${bodyForm}`
      const cuts = [turn % (message.body.length + 1)]
      const { dkim } = await verifyMessage(verifiers, signed, cuts)
      assert.equal(dkim[0]?.result, 'pass', `${about}: ${dkim[0]?.problem}`)
      const other = await verifyMessage(verifiers, changed(signed, turn), cuts)
      assert.equal(other.dkim[0]?.result, 'fail', `${about}, changed`)
      // Of every tenth message a chain as well.
      if (turn++ % 10 !== 0) continue
      const { arc } = await verifyMessage(verifiers, signed)
      const sealed = withField(
        signed,
        ...sealArc(signed, { by, time }, { chain: arc, authResults: 'here.example; dkim=pass' }),
      )
      assert.equal((await verifyMessage(verifiers, sealed)).arc.result, 'pass', about)
      assert.equal((await verifyMessage(verifiers, changed(sealed, turn))).arc.result, 'fail', about)
    }
    assert.ok(turn > 100)
  })
})
