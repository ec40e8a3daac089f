import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { protocolRange, splitPem } from './tls.ts'

describe('protocolRange', () => {
  // smtpd_tls_protocols                      lowest     highest
  const cases: [string, string, string][] = [
    ['', 'TLSv1', 'TLSv1.3'],
    ['>=TLSv1', 'TLSv1', 'TLSv1.3'],
    ['>=TLSv1.2', 'TLSv1.2', 'TLSv1.3'],
    ['>=TLSv1.2 <=TLSv1.2', 'TLSv1.2', 'TLSv1.2'],
    ['!SSLv2 !SSLv3', 'TLSv1', 'TLSv1.3'],
    ['!SSLv2 !SSLv3 !TLSv1 !TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
    ['TLSv1.3', 'TLSv1.3', 'TLSv1.3'],
    ['!TLSv1.3', 'TLSv1', 'TLSv1.2'],
    ['>=tlsv1.2', 'TLSv1.2', 'TLSv1.3'],
  ]
  for (const [words, min, max] of cases)
    test(words, () => assert.deepEqual(protocolRange(words.split(' ')), { min, max }))
})

test('splitPem() finds each certificate', () => {
  const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----`
  assert.deepEqual(splitPem(`junk\n${pem('AAAA')}\nkey\n${pem('BBBB')}\n`), [pem('AAAA'), pem('BBBB')])
})
