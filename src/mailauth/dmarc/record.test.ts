import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseDmarcRecord } from './record.ts'

/** "p sp np adkim aspf t psd", or what there is instead. */
function brief(text: string): string {
  const parsed = parseDmarcRecord(text)
  if (parsed === null) return 'no record'
  if (parsed.record === null) return `unusable psd=${parsed.psd}: ${parsed.problem}`
  const { p, sp, np, adkim, aspf, testing, psd } = parsed.record
  return `${p} ${sp ?? '-'} ${np ?? '-'} ${adkim}${aspf} ${testing ? 'y' : 'n'}${psd}`
}

describe('RFC 9989 4.7, 4.8 the policy record', () => {
  const cases: readonly (readonly [text: string, expected: string])[] = [
    ['v=DMARC1; p=none', 'none - - rr nu'],
    ['v=DMARC1;p=reject;sp=quarantine;np=reject;adkim=s;aspf=s;t=y;psd=n', 'reject quarantine reject ss yn'],
    ['  V =\tDMARC1 ; p = REJECT ; adkim = S', 'reject - - sr nu'],
    ['v=DMARC1; p=reject;', 'reject - - rr nu'],
    // The version must be first, and exactly so.
    ['v=dmarc1; p=reject', 'no record'],
    ['v=DMARC2; p=reject', 'no record'],
    ['v=DMARC11; p=reject', 'no record'],
    ['p=reject; v=DMARC1', 'no record'],
    ['DMARC1; p=reject', 'no record'],
    ['', 'no record'],
    // Any order after it; what is unknown or wrong is passed over.
    ['v=DMARC1; adkim=s; fo=1; p=reject', 'reject - - sr nu'],
    ['v=DMARC1; p=reject; pct=0; rf=afrf; ri=86400; x=y; =z; nonsense; p2=none', 'reject - - rr nu'],
    ['v=DMARC1; p=reject; adkim=x; aspf=; t=maybe; psd=q', 'reject - - rr nu'],
    ['v=DMARC1; P=reject; PSD=Y; T=Y', 'reject - - rr yy'],
    ['v=DMARC1; p=none; p=reject', 'reject - - rr nu'],
    // RFC 9989 4.10.1: no valid p, or an sp or np that is not valid.
    ['v=DMARC1; p=bogus', 'unusable psd=u: p=bogus'],
    ['v=DMARC1; p=bogus; rua=mailto:r@example.com', 'none - - rr nu'],
    ['v=DMARC1; rua=mailto:r@example.com', 'none - - rr nu'],
    ['v=DMARC1; p=bogus; rua=r@example.com', 'unusable psd=u: p=bogus'],
    ['v=DMARC1; p=bogus; rua=,, ,', 'unusable psd=u: p=bogus'],
    ['v=DMARC1; p=reject; sp=bogus', 'unusable psd=u: sp=bogus'],
    ['v=DMARC1; p=reject; sp=quarantine; np=bogus; rua=mailto:r@example.com', 'none - - rr nu'],
    // 4.7: a record without p, but sound otherwise, is one of p=none.
    ['v=DMARC1; psd=y', 'none - - rr ny'],
    ['v=DMARC1', 'none - - rr nu'],
    ['v=DMARC1; sp=bogus', 'unusable psd=u: sp=bogus'],
    ['v=DMARC1; p=rej\u00e9ct', 'unusable psd=u: p=rej\u00e9ct'],
  ]
  for (const [text, expected] of cases) test(text || '(empty)', () => assert.equal(brief(text), expected))

  test('reporting URIs: those that are URIs, as written', () => {
    const text =
      'v=DMARC1; p=none; rua= mailto:a@example.com!10m , https://r.example/x?y=1,b@example.com,mailto:c@d!e ; ruf=mailto:f@example.com'
    const record = parseDmarcRecord(text)?.record
    assert.deepEqual(record?.rua, ['mailto:a@example.com!10m', 'https://r.example/x?y=1'])
    assert.deepEqual(record?.ruf, ['mailto:f@example.com'])
    assert.equal(record?.text, text)
  })

  const options: readonly (readonly [string, string])[] = [
    ['', '0'],
    ['; fo=1:d:s', '1:d:s'],
    ['; fo=D : S', 'd:s'],
    ['; fo=x', '0'],
    ['; fo=1:1:1', '1'],
  ]
  for (const [text, expected] of options)
    test(`failure options${text || ' (none)'}`, () =>
      assert.equal(parseDmarcRecord(`v=DMARC1; p=none${text}`)?.record?.fo, expected))
})
