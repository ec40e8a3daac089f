import { testInLists } from '../../test/support/restriction_cases.ts'

// biome-ignore format: columns
testInLists({ word: 'defer' }, [
  // list               main.cf             expected
  ['Client host',       '',                 '450 4.3.2 <client[192.0.2.1]>: Client host rejected: Try again later'],
  ['Helo command',      '',                 '450 4.3.2 <helo.example>: Helo command rejected: Try again later'],
  ['Sender address',    '',                 '450 4.3.2 <a@b.example>: Sender address rejected: Try again later'],
  ['Recipient address', '',                 '450 4.3.2 <user@here.example>: Recipient address rejected: Try again later'],
  ['Etrn command',      '',                 '450 4.3.2 <etrn.example>: Etrn command rejected: Try again later'],
  ['Data command',      '',                 '450 4.3.2 <DATA>: Data command rejected: Try again later'],
  ['End-of-data',       '',                 '450 4.3.2 <END-OF-MESSAGE>: End-of-data rejected: Try again later'],
  ['Recipient address', 'defer_code = 421', '421 4.3.2 <user@here.example>: Recipient address rejected: Try again later'],
])
