import { type RestrictionSetting, testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'permit_mx_backup',
  fact: 'recipient',
  dns: {
    A: {
      'mx.here.example': ['192.0.2.25'],
      'me.other.example': ['192.0.2.25'],
      'first.example': ['203.0.113.1'],
      'far.example': ['198.18.0.1'],
      'both.example': ['203.0.113.1', '198.18.0.1'],
    },
    AAAA: { 'six.example': ['2001:db8::25'] },
    MX: {
      'backup.example': ['10 first.example', '20 me.other.example'],
      'name.example': ['10 first.example', '20 here.example'],
      'primary.example': ['10 me.other.example', '20 first.example'],
      'same.example': ['10 first.example', '10 me.other.example'],
      'strange.example': ['10 first.example', '20 far.example'],
      'only.example': ['10 first.example'],
      'lost.example': ['10 gone.example', '20 me.other.example'],
      'slow.example': ['10 fail.example', '20 me.other.example'],
      'dead.example': ['10 fail.example', '20 first.example'],
      'half.example': ['10 both.example', '20 me.other.example'],
      'far.example': ['10 far.example', '20 me.other.example'],
      'null.example': ['0 .'],
    },
    fail: ['MX nodns.example', '* fail.example'],
  },
  tables: { 'hash:away': 'failed' },
}

// biome-ignore format: columns
testRestriction(setting, [
  // recipient                   main.cf                                       expected
  ['u@here.example',             '',                                           'permit'],
  ['u@relay.example',            '',                                           'permit'],
  ['u@alias.example',            '',                                           'permit'],
  ['u@backup.example',           '',                                           'permit'],
  ['u@name.example',             '',                                           'permit'],
  ['u@primary.example',          '',                                           'dunno'],
  ['u@same.example',             '',                                           'dunno'],
  ['u@strange.example',          '',                                           'dunno'],
  ['u@only.example',             '',                                           'dunno'],
  ['u@nomx.example',             '',                                           'dunno'],
  ['u@null.example',             '',                                           'dunno'],
  ['u@[203.0.113.9]',            '',                                           'dunno'],
  ['u@nodns.example',            '',                                           'defer_if_reject 450 4.4.4 <u@nodns.example>: Recipient address rejected: Unable to look up mail exchanger information: Host not found, try again'],
  ['u@lost.example',             '',                                           'permit'],
  ['u@slow.example',             '',                                           'permit'],
  ['u@dead.example',             '',                                           'defer_if_reject 450 4.4.4 <u@dead.example>: Recipient address rejected: Unable to look up mail exchanger host fail.example: Temporary failure in name resolution'],
  ['u%x.example@backup.example', '',                                           'dunno'],
  ['u%x.example@backup.example', 'allow_untrusted_routing = yes',              'permit'],
  ['u@backup.example',           'permit_mx_backup_networks = 203.0.113.0/24', 'permit'],
  ['u@far.example',              'permit_mx_backup_networks = 203.0.113.0/24', 'dunno'],
  ['u@half.example',             'permit_mx_backup_networks = 203.0.113.0/24', 'dunno'],
  ['u@slow.example',             'permit_mx_backup_networks = 203.0.113.0/24', 'defer_if_reject 450 4.4.4 <u@slow.example>: Recipient address rejected: Unable to look up mail exchanger host fail.example: Temporary failure in name resolution'],
  ['u@backup.example',           'permit_mx_backup_networks = hash:away',      'defer_if_reject 450 4.4.4 <u@backup.example>: Recipient address rejected: Unable to verify host first.example as mail exchanger'],
  ['u@backup.example',           'relay_domains = hash:away',                  'fault 451 4.3.0 <u@backup.example>: Temporary lookup failure'],
])
testSilent('permit_mx_backup', { sender: 'a@b.example' })
