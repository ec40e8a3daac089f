import { testSaid } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testSaid({ word: 'reject_plaintext_session' }, [
  // said                       main.cf                        expected
  [{},                          '',                            '450 4.7.1 Session encryption is required'],
  [{ tls: true },               '',                            'dunno'],
  [{ tls: { trusted: false } }, '',                            'dunno'],
  [{},                          'plaintext_reject_code = 530', '530 5.7.1 Session encryption is required'],
])
