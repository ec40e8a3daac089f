import { lookupError, type RestrictionSetting, testSaid } from '../../test/support/restriction_cases.ts'

const setting: Omit<RestrictionSetting, 'fact'> = {
  word: 'check_ccert_access hash:certs',
  tables: {
    'hash:certs': {
      'aa:01': 'REJECT stolen',
      'aa:02': 'OK',
      'aa:03': 'DUNNO',
      'bb:03': 'my_class',
      'bb:04': 'DISCARD',
    },
    'hash:away': 'failed',
  },
}

// biome-ignore format: columns
testSaid(setting, [
  // said                                                                main.cf                      expected
  [{},                                                                   '',                          'dunno',                                                         'check_ccert_access is requested, but "smtpd_tls_ask_ccert = no"'],
  [{ tls: true },                                                        '',                          'dunno',                                                         'check_ccert_access is requested, but "smtpd_tls_ask_ccert = no"'],
  [{ tls: true },                                                        'smtpd_tls_ask_ccert = yes', 'dunno'],
  [{ tls: { certFingerprint: 'AA:01', publicKeyFingerprint: 'BB:02' } }, '',                          '554 5.7.1 <cert.example>: Client certificate rejected: stolen'],
  [{ tls: { certFingerprint: 'AA:02', publicKeyFingerprint: 'BB:02' } }, '',                          'permit'],
  [{ tls: { certFingerprint: 'AA:03', publicKeyFingerprint: 'BB:03' } }, '',                          'list my_class'],
  [{ tls: { certFingerprint: 'AA:09', publicKeyFingerprint: 'BB:04' } }, '',                          'DISCARD'],
  [{ tls: { certFingerprint: 'AA:09', publicKeyFingerprint: 'BB:09' } }, '',                          'dunno'],
])

// The search order of Postfix 3.5 and later.
// biome-ignore format: columns
testSaid({ ...setting, word: 'check_ccert_access { hash:certs { search_order = pubkey_fingerprint } }' }, [
  [{ tls: { certFingerprint: 'AA:01', publicKeyFingerprint: 'BB:03' } }, '', 'list my_class'],
  [{ tls: { certFingerprint: 'AA:01', publicKeyFingerprint: 'BB:09' } }, '', 'dunno'],
])

// biome-ignore format: columns
testSaid({ ...setting, word: 'check_ccert_access { hash:certs { search_order = subject_cn } }' }, [
  [{ tls: {} }, '', 'fault 451 4.3.5 Server configuration error', "check_ccert_access: unexpected action 'subject_cn' in '{ hash:certs { search_order = subject_cn } }'"],
])

// biome-ignore format: columns
testSaid({ ...setting, word: 'check_ccert_access hash:away' }, [
  [{ tls: {} }, '', '451 4.3.5 <cert.example>: Client certificate rejected: Server configuration error', lookupError('hash:away', 'AA:01')],
])
