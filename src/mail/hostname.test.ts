import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  hostnameComplaint,
  isMailhostLiteral,
  isValidHostaddr,
  isValidHostname,
  isValidUtf8Hostname,
  mailhostAddr,
  withoutTrailingDot,
} from './hostname.ts'
import { toAscii } from './idna.ts'

const LABEL = 'x'.repeat(63)

function testEach(
  title: string,
  check: (text: string) => unknown,
  cases: readonly (readonly [string, unknown])[],
): void {
  describe(title, () => {
    for (const [text, expected] of cases) {
      test(`${JSON.stringify(text.slice(0, 70))}: ${expected}`, () => {
        assert.equal(check(text), expected)
      })
    }
  })
}

// biome-ignore format: columns
testEach('isValidHostname', isValidHostname, [
  ['a',                                   true],
  ['mail.example',                        true],
  ['MAIL.Example',                        true],
  ['1.example',                           true],
  ['1.2.3.x',                             true],
  ['under_score.example',                 true],
  ['_dmarc.example',                      true],
  ['a-b.example',                         true],
  ['1-2',                                 true],
  ['xn--bcher-kva.example',               true],
  [`${LABEL}.example`,                    true],
  [`${LABEL}.${LABEL}.${LABEL}.${LABEL}`, true],
  ['',                                    false],
  ['.',                                   false],
  ['a.',                                  false],
  ['.a',                                  false],
  ['a..b',                                false],
  ['-a',                                  false],
  ['a-',                                  false],
  ['a-.b',                                false],
  ['a.-b',                                false],
  ['-',                                   false],
  ['1',                                   false],
  ['1.2',                                 false],
  ['192.0.2.1',                           false],
  ['a b',                                 false],
  ['a@b',                                 false],
  ['a:b',                                 false],
  ['[a]',                                 false],
  ['bücher.example',                      false],
  ['a\u0000',                             false],
  [`x${LABEL}.example`,                   false],
  [`${LABEL}.${LABEL}.${LABEL}.${LABEL}x`, false],
  [`${LABEL}.${LABEL}.${LABEL}.${LABEL}.x`, false],
])

// The texts of valid_hostname(3).
// biome-ignore format: columns
testEach('hostnameComplaint', hostnameComplaint, [
  ['a.example',                             null],
  ['',                                      'empty hostname'],
  ['a..b',                                  'misplaced delimiter: a..b'],
  ['.a',                                    'misplaced delimiter: .a'],
  ['a.',                                    'misplaced delimiter: a.'],
  ['-a',                                    'misplaced hyphen: -a'],
  ['a-.b',                                  'misplaced hyphen: a-.b'],
  ['a.b-',                                  'misplaced hyphen: a.b-'],
  // The first fault from the left counts.
  ['a b-.c',                                'invalid character 32(decimal): a b-.c'],
  ['b\u00fc',                               'invalid character 195(decimal): b\u00fc'],
  ['1.2',                                   'numeric hostname: 1.2'],
  [`x${LABEL}`,                             `hostname label too long: x${LABEL}`],
  [`${LABEL}.${LABEL}.${LABEL}.${LABEL}.x`, `bad length 257 for ${`${LABEL}.${LABEL}`.slice(0, 100)}...`],
])

const withUtf8 = (text: string): boolean => isValidUtf8Hostname(text, true, toAscii)

// biome-ignore format: columns
testEach('isValidUtf8Hostname with SMTPUTF8', withUtf8, [
  ['mail.example',   true],
  ['bücher.example', true],
  ['例え.テスト',      true],
  ['a..b',           false],
  ['ü..example',     false],
  ['ü example',      false],
  ['',               false],
])

test('isValidUtf8Hostname without SMTPUTF8', () => {
  assert.equal(isValidUtf8Hostname('bücher.example', false, toAscii), false)
  assert.equal(isValidUtf8Hostname('mail.example', false, toAscii), true)
})

// biome-ignore format: columns
testEach('isValidHostaddr', isValidHostaddr, [
  ['192.0.2.1',              true],
  ['0.0.0.0',                true],
  ['00.0.0.0',               true],
  ['255.255.255.255',        true],
  ['192.000.002.001',        true],
  ['0.1.2.3',                false],
  ['256.1.1.1',              false],
  ['1.2.3',                  false],
  ['1.2.3.4.5',              false],
  ['1.2.3.4.',               false],
  ['.1.2.3.4',               false],
  ['1..2.3',                 false],
  ['1.2.3.4 ',               false],
  ['1.2.3.-4',               false],
  ['',                       false],
  ['example',                false],
  ['2001:db8::1',            true],
  ['::',                     true],
  ['::1',                    true],
  ['1::',                    true],
  ['1:2:3:4:5:6:7:8',        true],
  ['ABCD:ef01::',            true],
  ['::ffff:192.0.2.1',       true],
  ['1:2:3:4:5:6:192.0.2.1',  true],
  // Postfix counts no fields.
  ['1:2:3',                  true],
  ['1:2:192.0.2.1',          true],
  ['1:2',                    false],
  ['1:192.0.2.1',            false],
  [':',                      false],
  [':1:2',                   false],
  ['1:2:',                   false],
  ['1::2::3',                false],
  [':::',                    false],
  ['1:::2',                  false],
  ['12345::',                false],
  ['g::',                    false],
  ['1:2:3:4:5:6:7:8:9',      false],
  ['1:2:3:4:5:6:7::8',       false],
  ['1:2:3:4:5:6:7:192.0.2.1', false],
  ['::192.0.2',              false],
  ['::192.0.2.256',          false],
  ['::1.2.3.4:5',            false],
  ['::00001.2.3.4',          false],
  ['fe80::1%eth0',           false],
])

// biome-ignore format: columns
testEach('mailhostAddr', mailhostAddr, [
  ['192.0.2.1',          '192.0.2.1'],
  ['IPv6:2001:db8::1',   '2001:db8::1'],
  ['ipv6:2001:db8::1',   '2001:db8::1'],
  ['2001:db8::1',        null],
  ['IPv6:192.0.2.1',     null],
  ['IPv6:',              null],
  ['192.0.2',            null],
  ['',                   null],
])

// biome-ignore format: columns
testEach('isMailhostLiteral', isMailhostLiteral, [
  ['[192.0.2.1]',        true],
  ['[IPv6:2001:db8::1]', true],
  ['[2001:db8::1]',      false],
  ['192.0.2.1',          false],
  ['[192.0.2.1',         false],
  ['[192.0.2.1]x',       false],
  ['[[192.0.2.1]]',      false],
  ['[]',                 false],
])

// biome-ignore format: columns
testEach('withoutTrailingDot', withoutTrailingDot, [
  ['a.example.',  'a.example'],
  ['a.example',   'a.example'],
  ['a.example..', 'a.example..'],
  ['.',           '.'],
  ['',            ''],
])
