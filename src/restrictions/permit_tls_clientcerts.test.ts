import { lookupError, type RestrictionSetting, testSaid } from '../../test/support/restriction_cases.ts'

const setting: Omit<RestrictionSetting, 'fact'> = {
  word: 'permit_tls_clientcerts',
  said: { recipient: 'user@here.example' },
  mainCf: 'relay_clientcerts = hash:certs',
  tables: { 'hash:certs': { 'aa:01': 'x', 'bb:03': 'x' }, 'hash:away': 'failed', 'hash:broken': 'broken' },
}

// biome-ignore format: columns
testSaid(setting, [
  // said                                                                main.cf                            expected
  [{},                                                                   '',                                'dunno'],
  [{ tls: true },                                                        '',                                'dunno',                                                         'permit_tls_clientcerts is requested, but "smtpd_tls_ask_ccert = no"'],
  [{ tls: true },                                                        'smtpd_tls_ask_ccert = yes',       'dunno'],
  [{ tls: { trusted: true, certFingerprint: 'AA:09' } },                 'smtpd_tls_ask_ccert = yes',       'dunno'],
  [{ tls: { certFingerprint: 'AA:01' } },                                'smtpd_tls_ask_ccert = yes',       'permit'],
  [{ tls: { certFingerprint: 'AA:09', publicKeyFingerprint: 'BB:03' } }, 'smtpd_tls_ask_ccert = yes',       'permit'],
  [{ tls: { certFingerprint: 'AA:09' } },                                'smtpd_tls_ask_ccert = yes',       'dunno'],
  [{ tls: {} },                                                          'relay_clientcerts = hash:away',   'fault 451 4.3.0 <user@here.example>: Temporary lookup failure', lookupError('hash:away', 'AA:01'), "relay_clientcerts: lookup error for fingerprint 'AA:01', pkey fingerprint BB:02"],
  [{ tls: {} },                                                          'relay_clientcerts = hash:broken', 'fault 451 4.3.5 Server configuration error',                    lookupError('hash:broken', 'AA:01'), "relay_clientcerts: lookup error for fingerprint 'AA:01', pkey fingerprint BB:02"],
  [{ tls: {} },                                                          'relay_clientcerts =',             'dunno'],
])
