import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import { messageOf, verifyMessage } from '../../../test/support/messages.ts'
import { makeEd25519Key, signedWith, withField } from '../../../test/support/signed.ts'
import { highestInstance } from '../arc/arc_sets.ts'
import { makeBodyHasher } from './body_hash.ts'
import { type Canonicalization, HeaderBlock } from './header_block.ts'
import { parseKeyRecord } from './key_record.ts'
import { parseSignature } from './signature.ts'
import { parseTagList } from './tag_list.ts'
import { makeSignatureVerifiers, signatureDefaults } from './verifier.ts'

const FORMS: readonly Canonicalization[] = ['simple', 'relaxed']
const RUNS = 300

/** Bytes that mean something to canonicalization, mostly. */
const bodies = fc
  .array(
    fc.oneof(
      fc.constantFrom('\r\n', '\r', '\n', ' ', '\t', '\r\n\r\n', ' \r\n', 'a', 'bc', '\x00', '\xff'),
      fc.string({ maxLength: 5 }),
    ),
    {
      maxLength: 60,
    },
  )
  .map(parts => Buffer.from(parts.join(''), 'latin1'))
const cutsOf = fc.array(fc.nat(1000), { maxLength: 12 })

/** RFC 6376 3.4.3 and 3.4.4 word by word, on the whole body. */
function canonicalBody(form: Canonicalization, body: Buffer): string {
  let text = body.toString('latin1')
  if (form === 'relaxed')
    text = text
      .split('\r\n')
      .map(line => line.replace(/[ \t]+$/, '').replace(/[ \t]+/g, ' '))
      .join('\r\n')
  text = text.replace(/(?:\r\n)+$/, '')
  if (text !== '') return `${text}\r\n`
  return form === 'simple' ? '\r\n' : ''
}

test('any division of any body gives the hash of the rules applied to it whole', () => {
  fc.assert(
    fc.property(bodies, cutsOf, fc.constantFrom(...FORMS), (body, cuts, form) => {
      const whole = makeBodyHasher(form)
      const expected = Buffer.from(canonicalBody(form, body), 'latin1')
      whole.update(body)
      const divided = makeBodyHasher(form)
      let start = 0
      for (const cut of cuts.map(at => at % (body.length + 1)).sort((a, b) => a - b)) {
        divided.update(body.subarray(start, cut))
        start = cut
      }
      divided.update(body.subarray(start))
      const { sha256, length } = whole.end()
      assert.deepEqual(divided.end(), { sha256, length })
      const plain = makeBodyHasher('simple')
      // What is canonical already stays as it is.
      plain.update(expected)
      if (expected.length > 0) assert.deepEqual(plain.end(), { sha256, length })
    }),
    { numRuns: RUNS * 3 },
  )
})

const key = makeEd25519Key()
const TXT = { 'sel._domainkey.example.org': [key.record] }
const verifiers = makeSignatureVerifiers({
  ...signatureDefaults,
  resolver: makeFakeResolver({ TXT, fail: ['* fail._domainkey.example.org'] }),
  clock: new ManualClock(),
})

const names = fc.constantFrom(
  'DKIM-Signature',
  'ARC-Seal',
  'ARC-Message-Signature',
  'ARC-Authentication-Results',
  'From',
  'x',
)
const tagWords = fc.constantFrom(
  'v',
  'a',
  'b',
  'bh',
  'c',
  'd',
  'h',
  'i',
  'l',
  'q',
  's',
  't',
  'x',
  'z',
  'cv',
  'k',
  'p',
  'n',
)
const valueWords = fc.constantFrom(
  '1',
  '2',
  'rsa-sha256',
  'ed25519-sha256',
  'AAAA',
  'A'.repeat(43) + '=',
  'relaxed/relaxed',
  'simple',
  'example.org',
  'from:to',
  '@example.org',
  '0',
  '23',
  'dns/txt',
  'sel',
  'fail',
  'none',
  'pass',
  '1700000000',
  'DKIM1',
  '',
  ' ',
  '\r\n ',
  '\xc3\xbc.example',
  ';',
  '=',
  '(',
  ')',
)
const tagLists = fc
  .array(fc.tuple(fc.oneof(tagWords, fc.string({ maxLength: 3 })), fc.oneof(valueWords, fc.string({ maxLength: 9 }))), {
    maxLength: 14,
  })
  .map(tags => tags.map(([name, value]) => `${name}=${value}`).join('; '))

test('any header is answered, with results that can be shown', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(names, fc.oneof(tagLists, fc.string())), { maxLength: 9 }),
      bodies,
      async (fields, body) => {
        const message = { fields: fields.map(([name, value]) => Buffer.from(`${name}: ${value}`, 'latin1')), body }
        const { dkim, arc } = await verifyMessage(verifiers, message)
        assert.equal(dkim.length, fields.filter(([name]) => name === 'DKIM-Signature').length)
        for (const answer of dkim) {
          // Nothing was signed with the key.
          assert.notEqual(answer.result, 'pass')
          for (const text of [answer.domain, answer.selector, answer.identity, answer.algorithm, answer.tag])
            assert.doesNotMatch(text, /[\x00-\x20\x7f]/)
          assert.notEqual(answer.problem, null)
        }
        assert.notEqual(arc.result, 'pass')
      },
    ),
    { numRuns: RUNS },
  )
})

test('any bytes as fields do not throw', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 })), fc.uint8Array(), async (fields, body) => {
      const { dkim } = await verifyMessage(verifiers, {
        fields: fields.map(field => Buffer.from(field)),
        body: Buffer.from(body),
      })
      assert.ok(Array.isArray(dkim))
    }),
    { numRuns: RUNS },
  )
})

test('tags come back as they were written, and never twice', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,5}$/), { maxLength: 20 }),
      fc.array(fc.stringMatching(/^[!-:<-~]{0,9}$/), { minLength: 20, maxLength: 20 }),
      (tagNames, values) => {
        const text = tagNames.map((name, i) => ` ${name}\t=\r\n ${values[i]} `).join(';')
        const { tags, problem } = parseTagList(text)
        assert.equal(problem, tagNames.length === 0 ? 'no tags' : null)
        for (const [i, name] of tagNames.entries()) {
          const tag = tags.get(name)
          assert.equal(tag?.value, values[i])
          assert.equal(text.slice(tag?.start, tag?.end).trim(), values[i])
        }
        if (tagNames.length > 0) assert.match(parseTagList(`${text};${tagNames[0]}=`).problem ?? '', /^two tags/)
      },
    ),
    { numRuns: RUNS },
  )
})

test('no text stops the parsers', () => {
  fc.assert(
    fc.property(fc.oneof(tagLists, fc.string({ unit: 'binary' })), text => {
      const list = parseTagList(text)
      for (const { value, start, end } of list.tags.values()) assert.ok(text.slice(start, end).includes(value))
      parseSignature(text, 'dkim')
      parseSignature(text, 'arc')
      parseKeyRecord(text)
      const header = new HeaderBlock(100_000)
      header.add(Buffer.from(`ARC-Seal: ${text}`))
      assert.ok(highestInstance(header) <= 99)
    }),
    { numRuns: RUNS * 2 },
  )
})

test('any change of a signed body is noticed, unless its canonical form is the same', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, bodies, fc.constantFrom(...FORMS), cutsOf, async (body, changed, form, cuts) => {
      const message = { ...messageOf('From: a@example.org\n\n'), body }
      const signed = signedWith(message, key, { a: 'ed25519-sha256', c: `relaxed/${form}`, h: 'from:from' })
      const sorted = cuts.map(at => at % (changed.length + 1)).sort((a, b) => a - b)
      const { dkim } = await verifyMessage(verifiers, { ...signed, body: changed }, sorted)
      const isSame = canonicalBody(form, body) === canonicalBody(form, changed)
      assert.equal(dkim[0]?.result, isSame ? 'pass' : 'fail')
      const more = await verifyMessage(verifiers, { ...withField(signed, 'From: b@example.org'), body })
      assert.equal(more.dkim[0]?.result, 'fail')
    }),
    { numRuns: RUNS },
  )
})
