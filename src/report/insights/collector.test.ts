import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InsightCollector } from './collector.ts'
import { makeFilterHops } from './filter_hops.ts'
import type { Insights } from './insights.ts'
import { insightsOf, logLines } from './test_support.ts'

const REJECT = 'Nov 24 08:00:00 mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from'
const FIELDS = 'from=<anna@firma.example> to=<me@example.com> proto=ESMTP helo=<mail.firma.example>'

function accepted(client: string, id = '4ABC'): string {
  return `Nov 24 09:00:00 mx postfix/smtpd[7]: ${id}: client=${client}
Nov 24 09:00:00 mx postfix/cleanup[8]: ${id}: message-id=<1@firma.example>
Nov 24 09:00:00 mx postfix/qmgr[9]: ${id}: from=<anna@firma.example>, size=900, nrcpt=1 (queue active)
Nov 24 09:00:01 mx postfix/lmtp[10]: ${id}: to=<me@example.com>, relay=mx[private/dovecot-lmtp], delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Saved)
Nov 24 09:00:01 mx postfix/qmgr[9]: ${id}: removed
`
}

test('G27 T18.5 a client on a DNS list that was accepted later is a suspect, with the line for check_client_access', () => {
  const insights = insightsOf(
    `${REJECT} mail.firma.example[192.0.2.7]: 554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.7; ${FIELDS}
${accepted('mail.firma.example[192.0.2.7]')}`,
  )
  const [suspect] = insights.suspects.list
  assert.equal(insights.suspects.total, 1)
  assert.equal(suspect?.check, 'dns_list')
  assert.equal(suspect?.detail, 'zen.spamhaus.org')
  assert.deepEqual(suspect?.reasons, [{ kind: 'accepted_later', count: 1, at: '2026-11-24 09:00:00' }])
  assert.deepEqual(suspect?.fix, { list: 'check_client_access', line: 'mail.firma.example OK' })
  assert.deepEqual(insights.dnsLists.lists, [{ name: 'zen.spamhaus.org', hits: 1, clients: 1, alone: 1 }])
  assert.equal(insights.gateway.share, 0.5)
})

/** Each: a reject text, and the list and line that let it in. The sender is one to whom a user has written. */
const fixes: readonly (readonly [client: string, text: string, fix: string | null])[] = [
  [
    'unknown[192.0.2.7]',
    '450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.7]',
    'check_client_access: 192.0.2.7 OK',
  ],
  [
    'mail.firma.example[192.0.2.7]',
    '450 4.7.1 <mail.firma.example>: Helo command rejected: Host not found',
    'check_helo_access: mail.firma.example OK',
  ],
  [
    'mail.firma.example[192.0.2.7]',
    '450 4.1.8 <anna@firma.example>: Sender address rejected: Domain not found',
    'check_sender_access: anna@firma.example OK',
  ],
  [
    'mail.firma.example[192.0.2.7]',
    '550 5.7.23 <me@example.com>: Recipient address rejected: Message rejected due to: SPF fail - not authorized. Please see http://www.openspf.net/Why',
    'spf_whitelist: 192.0.2.7',
  ],
  [
    'mail.firma.example[192.0.2.7]',
    '450 4.2.0 <me@example.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html',
    'whitelist_clients: mail.firma.example',
  ],
  [
    'mail.firma.example[192.0.2.7]',
    '554 5.7.1 <mail.firma.example[192.0.2.7]>: Client host rejected: Access denied',
    'check_client_access: mail.firma.example OK',
  ],
  // What concerns the recipient is never a false alarm.
  [
    'mail.firma.example[192.0.2.7]',
    '550 5.1.1 <me@example.com>: Recipient address rejected: User unknown in virtual mailbox table',
    null,
  ],
  ['mail.firma.example[192.0.2.7]', '554 5.7.1 <me@example.com>: Relay access denied', null],
]

for (const [client, text, fix] of fixes)
  test(`T18.5 "${text}" of a correspondent: ${fix}`, () => {
    const own = `Nov 24 07:00:00 mx postfix/submission/smtpd[1]: 4OWN: client=laptop.example[198.51.100.1], sasl_method=PLAIN, sasl_username=me
Nov 24 07:00:00 mx postfix/qmgr[9]: 4OWN: from=<me@example.com>, size=900, nrcpt=1 (queue active)
Nov 24 07:00:01 mx postfix/smtp[10]: 4OWN: to=<Anna@firma.example>, relay=mail.firma.example[192.0.2.7]:25, delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent (250 ok)
`
    const { list } = insightsOf(`${own}${REJECT} ${client}: ${text}; ${FIELDS}`).suspects
    const found = list.map(each => `${each.fix?.list}: ${each.fix?.line}`)
    assert.deepEqual(found, fix === null ? [] : [fix])
    for (const each of list) assert.deepEqual(each.reasons, [{ kind: 'correspondent', address: 'anna@firma.example' }])
  })

for (const helo of ['localhost', 'co.uk', 'x OK', '*', '[192.0.2.9]', 'a..b'])
  test(`T18.5 no table is told to let in everybody who says HELO ${helo}`, () => {
    const insights = insightsOf(
      `${REJECT} unknown[192.0.2.7]: 504 5.5.2 <${helo}>: Helo command rejected: need fully-qualified hostname; from=<a@firma.example> to=<me@example.com> proto=ESMTP helo=<${helo}>
${accepted('unknown[192.0.2.7]')}`,
    )
    assert.equal(insights.suspects.list[0]?.fix?.line, '192.0.2.7 OK')
  })

test('T18.5 SPF of the same client and sender domain, DKIM, and a list of greylisting speak for a client', () => {
  const spf =
    'Nov 24 07:59:59 mx policyd-spf[5]: prepend Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.7; helo=mail.firma.example; envelope-from=anna@firma.example; receiver=<UNKNOWN>'
  const grey =
    'Nov 24 07:59:59 mx postgrey[6]: action=pass, reason=client whitelist, client_name=mail.firma.example, client_address=192.0.2.7/32, sender=anna@firma.example, recipient=me@example.com'
  const reject = `${REJECT} mail.firma.example[192.0.2.7]: 550 5.7.1 <mail.firma.example[192.0.2.7]>: Client host rejected: Access denied; ${FIELDS}`
  const milter = `Nov 24 08:01:00 mx postfix/smtpd[7]: 4DEF: client=mail.firma.example[192.0.2.7]
Nov 24 08:01:00 mx opendkim[3]: 4DEF: DKIM verification successful
Nov 24 08:01:00 mx postfix/cleanup[8]: 4DEF: milter-reject: END-OF-MESSAGE from mail.firma.example[192.0.2.7]: 5.7.1 rejected by DMARC policy for firma.example; ${FIELDS}`
  const { suspects, gateway } = insightsOf([spf, grey, reject, milter].join('\n'))
  const reasons = suspects.list.map(each => [each.check, each.reasons.map(({ kind }) => kind)])
  assert.deepEqual(reasons, [
    ['client_access', ['allow_listed', 'dkim_pass', 'spf_pass']],
    ['dmarc', ['allow_listed', 'dkim_pass', 'spf_pass']],
  ])
  assert.equal(gateway.accepted, 0)
  assert.equal(gateway.refused, 2)
})

test('greylist delays; who only waited as meant is no suspect, who tries for hours is', () => {
  const line = (time: string, text: string, address: string) =>
    `Nov 24 ${time} mx postgrey[6]: action=${text}, client_name=c.example.net, client_address=${address}, sender=a@b.example, recipient=me@example.com
Nov 24 ${time} mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from c.example.net[${address}]: 450 4.2.0 <me@example.com>: Recipient address rejected: Greylisted; from=<a@b.example> to=<me@example.com> proto=ESMTP helo=<c>`
  const passed =
    'Nov 24 01:06:00 mx postgrey[6]: action=pass, reason=triplet found, delay=360, client_name=c.example.net, client_address=192.0.2.1, sender=a@b.example, recipient=me@example.com'
  const tries = ['01', '02', '03', '04'].map(hour => line(`${hour}:00:00`, 'greylist, reason=new', '192.0.2.2'))
  const { greylist, suspects } = insightsOf(
    [line('01:00:00', 'greylist, reason=new', '192.0.2.1'), passed, ...tries].join('\n'),
  )
  assert.deepEqual([greylist.new, greylist.passed, greylist.lost], [5, 1, 4])
  assert.deepEqual([greylist.delay?.mean, greylist.delay?.median, greylist.delay?.longest], [360, 360, 360])
  assert.deepEqual(
    suspects.list.map(({ address, reasons }) => [address, reasons]),
    [['192.0.2.2', [{ kind: 'kept_trying', times: 4, seconds: 10_800 }]]],
  )
})

test('lists that name the same clients overlap', () => {
  const hit = (address: string, list: string) =>
    `Nov 24 08:00:00 mx postfix/dnsblog[7]: addr ${address} listed by domain ${list} as 127.0.0.4`
  const { dnsLists } = insightsOf(
    [hit('192.0.2.1', 'a.example'), hit('192.0.2.1', 'b.example'), hit('192.0.2.2', 'a.example')].join('\n'),
  )
  assert.deepEqual(dnsLists.lists, [
    { name: 'a.example', hits: 2, clients: 2, alone: 1 },
    { name: 'b.example', hits: 1, clients: 1, alone: 0 },
  ])
  assert.deepEqual(dnsLists.overlap, [{ a: 'a.example', b: 'b.example', clients: 1 }])
})

test('bans of fail2ban', () => {
  const { bans } = insightsOf(`Nov 24 08:00:00 mx fail2ban.actions[7]: NOTICE [postfix-flood-attack] Ban 192.0.2.1
Nov 24 08:10:00 mx fail2ban.actions[7]: NOTICE [postfix-flood-attack] Unban 192.0.2.1
Nov 24 08:10:00 mx fail2ban.actions[7]: NOTICE [postfix-flood-attack] Restore Ban 192.0.2.1`)
  assert.deepEqual([bans.banned, bans.unbanned, bans.jails], [1, 1, [{ name: 'postfix-flood-attack', count: 1 }]])
})

test('a header that quotes a reject line accuses nobody', () => {
  const { gateway } = insightsOf(
    'Nov 24 08:00:00 mx postfix/cleanup[8]: 4ABC: reject: header Subject: x from good.example[192.0.2.99]: 554 5.7.1 blocked using zen; from=<x@y> to=<z> from evil.example[192.0.2.66]; from=<a@evil.example> to=<me@example.com> proto=ESMTP helo=<evil.example>: 5.7.1 spam',
  )
  assert.deepEqual(gateway.clients, [{ name: 'evil.example[192.0.2.66]', count: 1 }])
  assert.deepEqual(
    gateway.checks.map(({ check }) => check),
    ['content'],
  )
})

test('T8.2 lines that the parser does not know are counted by their forms', () => {
  const collector = new InsightCollector({ year: 2026, understands: line => !line.message.startsWith('odd') })
  for (const line of logLines(
    'Nov 24 08:00:00 mx postfix/smtpd[7]: odd thing 12 of [192.0.2.1]\nNov 24 08:00:00 mx postfix/smtpd[7]: odd thing 13 of [192.0.2.2]\nNov 24 08:00:00 mx postfix/smtpd[7]: connect from a[192.0.2.1]',
  ))
    collector.add(line)
  const { unknown } = collector.finish()
  assert.deepEqual([unknown.lines, unknown.read, unknown.forms.length], [2, 3, 1])
  assert.deepEqual(unknown.forms[0], {
    form: 'postfix/smtpd: odd thing * of *',
    count: 2,
    example: 'postfix/smtpd: odd thing 12 of [192.0.2.1]',
  })
})

test('T18.4 mail that goes through a content filter is counted once', () => {
  const log = `${accepted('mail.firma.example[192.0.2.7]').replace('relay=mx[private/dovecot-lmtp]', 'relay=127.0.0.1[127.0.0.1]:10024')}${accepted('localhost[127.0.0.1]', '4DEF')}`
  const count = (how: { relays: string[]; clients: string[] }): readonly [Insights, number] => {
    const made = makeFilterHops(how)
    assert.equal(made.status, 'ok')
    if (made.status !== 'ok') throw new Error()
    const collector = new InsightCollector({ year: 2026, filterHops: made.hops })
    const kept = logLines(log).filter(line => made.hops.keep(line))
    for (const line of kept) collector.add(line)
    return [collector.finish(), kept.filter(line => line.message.includes('status=sent')).length]
  }
  const [apart, both] = count({ relays: [], clients: [] })
  assert.deepEqual([apart.gateway.accepted, both], [2, 2])
  const [once, delivered] = count({ relays: ['127.0.0.1:10024'], clients: ['127.0.0.0/8'] })
  assert.deepEqual([once.gateway.accepted, delivered, once.filterHops], [1, 1, { handed: 1, returned: 1 }])
  const wrong = makeFilterHops({ relays: [], clients: ['127.0.0.1/8x'] })
  assert.equal(wrong.status, 'problem')
})
