import { testInLists } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testInLists({ word: 'defer_if_reject' }, [
  // list               main.cf  expected
  ['Client host',       '',      'defer_if_reject 450 4.7.0 <client[192.0.2.1]>: Client host rejected: defer_if_reject requested'],
  ['Helo command',      '',      'defer_if_reject 450 4.7.0 <helo.example>: Helo command rejected: defer_if_reject requested'],
  ['Sender address',    '',      'defer_if_reject 450 4.7.0 <a@b.example>: Sender address rejected: defer_if_reject requested'],
  ['Recipient address', '',      'defer_if_reject 450 4.7.0 <user@here.example>: Recipient address rejected: defer_if_reject requested'],
  ['Etrn command',      '',      'defer_if_reject 450 4.7.0 <etrn.example>: Etrn command rejected: defer_if_reject requested'],
  ['Data command',      '',      'defer_if_reject 450 4.7.0 <DATA>: Data command rejected: defer_if_reject requested'],
  ['End-of-data',       '',      'defer_if_reject 450 4.7.0 <END-OF-MESSAGE>: End-of-data rejected: defer_if_reject requested'],
])
