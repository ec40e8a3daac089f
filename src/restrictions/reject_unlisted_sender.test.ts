import {
  lookupError,
  type RestrictionSetting,
  testRestriction,
  testSilent,
} from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'reject_unlisted_sender',
  fact: 'sender',
  mainCf: `
      local_recipient_maps = hash:users
      relay_recipient_maps = hash:relayed
      virtual_mailbox_maps = hash:boxes
      virtual_alias_maps = hash:aliases
      canonical_maps = hash:canonical
      recipient_canonical_maps = hash:rcanonical
      sender_canonical_maps = hash:scanonical`,
  tables: {
    'hash:users': { u: 'x', 'v@here.example': 'x' },
    'hash:relayed': { 'u@relay.example': 'x' },
    'hash:boxes': { 'u@box.example': 'x' },
    'hash:aliases': { 'u@alias.example': 'v', 'away@here.example': 'u@else.example' },
    'hash:canonical': { 'old@here.example': 'u' },
    'hash:rcanonical': { 'r@here.example': 'u' },
    'hash:scanonical': { 's@here.example': 'u' },
    'hash:away': 'failed',
    'hash:broken': 'broken',
  },
}

// biome-ignore format: columns
testRestriction(setting, [
  // sender                      main.cf                                                   expected
  ['u@here.example',             '',                                                       'dunno'],
  ['U',                          '',                                                       'dunno'],
  ['v@here.example',             '',                                                       'dunno'],
  ['n@here.example',             '',                                                       '550 5.1.0 <n@here.example>: Sender address rejected: User unknown in local recipient table'],
  ['n',                          '',                                                       '550 5.1.0 <n>: Sender address rejected: User unknown in local recipient table'],
  ['n@[192.0.2.25]',             '',                                                       '550 5.1.0 <n@[192.0.2.25]>: Sender address rejected: User unknown in local recipient table'],
  ['postmaster@here.example',    '',                                                       'dunno'],
  ['MAILER-DAEMON@here.example', '',                                                       'dunno'],
  ['double-bounce@here.example', '',                                                       'dunno'],
  ['away@here.example',          '',                                                       'dunno'],
  ['old@here.example',           '',                                                       'dunno'],
  ['r@here.example',             '',                                                       'dunno'],
  ['s@here.example',             '',                                                       'dunno'],
  ['u@relay.example',            '',                                                       'dunno'],
  ['n@relay.example',            '',                                                       '550 5.1.0 <n@relay.example>: Sender address rejected: User unknown in relay recipient table'],
  ['u@box.example',              '',                                                       'dunno'],
  ['n@box.example',              '',                                                       '550 5.1.0 <n@box.example>: Sender address rejected: User unknown in virtual mailbox table'],
  ['u@alias.example',            '',                                                       'dunno'],
  ['n@alias.example',            '',                                                       '550 5.1.7 <n@alias.example>: Sender address rejected: User unknown in virtual alias table',   'mapping DSN status 5.1.1 into Sender address status 5.1.7'],
  ['n@else.example',             '',                                                       'dunno'],
  ['n@here.example',             'show_user_unknown_table_name = no',                      '550 5.1.0 <n@here.example>: Sender address rejected: User unknown'],
  ['n@here.example',             'unknown_local_recipient_reject_code = 450',              '450 4.1.0 <n@here.example>: Sender address rejected: User unknown in local recipient table'],
  ['n@relay.example',            'unknown_relay_recipient_reject_code = 450',              '450 4.1.0 <n@relay.example>: Sender address rejected: User unknown in relay recipient table'],
  ['n@box.example',              'unknown_virtual_mailbox_reject_code = 450',              '450 4.1.0 <n@box.example>: Sender address rejected: User unknown in virtual mailbox table'],
  ['n@alias.example',            'unknown_virtual_alias_reject_code = 450',                '450 4.1.7 <n@alias.example>: Sender address rejected: User unknown in virtual alias table',   'mapping DSN status 5.1.1 into Sender address status 5.1.7'],
  ['n@here.example',             'local_recipient_maps =',                                 'dunno'],
  ['n@relay.example',            'relay_recipient_maps =',                                 'dunno'],
  ['n@box.example',              'virtual_mailbox_maps =',                                 'dunno'],
  ['n@here.example',             'receive_override_options = no_unknown_recipient_checks', 'dunno'],
  ['n@here.example',             'local_recipient_maps = hash:away',                       'fault 451 4.3.0 <n@here.example>: Temporary lookup failure', lookupError('hash:away', 'n@here.example')],
  ['n@here.example',             'virtual_alias_maps = hash:away',                         'fault 451 4.3.0 <n@here.example>: Temporary lookup failure', lookupError('hash:away', 'n@here.example')],
  ['n@here.example',             'canonical_maps = hash:broken',                           'fault 451 4.3.5 Server configuration error', lookupError('hash:broken', 'n@here.example')],
  ['n@here.example',             'mydestination = hash:away',                              'fault 451 4.3.0 <n@here.example>: Temporary lookup failure'],
])
testSilent('reject_unlisted_sender', {})
testSilent('reject_unlisted_sender', { sender: '' })
