import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeFakeWorld } from '../../../test/support/fake_world.ts'
import { dkimSign, makeSigningKey } from '../../../test/support/mail_signer.ts'
import { ENVELOPE, openMessageBench } from '../../../test/support/message_bench.ts'
import { parseOpendmarcConf } from './opendmarc_conf.ts'
import { settingsOf } from './settings.ts'

const KEY = makeSigningKey('reject.example', 's1', { algorithm: 'ed25519-sha256' })
const ZONE = {
  TXT: {
    '_dmarc.reject.example': ['v=DMARC1; p=reject'],
    '_dmarc.np.example': ['v=DMARC1; p=none; np=reject; t=y'],
    's1._domainkey.reject.example': [KEY.record],
  },
  fail: ['TXT _dmarc.down.example', 'A x.np.example'],
}
const bench = openMessageBench(
  ZONE,
  'postern_arc_trusted_sealers = reject.example\npostern_dmarc_trusted_authserv_ids = front.example\npostern_dmarc_received_spf = yes',
)

const domain = fc.constantFrom('reject.example', 'np.example', 'x.np.example', 'down.example', 'nothing.example')
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 60 }))
const field = fc.oneof(
  domain.map(name => `From: a@${name}`),
  fc.tuple(domain, text).map(([name, more]) => `From: ${more} <a@${name}>`),
  text.map(value => `From: ${value}`),
  text.map(value => `Authentication-Results: ${value}`),
  domain.map(
    name => `Authentication-Results: front.example; dkim=pass header.d=${name}; spf=pass smtp.mailfrom=${name}`,
  ),
  fc
    .tuple(fc.constantFrom('ARC-Seal', 'ARC-Message-Signature', 'ARC-Authentication-Results', 'DKIM-Signature'), text)
    .map(([name, value]) => `${name}: i=1; ${value}`),
  text,
)
const envelope = fc.record(
  {
    helo: text,
    sender: fc.oneof(
      text,
      domain.map(name => `a@${name}`),
    ),
    queueId: fc.option(text),
  },
  { noNullPrototype: true },
)

test('whatever the header: a verdict, no fault, and headers that are headers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(field, { maxLength: 8 }), text, envelope, async (fields, body, said) => {
      const verdict = await bench.judge(`${fields.join('\n')}\n\n${body}`, said)
      assert.deepEqual(bench.faults, [])
      assert.ok(['accept', 'reject'].includes(verdict.action))
      if (verdict.action === 'reject') assert.match(verdict.reply, /^550 5\.7\.1 [\x20-\x7e]+$/)
      for (const line of verdict.insert) {
        assert.match(line, /^[A-Za-z-]+: \S/)
        assert.doesNotMatch(line.replace(/\r\n\t(?=\S)/g, ''), /[^\x20-\x7e]/)
      }
      for (const line of verdict.log) assert.doesNotMatch(line.text, /[^\x20-\x7e]/)
    }),
    { numRuns: 300 },
  )
})

test('nothing that is put before or behind the From header makes a forged mail pass', async () => {
  const harmless = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('X-Any', 'Subject', 'Authentication-Results', 'ARC-Seal', 'Received-SPF'),
        fc.string({ maxLength: 40 }),
      )
      .map(([name, value]) => `${name}: ${value}`),
    fc.constantFrom(
      'From: b@nothing.example',
      'From: "reject.example" <b@down.example>',
      'Authentication-Results: mx.here.example; dmarc=pass header.from=reject.example; dkim=pass header.d=reject.example',
    ),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(harmless, { maxLength: 5 }), fc.nat(5), async (fields, at) => {
      const forged = [...fields.slice(0, at), 'From: "Boss" <boss@reject.example>', ...fields.slice(at)]
      const verdict = await bench.judge(`${forged.join('\n')}\n\nhello\n`, { ...ENVELOPE })
      assert.equal(verdict.reply, '550 5.7.1 rejected by DMARC policy for reject.example')
    }),
    { numRuns: 200 },
  )
})

test('a signed mail passes whatever else its header holds', async () => {
  const signed = dkimSign('From: a@reject.example\r\nSubject: hi\r\n\r\nhello\r\n', KEY)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.stringMatching(/^X-[A-Za-z]{1,8}: [ -~]{0,40}$/), { maxLength: 5 }), async fields => {
      const verdict = await bench.judge([...fields, signed].join('\r\n'))
      assert.equal(verdict.auth.dmarc.result, 'pass')
    }),
    { numRuns: 100 },
  )
})

test('any opendmarc.conf is read, and each line that is not understood is told', () => {
  const base = settingsOf(makeFakeWorld().config)
  const word = fc.oneof(
    fc.constantFrom(
      'RejectFailures',
      'IgnoreHosts',
      'Syslog',
      'TrustedAuthservIDs',
      'DomainWhitelistFile',
      'true',
      'no',
      '/x',
      '#',
      'a.example,b',
    ),
    fc.string({ maxLength: 12 }),
  )
  const lines = fc.array(
    fc.array(word, { maxLength: 4 }).map(words => words.join(' ')),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(lines, fc.string({ unit: 'binary' }), (source, other) => {
      const { problems } = parseOpendmarcConf({
        file: 'f',
        text: source.join('\n'),
        hostname: 'mx',
        base,
        readFile: () => other,
      })
      for (const { text: told, line, column } of problems) {
        assert.notEqual(told, '')
        // Only what a file lacks has no line.
        if (told.startsWith('RejectFailures is not set')) assert.deepEqual([line, column], [0, 0])
        else assert.ok(line > 0 && column > 0, told)
      }
    }),
  )
})
