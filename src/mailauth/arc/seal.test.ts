import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import { type Message, messageOf, verifyMessage } from '../../../test/support/messages.ts'
import { makeEd25519Key, makeRsaKey, withField } from '../../../test/support/signed.ts'
import type { ArcAnswer } from '../../model/mail_auth.ts'
import { readSigningKey, signDkim } from '../dkim/sign.ts'
import { makeSignatureVerifiers, signatureDefaults } from '../dkim/verifier.ts'
import { sealArc } from './seal.ts'

const rsa = makeRsaKey()
const ed25519 = makeEd25519Key()
const clock = new ManualClock()
const time = clock.now() / 1000
const TXT = { 'sel._domainkey.example.org': [rsa.record], 'ed._domainkey.hop.example': [ed25519.record] }
const SIGNER = readSigningKey({ domain: 'example.org', selector: 'sel', pem: rsa.pem })
const HOPS = [SIGNER, readSigningKey({ domain: 'hop.example', selector: 'ed', pem: ed25519.pem })]

const MESSAGE = messageOf('From: a@example.org\nTo: b@example.net\nSubject: hello\nDate: now\n\nbody text\n')
const SIGNED = withField(
  MESSAGE,
  signDkim(MESSAGE, {
    by: SIGNER,
    headerForm: 'relaxed',
    bodyForm: 'relaxed',
    time,
    expires: null,
    identity: null,
    names: null,
  }),
)

async function verify(message: Message, fail: readonly string[] = []): Promise<ArcAnswer> {
  const options = { ...signatureDefaults, resolver: makeFakeResolver({ TXT, fail }), clock }
  return (await verifyMessage(makeSignatureVerifiers(options), message)).arc
}

/** What a hop does: verifies, perhaps changes, seals. */
async function pass(message: Message, hop: number, change = (changed: Message): Message => changed): Promise<Message> {
  const chain = await verify(message)
  const by = HOPS[hop % HOPS.length] ?? assert.fail()
  const changed = change(message)
  const fields = sealArc(
    changed,
    { by, time },
    { chain, authResults: `hop${hop}.example;\r\n\tdkim=pass header.d=example.org` },
  )
  return withField(changed, ...fields)
}

const withFooter = (message: Message): Message => ({
  ...message,
  body: Buffer.concat([message.body, Buffer.from('-- \r\nlist\r\n')]),
})

test('RFC 8617: what is sealed here holds, hop after hop, up to 50', async () => {
  let message = SIGNED
  for (let hop = 1; hop <= 50; hop++) {
    message = await pass(message, hop)
    const arc = await verify(message)
    assert.equal(arc.result, 'pass', arc.problem ?? '')
    assert.equal(arc.sets.length, hop)
    assert.equal(arc.oldestPass, 0)
  }
  const { sets } = await verify(message)
  assert.deepEqual(sets[1], {
    instance: 2,
    domain: 'example.org',
    selector: 'sel',
    chainValidation: 'pass',
    authResults: 'hop2.example;\tdkim=pass header.d=example.org',
  })
  // RFC 8617 5.1: no 51st.
  assert.deepEqual((await pass(message, 51)).fields.length, message.fields.length)
})

test('RFC 8617 5.2 step 5: the oldest message signature that holds tells who changed the body', async () => {
  const first = await pass(SIGNED, 1)
  const second = await pass(first, 2, withFooter)
  const third = await pass(second, 3)
  const arc = await verify(third)
  assert.deepEqual([arc.result, arc.oldestPass, arc.problem], ['pass', 2, null])
})

test('a change after the last seal breaks the chain, and the next seal says so', async () => {
  const sealed = withFooter(await pass(await pass(SIGNED, 1), 2))
  const arc = await verify(sealed)
  assert.deepEqual([arc.result, arc.problem], ['fail', 'ARC-Message-Signature 2: body hash does not match'])
  assert.equal(arc.sets.length, 2)
  const failed = await pass(sealed, 3)
  const after = await verify(failed)
  assert.deepEqual(
    [after.result, after.problem, after.sets[2]?.chainValidation],
    ['fail', 'sealed as failed (cv=fail)', 'fail'],
  )
  // RFC 8617 5.1 step 1: nothing is added to that.
  assert.equal((await pass(failed, 4)).fields.length, failed.fields.length)
})

test('a set that was taken out, changed or doubled breaks the chain', async () => {
  const sealed = await pass(await pass(SIGNED, 1), 2)
  const text = (index: number): string => sealed.fields[index]?.toString() ?? ''
  // 0 to 2: set 2 (seal, signature, results); 3 to 5: set 1.
  const changes: readonly (readonly [string, Message])[] = [
    ['no complete set', { ...sealed, fields: sealed.fields.toSpliced(3, 3) }],
    ['incomplete set', { ...sealed, fields: sealed.fields.toSpliced(4, 1) }],
    ['two ARC-Seal with i=2', withField(sealed, text(0))],
    [
      'ARC-Seal 1: signature does not match',
      { ...sealed, fields: sealed.fields.with(5, Buffer.from(text(5).replace('pass', 'fail'))) },
    ],
    [
      'ARC-Seal 2 with cv=none',
      { ...sealed, fields: sealed.fields.with(0, Buffer.from(text(0).replace('cv=pass', 'cv=none'))) },
    ],
    ['ARC-Seal 2 with h=', { ...sealed, fields: sealed.fields.with(0, Buffer.from(`${text(0)}; h=from`)) }],
    ['without a sound i=', { ...sealed, fields: sealed.fields.with(0, Buffer.from(text(0).replace('i=2', 'i=51'))) }],
    [
      'ARC-Message-Signature 2: signature does not',
      {
        ...sealed,
        fields: sealed.fields.map(field => Buffer.from(field.toString().replace(/^Subject: hello/, 'Subject: hallo'))),
      },
    ],
  ]
  for (const [problem, message] of changes) {
    const arc = await verify(message)
    assert.equal(arc.result, 'fail')
    assert.ok(arc.problem?.includes(problem), `${arc.problem} for ${problem}`)
  }
})

test('RFC 8617 5.2.1: a key that cannot be had makes the chain fail, and says why', async () => {
  const arc = await verify(await pass(SIGNED, 1), ['TXT ed._domainkey.hop.example'])
  assert.deepEqual([arc.result, arc.problem], ['fail', 'ARC-Message-Signature 1: SERVFAIL from fake'])
})

test('more than 50 sets are not looked at', async () => {
  const seals = Array.from(
    { length: 51 },
    (_, i) => `ARC-Seal: i=${i + 1}; a=rsa-sha256; cv=none; d=a.example; s=b; b=AAAA`,
  )
  const resolver = makeFakeResolver({ TXT })
  const verifiers = makeSignatureVerifiers({ ...signatureDefaults, resolver, clock })
  const { arc } = await verifyMessage(verifiers, withField(MESSAGE, ...seals))
  assert.deepEqual([arc.result, arc.problem], ['fail', 'more than 50 sets'])
  assert.deepEqual(resolver.asked, [])
})
