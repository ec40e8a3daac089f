import { lookupError, type RestrictionSetting, testSaid } from '../../test/support/restriction_cases.ts'

const setting: Omit<RestrictionSetting, 'fact'> = {
  word: 'reject_sender_login_mismatch',
  mainCf: `smtpd_sasl_auth_enable = yes
      smtpd_sender_login_maps = hash:owners`,
  tables: {
    'hash:owners': { 'a@here.example': 'alice, root', '@corp.example': 'bob' },
    'hash:away': 'failed',
    'hash:broken': 'broken',
  },
}

// biome-ignore format: columns
testSaid(setting, [
  // said                                       main.cf                                  expected
  [{ sender: 'a@here.example', sasl: 'alice' }, '',                                      'dunno'],
  [{ sender: 'a@here.example', sasl: 'ROOT' },  '',                                      'dunno'],
  [{ sender: 'A', sasl: 'alice' },              '',                                      'dunno'],
  [{ sender: 'a@here.example', sasl: 'bob' },   '',                                      '553 5.7.1 <a@here.example>: Sender address rejected: not owned by user bob'],
  [{ sender: 'x@corp.example', sasl: 'bob' },   '',                                      'dunno'],
  [{ sender: 'x@corp.example', sasl: 'alice' }, '',                                      '553 5.7.1 <x@corp.example>: Sender address rejected: not owned by user alice'],
  [{ sender: 'x@else.example', sasl: 'alice' }, '',                                      '553 5.7.1 <x@else.example>: Sender address rejected: not owned by user alice'],
  [{ sender: 'a@here.example' },                '',                                      '553 5.7.1 <a@here.example>: Sender address rejected: not logged in'],
  [{ sender: 'x@else.example' },                '',                                      'dunno'],
  [{ sender: '', sasl: 'alice' },               '',                                      'dunno'],
  [{ sender: '' },                              '',                                      'dunno'],
  [{ sasl: 'alice' },                           '',                                      'dunno'],
  [{ sender: 'a@here.example', sasl: 'bob' },   'smtpd_sender_login_maps =',             '553 5.7.1 <a@here.example>: Sender address rejected: not owned by user bob'],
  [{ sender: 'a@here.example' },                'smtpd_sender_login_maps =',             'dunno'],
  [{ sender: 'a@here.example', sasl: 'bob' },   'smtpd_sender_login_maps = hash:away',   'fault 451 4.3.0 <a@here.example>: Temporary lookup failure', lookupError('hash:away', 'a@here.example')],
  [{ sender: 'a@here.example' },                'smtpd_sender_login_maps = hash:broken', 'fault 451 4.3.5 Server configuration error', lookupError('hash:broken', 'a@here.example')],
  [{ sender: 'a@here.example', sasl: 'bob' },   'smtpd_sasl_auth_enable = no',           'dunno',                                                                        "restriction `reject_authenticated_sender_login_mismatch' ignored: no SASL support", "restriction `reject_unauthenticated_sender_login_mismatch' ignored: no SASL support"],
])
