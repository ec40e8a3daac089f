import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type FakeZone, makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import { type Message, messageOf, verifyMessage } from '../../../test/support/messages.ts'
import {
  makeEd25519Key,
  makeRsaKey,
  signedWith,
  type Tags,
  type TestKey,
  withField,
} from '../../../test/support/signed.ts'
import type { Resolver } from '../../dns/resolver.ts'
import type { DkimAnswer, DkimResult } from '../../model/mail_auth.ts'
import type { SignatureLimits } from './types.ts'
import { makeSignatureVerifiers, signatureDefaults } from './verifier.ts'

const rsa = makeRsaKey()
const other = makeRsaKey(1024)
const ed25519 = makeEd25519Key()
const { base64 } = rsa

const MESSAGE = messageOf('From: a@example.org\nTo: b@example.net\nSubject: hello  there\n\nbody  text\n\nmore\n')
const NOW = new ManualClock().now() / 1000

async function verify(
  message: Message,
  records: FakeZone['TXT'],
  more: Partial<SignatureLimits> & { fail?: readonly string[] } = {},
): Promise<readonly DkimAnswer[]> {
  const { fail = [], ...limits } = more
  const resolver = makeFakeResolver({ ...(records === undefined ? {} : { TXT: records }), fail })
  const options = { ...signatureDefaults, ...limits, resolver, clock: new ManualClock() }
  return (await verifyMessage(makeSignatureVerifiers(options), message)).dkim
}

interface Case {
  readonly name: string
  readonly tags?: Tags
  readonly key?: TestKey
  /** Key records; default: of `key`. */
  readonly records?: readonly string[]
  readonly result: DkimResult
  readonly problem?: RegExp
}

const signatures: readonly Case[] = [
  { name: 'sound', result: 'pass' },
  { name: 'ed25519 (RFC 8463)', tags: { a: 'ed25519-sha256' }, key: ed25519, result: 'pass' },
  { name: 'simple/simple', tags: { c: 'simple/simple' }, result: 'pass' },
  { name: 'simple/relaxed', tags: { c: 'simple/relaxed' }, result: 'pass' },
  { name: 'c=relaxed is relaxed/simple', tags: { c: 'relaxed' }, result: 'pass' },
  { name: 'no c= is simple/simple', tags: { c: null }, result: 'pass' },
  { name: 'unknown c=', tags: { c: 'nofws' }, result: 'neutral', problem: /canonicalization/ },
  { name: 'c= with three', tags: { c: 'simple/simple/simple' }, result: 'neutral', problem: /canonicalization/ },
  { name: 'unknown tags', tags: { zz: 'top', X9_: '' }, result: 'pass' },
  { name: 'folded values', tags: { h: 'from :\r\n to : subject', d: '\r\n example.org ' }, result: 'pass' },
  { name: 'two h= names too many and absent ones', tags: { h: 'from:from:to:cc:subject:subject' }, result: 'pass' },
  { name: 'no v=', tags: { v: null }, result: 'neutral', problem: /^no v=$/ },
  { name: 'v=2', tags: { v: '2' }, result: 'neutral', problem: /version/ },
  { name: 'v=1.0', tags: { v: '1.0' }, result: 'neutral', problem: /version/ },
  { name: 'no a=', tags: { a: null }, result: 'neutral', problem: /^no a=$/ },
  { name: 'no d=', tags: { d: null }, result: 'neutral', problem: /^no d=$/ },
  { name: 'no s=', tags: { s: null }, result: 'neutral', problem: /^no s=$/ },
  { name: 'no h=', tags: { h: null }, result: 'neutral', problem: /^no h=$/ },
  { name: 'no b=', tags: { b: null }, result: 'neutral', problem: /^no b=$/ },
  { name: 'no bh=', tags: { bh: null }, result: 'neutral', problem: /^no bh=$/ },
  { name: 'b= empty', tags: { b: '' }, result: 'neutral', problem: /b= is no base64/ },
  { name: 'b= not base64', tags: { b: '@@@' }, result: 'neutral', problem: /b= is no base64/ },
  { name: 'b= of another length', tags: { b: 'AAAA' }, result: 'fail', problem: /does not match/ },
  { name: 'bh= too short', tags: { bh: 'AAAA' }, result: 'neutral', problem: /bh= is no SHA-256/ },
  { name: 'bh= of another body', tags: { bh: 'A'.repeat(43) + '=' }, result: 'fail', problem: /body hash/ },
  { name: 'unknown algorithm', tags: { a: 'dsa-sha256' }, result: 'neutral', problem: /algorithm/ },
  { name: 'RFC 8301 3.1: rsa-sha1 never', tags: { a: 'rsa-sha1' }, result: 'policy', problem: /rsa-sha1/ },
  { name: 'RFC 6376 5.4: From not signed', tags: { h: 'to:subject' }, result: 'permerror', problem: /From/ },
  { name: 'h= empty', tags: { h: '' }, result: 'permerror', problem: /From/ },
  { name: 'h= with odd names', tags: { h: 'from:s ubject' }, result: 'neutral', problem: /h= is no list/ },
  { name: 'h= too long', tags: { h: `from${':x'.repeat(1000)}` }, result: 'policy', problem: /too many names/ },
  { name: 'd= one label', tags: { d: 'org' }, result: 'neutral', problem: /d= is no domain/ },
  { name: 'd= no name', tags: { d: 'exa mple.org' }, result: 'neutral', problem: /d= is no domain/ },
  { name: 's= no name', tags: { s: '-' }, result: 'neutral', problem: /s= is no selector/ },
  { name: 'd= in capitals', tags: { d: 'Example.ORG' }, result: 'pass' },
  { name: 's= with dots', tags: { s: 'a.sel' }, result: 'permerror', problem: /^no key$/ },
  { name: 'i= of d=', tags: { i: 'joe@example.org' }, result: 'pass' },
  { name: 'i= below d=', tags: { i: '@sub.Example.org' }, result: 'pass' },
  { name: 'i= of another domain', tags: { i: '@example.net' }, result: 'permerror', problem: /i= is not of/ },
  { name: 'i= that ends like d=', tags: { i: '@badexample.org' }, result: 'permerror', problem: /i= is not of/ },
  { name: 'i= without domain', tags: { i: 'joe' }, result: 'neutral', problem: /i= has no domain/ },
  { name: 'i= quoted-printable', tags: { i: 'joe=40x=3Dy@example.org' }, result: 'pass' },
  { name: 'q=dns/txt', tags: { q: 'x/y : dns/txt' }, result: 'pass' },
  { name: 'q= of another kind', tags: { q: 'http' }, result: 'neutral', problem: /way to find/ },
  { name: 't= and x= to come', tags: { t: `${NOW - 10}`, x: `${NOW + 10}` }, result: 'pass' },
  { name: 't= in the future', tags: { t: `${NOW + 5000}` }, result: 'pass' },
  { name: 'x= a little over', tags: { x: `${NOW - 200}` }, result: 'pass' },
  { name: 'x= over', tags: { x: `${NOW - 400}` }, result: 'fail', problem: /expired/ },
  { name: 'x= before t=', tags: { t: `${NOW + 9}`, x: `${NOW + 8}` }, result: 'neutral', problem: /x= is not after/ },
  { name: 'x= no number', tags: { x: 'soon' }, result: 'neutral', problem: /x= is no number/ },
  { name: 't= too long', tags: { t: '1'.repeat(13) }, result: 'neutral', problem: /t= is no number/ },
  { name: 'l= of the whole body', tags: { l: '19' }, result: 'pass' },
  { name: 'l= shorter', tags: { l: '18' }, result: 'policy', problem: /^l= leaves 1 of 19 bytes/ },
  { name: 'l=0', tags: { l: '0' }, result: 'policy', problem: /^l= leaves 19 of 19 bytes/ },
  { name: 'l= longer', tags: { l: '20' }, result: 'neutral', problem: /longer than the body/ },
  { name: 'l= shorter, and header changed', tags: { l: '18', b: 'A'.repeat(342) + '==' }, result: 'fail' },
  { name: 'l= no number', tags: { l: '-1' }, result: 'neutral', problem: /l= is no number/ },
]

const keys: readonly Case[] = [
  { name: 'no tags but p=', records: [`p=${base64}`], result: 'pass' },
  { name: 'white space in p=', records: [`v=DKIM1; p=${base64.replace(/.{20}/g, '$& ')} ;`], result: 'pass' },
  { name: 'n= and unknown tags', records: [`v=DKIM1; n=a=b c; zz=1; p=${base64}`], result: 'pass' },
  { name: 'v= not first', records: [`k=rsa; v=DKIM1; p=${base64}`], result: 'permerror', problem: /DKIM1/ },
  { name: 'v=DKIM2', records: [`v=DKIM2; p=${base64}`], result: 'permerror', problem: /DKIM1/ },
  { name: 'v=dkim1', records: [`v=dkim1; p=${base64}`], result: 'permerror', problem: /DKIM1/ },
  { name: 'no p=', records: ['v=DKIM1; k=rsa'], result: 'permerror', problem: /without p=/ },
  { name: 'revoked', records: ['v=DKIM1; p='], result: 'permerror', problem: /revoked/ },
  { name: 'p= not base64', records: ['v=DKIM1; p=%%'], result: 'permerror', problem: /p= is no key/ },
  { name: 'p= no key', records: ['v=DKIM1; p=AAAA'], result: 'permerror', problem: /p= is no key/ },
  { name: 'p= cut', records: [`v=DKIM1; p=${base64.slice(0, 100)}`], result: 'permerror', problem: /p= is no key/ },
  { name: 'two p=', records: [`v=DKIM1; p=${base64}; p=${base64}`], result: 'permerror', problem: /two tags p=/ },
  { name: 'no tag list', records: ['hello world'], result: 'permerror', problem: /key record/ },
  { name: 'empty record', records: [''], result: 'permerror', problem: /key record/ },
  {
    name: 'record too long',
    records: [`p=${base64}; n=${'x'.repeat(9000)}`],
    result: 'permerror',
    problem: /too long/,
  },
  { name: 'unknown k=', records: [`k=dsa; p=${base64}`], result: 'permerror', problem: /type of key/ },
  { name: 'k= of the other kind', records: [ed25519.record], result: 'permerror', problem: /key is for ed25519/ },
  {
    name: 'ed25519 key with rsa bytes',
    records: [`k=ed25519; p=${base64}`],
    result: 'permerror',
    problem: /p= is no key/,
  },
  { name: 'h=sha256', records: [`h=sha1 : sha256; p=${base64}`], result: 'pass' },
  { name: 'h=sha1', records: [`h=sha1; p=${base64}`], result: 'permerror', problem: /SHA-256/ },
  { name: 's=email', records: [`s=email:x; p=${base64}`], result: 'pass' },
  { name: 's=*', records: [`s=*; p=${base64}`], result: 'pass' },
  { name: 's=tlsrpt', records: [`s=tlsrpt; p=${base64}`], result: 'permerror', problem: /not for mail/ },
  { name: 't=s, i= is d=', tags: { i: 'x@example.org' }, records: [`t=s; p=${base64}`], result: 'pass' },
  { name: 't=s, no i=', records: [`t=s; p=${base64}`], result: 'pass' },
  {
    name: 't=s, i= below',
    tags: { i: '@a.example.org' },
    records: [`t=y:s; p=${base64}`],
    result: 'permerror',
    problem: /t=s/,
  },
  { name: 'another key', records: [makeRsaKey(1024).record], result: 'fail', problem: /does not match/ },
  { name: 'several records, one right', records: ['v=spf1 -all', other.record, rsa.record], result: 'pass' },
  {
    name: 'several records, none right',
    records: ['v=spf1 -all', other.record],
    result: 'fail',
    problem: /does not match/,
  },
  { name: 'RFC 8301 3.2: 512 bits', records: [short(512)], result: 'policy', problem: /512 bits is too short/ },
  { name: 'RFC 8301 3.2: 1023 bits', records: [short(1023)], result: 'policy', problem: /1023 bits is too short/ },
  { name: '8192 bits', records: [short(8192)], result: 'policy', problem: /8192 bits is too long/ },
  { name: 'a huge exponent', records: [hugeExponent()], result: 'permerror', problem: /p= is no key/ },
  { name: 'an even modulus', records: [short(2048, 0)], result: 'fail', problem: /does not match/ },
]

/** An RSA record of a modulus that no signature belongs to: the size is all that is looked at. */
function short(bits: number, last = 0xff): string {
  const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xa5)
  modulus[0] = bits % 8 === 0 ? 0xa5 : 0x55 >> (7 - (bits % 8))
  modulus[modulus.length - 1] = last
  return rsaRecord(modulus, Buffer.from([1, 0, 1]))
}

function hugeExponent(): string {
  return rsaRecord(Buffer.alloc(256, 0xa5), Buffer.alloc(200, 0x55))
}

/** RFC 8017 A.1.1 RSAPublicKey, as the text of RFC 6376 3.6.1 has it. */
function rsaRecord(modulus: Buffer, exponent: Buffer): string {
  const integer = (bytes: Buffer): Buffer =>
    der(0x02, (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
  return `k=rsa; p=${der(0x30, Buffer.concat([integer(modulus), integer(exponent)])).toString('base64')}`
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

for (const [group, cases] of Object.entries({ 'DKIM-Signature': signatures, 'key record': keys }))
  describe(group, () => {
    for (const { name, tags = {}, key = rsa, records, result, problem } of cases)
      test(`${name}: ${result}`, async () => {
        const zone = { 'sel._domainkey.example.org': records ?? [key.record] }
        const answers = await verify(signedWith(MESSAGE, key, tags), zone)
        assert.equal(answers.length, 1)
        const [answer] = answers
        assert.equal(answer?.result, result, answer?.problem ?? '')
        if (result === 'pass') assert.equal(answer.problem, null)
        else assert.match(answer.problem ?? '', problem ?? /./)
      })
  })

const ZONE = { 'sel._domainkey.example.org': [rsa.record], 'ed._domainkey.example.org': [ed25519.record] }

test('what is told of a signature', async () => {
  const tags = { i: 'j=40e@A.example.org', d: 'EXAMPLE.org' }
  const [answer] = await verify(signedWith(MESSAGE, rsa, tags), {
    'sel._domainkey.example.org': [`t=y; ${rsa.record.slice(9)}`],
  })
  const { tag, ...rest } = answer ?? assert.fail()
  assert.match(tag, /^[A-Za-z0-9+/]{8}$/)
  assert.deepEqual(rest, {
    result: 'pass',
    domain: 'example.org',
    selector: 'sel',
    identity: 'j@e@A.example.org',
    algorithm: 'rsa-sha256',
    keyBits: 2048,
    testing: true,
    problem: null,
  })
})

test('RFC 8601 2.7.1: hostile tags are told without what cannot be shown', async () => {
  const field = 'DKIM-Signature: v=1; a=rsa"x; d=a\x01.example; s=(x); i=a=0D=0Ab@c; b=\x80\x80; h=from; bh=x'
  const [answer] = await verify(withField(MESSAGE, field), ZONE)
  assert.deepEqual(answer, {
    result: 'neutral',
    domain: '',
    selector: '',
    identity: 'a=0D=0Ab@c',
    algorithm: '',
    keyBits: null,
    tag: '',
    testing: false,
    problem: 'odd characters in d=',
  })
})

for (const [name, text, problem] of [
  ['duplicate tag', 'v=1; d=a.example; d=b.example', /two tags d=/],
  ['no tags', '', /no tags/],
  ['tag without "="', 'v=1; nonsense', /without "="/],
  ['empty tag', 'v=1;; a=rsa-sha256', /empty tag/],
  ['odd name', 'v=1; 9=x', /odd characters/],
  ['many tags', Array.from({ length: 5000 }, (_, i) => `a${i}=1`).join(';'), /more tags/],
] as const)
  test(`RFC 6376 3.2: ${name}`, async () => {
    const [answer] = await verify(withField(MESSAGE, `DKIM-Signature: ${text}`), ZONE)
    assert.equal(answer?.result, 'neutral')
    assert.match(answer.problem ?? '', problem)
  })

test('no signature', async () => {
  assert.deepEqual(await verify(MESSAGE, ZONE), [])
})

test('every changed byte that is signed is noticed', async () => {
  for (const c of ['relaxed/relaxed', 'simple/simple']) {
    const signed = signedWith(MESSAGE, rsa, { c, h: 'from:from:to:subject' })
    assert.equal((await verify(signed, ZONE))[0]?.result, 'pass')
    const changes: Message[] = [
      withField(signed, 'From: c@example.org'),
      { ...signed, fields: signed.fields.toSpliced(1, 1) },
      { ...signed, body: Buffer.concat([signed.body, Buffer.from('x')]) },
      ...['subject: hello there!', 'Subject : hello thern'].map(text => ({
        ...signed,
        fields: signed.fields.with(3, Buffer.from(text)),
      })),
    ]
    for (let at = 0; at < signed.body.length; at++)
      changes.push({ ...signed, body: Buffer.from(signed.body.with(at, 0x5a)) })
    for (const changed of changes) assert.equal((await verify(changed, ZONE))[0]?.result, 'fail')
  }
})

test('relaxed lets white space and case of names change, simple does not', async () => {
  const fields = ['from:   a@example.org', 'TO: b@example.net\t', 'Subject: hello\r\n there'].map(text =>
    Buffer.from(text),
  )
  const body = Buffer.from('body text \r\n\r\nmore\r\n\r\n\r\n')
  for (const [c, result] of [
    ['relaxed/relaxed', 'pass'],
    ['relaxed/simple', 'fail'],
    ['simple/relaxed', 'fail'],
  ] as const) {
    const signed = signedWith(MESSAGE, rsa, { c })
    const changed = { fields: [signed.fields[0] ?? assert.fail(), ...fields], body }
    assert.equal((await verify(changed, ZONE))[0]?.result, result, c)
  }
})

test('several signatures are answered in the order of the header, each for itself', async () => {
  const inner = signedWith(MESSAGE, rsa)
  const both = signedWith(inner, ed25519, { a: 'ed25519-sha256', s: 'ed' })
  const broken = signedWith(both, rsa, { bh: 'A'.repeat(43) + '=' })
  const answers = await verify(broken, ZONE)
  assert.deepEqual(
    answers.map(({ result, selector }) => [result, selector]),
    [
      ['fail', 'sel'],
      ['pass', 'ed'],
      ['pass', 'sel'],
    ],
  )
})

test('only so many signatures are verified, and asked about', async () => {
  let message = MESSAGE
  for (let count = 0; count < 30; count++) message = signedWith(message, rsa, { s: `s${29 - count}` })
  const resolver = makeFakeResolver({})
  const options = { ...signatureDefaults, maxSignatures: 4, resolver, clock: new ManualClock() }
  const { dkim } = await verifyMessage(makeSignatureVerifiers(options), message)
  assert.deepEqual(
    dkim.map(({ result, selector }) => `${selector} ${result}`),
    ['s0 permerror', 's1 permerror', 's2 permerror', 's3 permerror', 's4 policy'],
  )
  assert.match(dkim.at(-1)?.problem ?? '', /only the first 4/)
  assert.equal(resolver.asked.length, 4)
})

test('a header that is too long: policy, and no question', async () => {
  const message = withField(MESSAGE, `X: ${'x'.repeat(2000)}`)
  const signed = signedWith(message, rsa)
  assert.equal((await verify(signed, ZONE))[0]?.result, 'pass')
  const [answer] = await verify(signed, ZONE, { maxHeaderBytes: 1000, fail: ['* sel._domainkey.example.org'] })
  assert.deepEqual([answer?.result, answer?.problem], ['policy', 'header too long to be verified'])
})

test('T14.1 a key that cannot be had is temperror, never fail', async () => {
  const broken = { ...signedWith(MESSAGE, rsa, { x: `${NOW - 4000}` }), body: Buffer.from('other\r\n') }
  for (const message of [signedWith(MESSAGE, rsa), broken]) {
    const [answer] = await verify(message, {}, { fail: ['TXT sel._domainkey.example.org'] })
    assert.deepEqual([answer?.result, answer?.problem], ['temperror', 'SERVFAIL from fake'])
  }
})

test('T14.1 keys that do not come in time: temperror, and those that came count', async () => {
  const clock = new ManualClock()
  const asked: string[] = []
  const real = makeFakeResolver({ TXT: ZONE })
  const resolver: Resolver = {
    query(name, type) {
      asked.push(name)
      return name.startsWith('ed.') ? new Promise(() => undefined) : real.query(name, type)
    },
  }
  const verifier = makeSignatureVerifiers({ ...signatureDefaults, resolver, clock }).open()
  const message = signedWith(signedWith(MESSAGE, rsa), ed25519, { a: 'ed25519-sha256', s: 'ed' })
  for (const field of message.fields) verifier.header(field)
  verifier.body(message.body.subarray(0, 3))
  // All of them, while the body still comes.
  assert.deepEqual(asked, ['ed._domainkey.example.org', 'sel._domainkey.example.org'])
  verifier.body(message.body.subarray(3))
  const answer = verifier.end()
  await clock.advance(signatureDefaults.timeLimit * 1000)
  const { dkim } = await answer
  assert.deepEqual(
    dkim.map(({ result, problem }) => [result, problem]),
    [
      ['temperror', 'key lookup took too long'],
      ['pass', null],
    ],
  )
})

test('T14.5 each key is asked for once for a message', async () => {
  const resolver = makeFakeResolver({ TXT: ZONE })
  const verifiers = makeSignatureVerifiers({ ...signatureDefaults, resolver, clock: new ManualClock() })
  const { dkim } = await verifyMessage(verifiers, signedWith(signedWith(MESSAGE, rsa), rsa))
  assert.deepEqual(
    dkim.map(({ result }) => result),
    ['pass', 'pass'],
  )
  assert.deepEqual(resolver.asked, ['TXT sel._domainkey.example.org'])
})

test('RFC 8616 4: names in UTF-8 are asked for in A-labels', async () => {
  const d = Buffer.from('bücher.example').toString('latin1')
  const resolver = makeFakeResolver({ TXT: { 'sel._domainkey.xn--bcher-kva.example': [rsa.record] } })
  const verifiers = makeSignatureVerifiers({ ...signatureDefaults, resolver, clock: new ManualClock() })
  const { dkim } = await verifyMessage(verifiers, signedWith(MESSAGE, rsa, { d, i: `@a.${d}` }))
  assert.deepEqual([dkim[0]?.result, dkim[0]?.domain], ['pass', 'bücher.example'])
})
