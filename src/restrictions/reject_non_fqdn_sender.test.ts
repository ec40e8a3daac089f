import { testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testRestriction({ word: 'reject_non_fqdn_sender', fact: 'sender' }, [
  // sender            main.cf                       expected
  ['u@a.example',      '',                           'dunno'],
  ['u@a.example.',     '',                           'dunno'],
  ['u@[192.0.2.1]',    '',                           'dunno'],
  ['"a b"@a.example',  '',                           'dunno'],
  ['u',                '',                           '504 5.5.2 <u>: Sender address rejected: need fully-qualified address'],
  ['u@',               '',                           '504 5.5.2 <u@>: Sender address rejected: need fully-qualified address'],
  ['u@localhost',      '',                           '504 5.5.2 <u@localhost>: Sender address rejected: need fully-qualified address'],
  ['u@a..example',     '',                           '504 5.5.2 <u@a..example>: Sender address rejected: need fully-qualified address'],
  ['u@192.0.2.1',      '',                           '504 5.5.2 <u@192.0.2.1>: Sender address rejected: need fully-qualified address'],
  ['postmaster',       '',                           '504 5.5.2 <postmaster>: Sender address rejected: need fully-qualified address'],
  ['u@bücher.example', '',                           '504 5.5.2 <u@bücher.example>: Sender address rejected: need fully-qualified address'],
  ['u@localhost',      'non_fqdn_reject_code = 450', '450 4.5.2 <u@localhost>: Sender address rejected: need fully-qualified address'],
])
testSilent('reject_non_fqdn_sender', {})
testSilent('reject_non_fqdn_sender', { sender: '' })

// biome-ignore format: columns
testRestriction({ word: 'reject_non_fqdn_sender', fact: 'sender', said: { smtputf8: true } }, [
  ['u@bücher.example', '', 'dunno'],
  ['u@bücher',         '', '504 5.5.2 <u@bücher>: Sender address rejected: need fully-qualified address'],
])
