import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeFakeResolver } from '../../../../test/support/fake_resolver.ts'
import { systemClock } from '../../../util/clock.ts'
import { parsePolicydConf } from './conf_file.ts'
import { makeSpfPolicy } from './policy.ts'
import { policydDefaults } from './settings.ts'

const piece = fc.constantFrom(
  ...[
    'HELO_reject',
    'Mail_From_reject',
    'TestOnly',
    'Whitelist',
    'Lookup_Time',
    'Mock',
    '=',
    ' ',
    '#',
    ',',
    '\n',
    '\r',
  ],
  ...['Fail', 'False', 'True', '0', '99999999', '10.0.0.0/8', '::1', '\0', 'ü'],
)
const conf = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.array(piece, { maxLength: 40 }).map(pieces => pieces.join('')),
)

test('any policyd-spf.conf is settings and problems', () => {
  fc.assert(
    fc.property(conf, text => {
      const { settings, problems } = parsePolicydConf(text, 'mx')
      assert.deepEqual(Object.keys(settings).sort(), Object.keys(policydDefaults('mx')).sort())
      assert.ok(problems.every(({ line }) => line >= 1 && line <= text.split('\n').length))
    }),
    { numRuns: 3000 },
  )
})

test('a stranger writes no line, no second result and no comment end into a header', async () => {
  const text = fc
    .array(fc.constantFrom('(', ')', '\\', ';', ' ', '=', '"', 'dkim', 'pass', '@', 'é', 'a.example'), {
      maxLength: 12,
    })
    .map(all => all.join(''))
  await fc.assert(
    fc.asyncProperty(text, text, fc.boolean(), async (helo, why, byHelo) => {
      const resolver = makeFakeResolver({
        TXT: { 'e.example': ['v=spf1 -all exp=why.example'], 'why.example': [why.replace('é', 'e')] },
      })
      const settings = {
        ...policydDefaults('mx'),
        headerType: 'ar',
        heloReject: 'false',
        mailFromReject: 'false',
      } as const
      const policy = makeSpfPolicy({ settings, resolver, clock: systemClock, hostname: 'mx' })
      const request = { instance: '', address: '192.0.2.1', recipient: 'r@here.example', queueId: '' }
      const { action } = await policy.decide({
        ...request,
        helo: byHelo ? 'e.example' : helo,
        sender: `${helo}@e.example`,
      })
      const bare = withoutComments(action)
      assert.ok(!/[\r\n]/.test(action))
      assert.equal(bare.match(/; *[a-z]+=/g)?.length, 1, action)
    }),
    { numRuns: 1000 },
  )
})

/** RFC 5322 3.2.2: comments nest, "\" quotes. Quoted strings go, too. */
function withoutComments(header: string): string {
  let depth = 0
  let quoted = false
  let bare = ''
  for (let at = 0; at < header.length; at++) {
    const char = header.charAt(at)
    if (char === '\\') at++
    else if (depth === 0 && char === '"') quoted = !quoted
    else if (!quoted && char === '(') depth++
    else if (!quoted && char === ')') depth--
    else if (depth === 0 && !quoted) bare += char
  }
  return bare
}
