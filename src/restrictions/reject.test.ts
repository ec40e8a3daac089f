import { testInLists } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testInLists({ word: 'reject' }, [
  // list               main.cf              expected
  ['Client host',       '',                  '554 5.7.1 <client[192.0.2.1]>: Client host rejected: Access denied'],
  ['Helo command',      '',                  '554 5.7.1 <helo.example>: Helo command rejected: Access denied'],
  ['Sender address',    '',                  '554 5.7.1 <a@b.example>: Sender address rejected: Access denied'],
  ['Recipient address', '',                  '554 5.7.1 <user@here.example>: Recipient address rejected: Access denied'],
  ['Etrn command',      '',                  '554 5.7.1 <etrn.example>: Etrn command rejected: Access denied'],
  ['Data command',      '',                  '554 5.7.1 <DATA>: Data command rejected: Access denied'],
  ['End-of-data',       '',                  '554 5.7.1 <END-OF-MESSAGE>: End-of-data rejected: Access denied'],
  ['Recipient address', 'reject_code = 450', '450 4.7.1 <user@here.example>: Recipient address rejected: Access denied'],
])
