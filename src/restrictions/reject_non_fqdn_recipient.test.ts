import { testRestriction, testSilent } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testRestriction({ word: 'reject_non_fqdn_recipient', fact: 'recipient' }, [
  // recipient         main.cf                       expected
  ['u@a.example',      '',                           'dunno'],
  ['u@a.example.',     '',                           'dunno'],
  ['u@[192.0.2.1]',    '',                           'dunno'],
  ['"a b"@a.example',  '',                           'dunno'],
  ['u',                '',                           '504 5.5.2 <u>: Recipient address rejected: need fully-qualified address'],
  ['u@',               '',                           '504 5.5.2 <u@>: Recipient address rejected: need fully-qualified address'],
  ['u@localhost',      '',                           '504 5.5.2 <u@localhost>: Recipient address rejected: need fully-qualified address'],
  ['u@a..example',     '',                           '504 5.5.2 <u@a..example>: Recipient address rejected: need fully-qualified address'],
  ['u@192.0.2.1',      '',                           '504 5.5.2 <u@192.0.2.1>: Recipient address rejected: need fully-qualified address'],
  ['postmaster',       '',                           '504 5.5.2 <postmaster>: Recipient address rejected: need fully-qualified address'],
  ['u@bücher.example', '',                           '504 5.5.2 <u@bücher.example>: Recipient address rejected: need fully-qualified address'],
  ['u@localhost',      'non_fqdn_reject_code = 450', '450 4.5.2 <u@localhost>: Recipient address rejected: need fully-qualified address'],
])
testSilent('reject_non_fqdn_recipient', {})

// biome-ignore format: columns
testRestriction({ word: 'reject_non_fqdn_recipient', fact: 'recipient', said: { smtputf8: true } }, [
  ['u@bücher.example', '', 'dunno'],
  ['u@bücher',         '', '504 5.5.2 <u@bücher>: Recipient address rejected: need fully-qualified address'],
])
