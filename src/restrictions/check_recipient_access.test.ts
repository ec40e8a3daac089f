import {
  type RestrictionSetting,
  testRestriction,
  testSilent,
  unavailable,
} from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'check_recipient_access hash:t',
  fact: 'recipient',
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
  // recipient                 main.cf                               expected
  ['u@bad.example',            '',                                   '554 5.7.1 <u@bad.example>: Recipient address rejected: Access denied'],
  ['u@sub.bad.example',        '',                                   '554 5.7.1 <u@sub.bad.example>: Recipient address rejected: Access denied'],
  ['u@sub.bad.example',        'parent_domain_matches_subdomains =', 'dunno'],
  ['u@sub.dot.example',        'parent_domain_matches_subdomains =', '450 4.7.1 <u@sub.dot.example>: Recipient address rejected: later'],
  ['one@bad.example',          '',                                   'permit'],
  ['One@BAD.example',          '',                                   'permit'],
  ['spam@else.example',        '',                                   'list some_class'],
  ['u+ext@bad.example',        'recipient_delimiter = +',            '554 5.7.1 <u+ext@bad.example>: Recipient address rejected: Access denied'],
  ['one+ext@bad.example',      'recipient_delimiter = +',            'permit'],
  ['one+ext@bad.example',      '',                                   '554 5.7.1 <one+ext@bad.example>: Recipient address rejected: Access denied'],
  ['u@else.example',           '',                                   'dunno'],
  ['only',                     '',                                   '554 5.7.1 <only>: Recipient address rejected: yours'],
  ['x@code.example',           '',                                   '421 4.7.1 <x@code.example>: Recipient address rejected: bye'],
  ['x@mailbox.example',        '',                                   '550 5.1.3 <x@mailbox.example>: Recipient address rejected: no',                  'mapping DSN status 5.1.7 into Recipient address status 5.1.3'],
  ['x@user.example',           '',                                   '550 5.1.1 <x@user.example>: Recipient address rejected: no'],
  ['u@here.example',           'mydestination = hash:away',          'fault 451 4.3.0 <u@here.example>: Temporary lookup failure'],
  ['u@elsewhere@good.example', '',                                   'dunno'],
  ['u@elsewhere@good.example', 'allow_untrusted_routing = yes',      'permit'],
  ['u%elsewhere@good.example', '',                                   'dunno'],
  ['u@good.example',           '',                                   'permit'],
  ['u@elsewhere@bad.example',  '',                                   '554 5.7.1 <u@elsewhere@bad.example>: Recipient address rejected: Access denied'],
  ['u%e@class.example',        '',                                   'list some_class, OK dunno'],
])
testSilent('check_recipient_access hash:t', {})

// A pattern table sees the whole address only.
// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_recipient_access regexp:t' }, [
  ['u@bad.example', '', 'dunno'],
])

// biome-ignore format: columns
testRestriction({ ...setting, word: 'check_recipient_access hash:nowhere' }, [
  ['u@bad.example', '', '451 4.3.5 <u@bad.example>: Recipient address rejected: Server configuration error', ...unavailable('hash:nowhere', 'u@bad.example')],
])
