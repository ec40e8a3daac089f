import {
  type RestrictionSetting,
  testRestriction,
  testSilent,
  unavailable,
} from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'check_sender_access hash:t',
  fact: 'sender',
  tables: {
    'hash:t': {
      'bad.example': 'REJECT',
      '.dot.example': '450 later',
      'one@bad.example': 'OK',
      'spam@': 'some_class',
      'only@here.example': 'REJECT yours',
      'code.example': '421 bye',
      'mailbox.example': '550 5.1.7 no',
      'user.example': '550 5.1.1 no',
      'good.example': 'OK',
      'class.example': 'some_class',
      '<>': 'REJECT no bounces',
      null: 'OK',
    },
    'regexp:t': { 'bad.example': 'REJECT' },
    'hash:away': 'failed',
  },
}

// biome-ignore format: columns
testRestriction(setting, [
  // sender               main.cf                                 expected
  ['u@bad.example',       '',                                     '554 5.7.1 <u@bad.example>: Sender address rejected: Access denied'],
  ['u@sub.bad.example',   '',                                     '554 5.7.1 <u@sub.bad.example>: Sender address rejected: Access denied'],
  ['u@sub.bad.example',   'parent_domain_matches_subdomains =',   'dunno'],
  ['u@sub.dot.example',   'parent_domain_matches_subdomains =',   '450 4.7.1 <u@sub.dot.example>: Sender address rejected: later'],
  ['one@bad.example',     '',                                     'permit'],
  ['One@BAD.example',     '',                                     'permit'],
  ['spam@else.example',   '',                                     'list some_class'],
  ['u+ext@bad.example',   'recipient_delimiter = +',              '554 5.7.1 <u+ext@bad.example>: Sender address rejected: Access denied'],
  ['one+ext@bad.example', 'recipient_delimiter = +',              'permit'],
  ['one+ext@bad.example', '',                                     '554 5.7.1 <one+ext@bad.example>: Sender address rejected: Access denied'],
  ['u@else.example',      '',                                     'dunno'],
  ['only',                '',                                     '554 5.7.1 <only>: Sender address rejected: yours'],
  ['x@code.example',      '',                                     '421 4.7.1 <x@code.example>: Sender address rejected: bye'],
  ['x@mailbox.example',   '',                                     '550 5.1.7 <x@mailbox.example>: Sender address rejected: no'],
  ['x@user.example',      '',                                     '550 5.1.7 <x@user.example>: Sender address rejected: no',                 'mapping DSN status 5.1.1 into Sender address status 5.1.7'],
  ['u@here.example',      'mydestination = hash:away',            'fault 451 4.3.0 <u@here.example>: Temporary lookup failure'],
  ['',                    '',                                     '554 5.7.1 <>: Sender address rejected: no bounces'],
  ['',                    'smtpd_null_access_lookup_key = null',  'permit'],
  ['',                    'smtpd_null_access_lookup_key = other', 'dunno'],
])
testSilent('check_sender_access hash:t', {})

// A pattern table sees the whole address only.
// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_sender_access regexp:t' }, [
  ['u@bad.example', '', 'dunno'],
])

// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_sender_access hash:nowhere' }, [
  ['u@bad.example', '', '451 4.3.5 <u@bad.example>: Sender address rejected: Server configuration error', ...unavailable('hash:nowhere', 'u@bad.example')],
])
