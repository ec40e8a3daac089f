import assert from 'node:assert/strict'
import { test } from 'node:test'
import { causeOf, withoutCode } from './checks.ts'

/** Replies as Postfix, Postgrey, policyd-spf, OpenDMARC and Postern give them. */
const replies: readonly (readonly [reply: string, check: string, detail: string])[] = [
  [
    '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1',
    'dns_list',
    'zen.spamhaus.org',
  ],
  [
    '554 5.7.1 Service unavailable; Sender address [a@b.example] blocked using dbl.spamhaus.org',
    'dns_list',
    'dbl.spamhaus.org',
  ],
  ['550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org', 'dns_list', 'zen.spamhaus.org'],
  [
    '450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]',
    'client_name',
    'cannot find your hostname, *',
  ],
  [
    '450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]',
    'client_name',
    'cannot find your reverse hostname, *',
  ],
  ['554 5.7.1 <c.example[192.0.2.1]>: Client host rejected: Access denied', 'client_access', 'Access denied'],
  ['450 4.7.1 <x.example>: Helo command rejected: Host not found', 'helo', 'Host not found'],
  ['504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname', 'helo', 'need fully-qualified hostname'],
  ['550 5.7.1 <x>: Helo command rejected: go away', 'helo_access', 'go away'],
  ['450 4.1.8 <a@b.example>: Sender address rejected: Domain not found', 'sender_domain', 'Domain not found'],
  ['553 5.7.1 <a@b.example>: Sender address rejected: not logged in', 'sender', 'not logged in'],
  [
    '550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in virtual mailbox table',
    'recipient',
    'User unknown in virtual mailbox table',
  ],
  [
    '450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/b.example.html',
    'greylist',
    'Greylisted, see *',
  ],
  [
    '550 5.7.23 <a@b.example>: Recipient address rejected: Message rejected due to: SPF fail - not authorized. Please see http://www.openspf.net/Why',
    'spf',
    'SPF',
  ],
  [
    '450 4.7.1 <a@b.example>: Recipient address rejected: Client host rejected: cannot find your hostname, [192.0.2.1]',
    'client_name',
    'cannot find your hostname, *',
  ],
  [
    '451 4.3.5 <a@b.example>: Recipient address rejected: Server configuration error',
    'own_fault',
    'Server configuration error',
  ],
  ['451 4.3.0 <a@b.example>: Temporary lookup failure', 'own_fault', 'Temporary lookup failure'],
  ['554 5.7.1 <a@b.example>: Relay access denied', 'relay', 'Relay access denied'],
  ['5.7.1 rejected by DMARC policy for b.example', 'dmarc', 'rejected by DMARC policy for b.example'],
  ['552 5.3.4 Message size exceeds fixed limit', 'limits', 'Message size exceeds fixed limit'],
  ['554 5.5.0 Error: SMTP command pipelining', 'protocol', 'Error: SMTP command pipelining'],
  ['550 Administrative prohibition', 'other', 'Administrative prohibition'],
]

for (const [reply, check, detail] of replies)
  test(`${check}: ${reply}`, () => assert.deepEqual(causeOf(withoutCode(reply)), { check, detail }))

test('what a client said in HELO or as an address is not taken for the words of the reply', () => {
  const said = '<Relay access denied blocked by x>: Helo command rejected: Host not found'
  assert.equal(causeOf(said).check, 'helo')
})
