import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { extractAddress, quoteAddress } from './address.ts'

describe('extractAddress', () => {
  // What a real Postfix 3.7 makes of RCPT TO, without and with strict_rfc821_envelopes: the address in internal form, or null for 501.
  const cases: [string, string | null, string | null][] = JSON.parse(
    readFileSync(new URL('testdata/addresses.json', import.meta.url), 'utf8'),
  )
  for (const [argument, loose, strict] of cases) {
    test(argument, () => {
      const shown = (isStrict: boolean): string | null => {
        const { address, illegal } = extractAddress(argument, { emptyAllowed: false, strict: isStrict })
        return illegal ? null : address
      }
      assert.equal(shown(false), loose)
      assert.equal(shown(true), strict)
    })
  }

  test('MAIL FROM:<> is the null sender', () => {
    assert.deepEqual(extractAddress('<>', { emptyAllowed: true, strict: true }), { address: '', illegal: false })
  })

  test('an empty address is illegal where it is not allowed', () => {
    assert.equal(extractAddress('<>', { emptyAllowed: false, strict: false }).illegal, true)
  })
})

describe('quoteAddress', () => {
  const cases: [string, string][] = [
    ['', ''],
    ['a@b.example', 'a@b.example'],
    ['quoted user@q.example', '"quoted user"@q.example'],
    ['a"b\\c@q.example', '"a\\"b\\\\c"@q.example'],
    ['.a@b.example', '".a"@b.example'],
    ['a..b@b.example', '"a..b"@b.example'],
    ['a@b@c.example', '"a@b"@c.example'],
    ['@c.example', '""@c.example'],
    ['postmaster', 'postmaster'],
    ['üser@example.org', 'üser@example.org'],
  ]
  for (const [internal, external] of cases) test(internal, () => assert.equal(quoteAddress(internal), external))
})
