import type { Zone } from '../../src/dns/fixture_zone.ts'
import { AUTHORIZED, type DmarcCase } from './dmarc_cases.ts'
import { dkimSign, makeSigningKey } from './mail_signer.ts'

/** What OpenDMARC and Postern make of messages about which RFC 7489 and RFC 9989, or reason and OpenDMARC, do not agree. */
export interface OddCase {
  readonly message: DmarcCase
  /** "250", "550", "451", and what follows "dmarc=": "fail p=none". */
  readonly theirs: string
  readonly own: string
}

const ED25519 = makeSigningKey('odd-reject.com', 'ed', { algorithm: 'ed25519-sha256' })
const GIANT = makeSigningKey('giant.odd-psd.com', 's1')
const OWN = makeSigningKey('own.odd-psdn.com', 's1')

export function oddZone(): Zone['records'] {
  const policies: Readonly<Record<string, string | readonly string[]>> = {
    'odd-reject.com': 'v=DMARC1; p=reject',
    'odd-none.com': 'v=DMARC1; p=none',
    'odd-np.com': 'v=DMARC1; p=none; sp=none; np=reject',
    'odd-t.com': 'v=DMARC1; p=reject; t=y',
    'odd-pct.com': 'v=DMARC1; p=reject; pct=0',
    'odd-psd.com': 'v=DMARC1; p=reject; psd=y',
    'odd-psdn.com': 'v=DMARC1; p=reject',
    'own.odd-psdn.com': 'v=DMARC1; p=reject; psd=n',
    'odd-broken.com': 'v=DMARC1; p=what',
    'odd-report.com': 'v=DMARC1; p=what; rua=mailto:r@odd-report.com',
    'odd-nop.com': 'v=DMARC1; rua=mailto:r@odd-nop.com',
    'odd-twice.com': ['v=DMARC1; p=reject', 'v=DMARC1; p=none'],
    'odd-order.com': 'v=DMARC1; adkim=r; p=reject',
    'odd-case.com': 'v=DMARC1; P=Reject',
    'odd-spaces.com': ' v = DMARC1 ;p=reject',
    // RFC 9989: the organizational domain is below the public suffix list's, for it has a record and that has none.
    'team.odd-walk.com': 'v=DMARC1; p=reject',
  }
  const records: Record<string, Record<string, string | readonly (string | readonly string[])[]>> = {}
  for (const [domain, policy] of Object.entries(policies)) records[`_dmarc.${domain}`] = { TXT: [policy].flat() }
  for (const { domain, selector, record } of [ED25519, GIANT, OWN])
    records[`${selector}._domainkey.${domain}`] = { TXT: [[record.slice(0, 200), record.slice(200)]] }
  records['_dmarc.odd-down.com'] = { '*': 'SERVFAIL' }
  records['odd-spfdown.com'] = { '*': 'SERVFAIL' }
  records['here.odd-np.com'] = { A: ['192.0.2.7'] }
  records['foreign.example'] = { TXT: [`v=spf1 ip4:${AUTHORIZED} -all`] }
  for (const name of ['sub.team.odd-walk.com', 'odd-walk.com'])
    records[name] = { TXT: [`v=spf1 ip4:${AUTHORIZED} -all`] }
  return records
}

/** From header (its value, more fields behind it), what is signed or sent, and what each says. */
type Row = readonly [what: string, from: string, theirs: string, own: string, extra?: Extra]

interface Extra {
  readonly sender?: string
  readonly sign?: typeof ED25519
}

const ROWS: readonly Row[] = [
  ['np for a name that does not exist', 'a@gone.odd-np.com', '250 fail p=none', '550 odd-np.com'],
  ['np not for one that exists', 'a@here.odd-np.com', '250 fail p=none', '250 fail p=none'],
  ['t=y', 'a@odd-t.com', '550 odd-t.com', '250 fail p=reject'],
  ['pct=0', 'a@odd-pct.com', '250 fail p=reject', '550 odd-pct.com'],
  ['psd=y', 'a@mega.odd-psd.com', '250 pass p=reject', '550 odd-psd.com', { sign: GIANT }],
  ['psd=n', 'a@odd-psdn.com', '250 pass p=reject', '550 odd-psdn.com', { sign: OWN }],
  ['a record with p=what', 'a@odd-broken.com', '250 permerror', '250 permerror'],
  ['the same with rua', 'a@odd-report.com', '250 permerror', '250 fail p=none'],
  ['a record without p', 'a@odd-nop.com', '250 permerror', '250 fail p=none'],
  ['two records', 'a@odd-twice.com', '550 odd-twice.com', '250 none'],
  ['p is not second', 'a@odd-order.com', '550 odd-order.com', '550 odd-order.com'],
  ['P=Reject', 'a@odd-case.com', '550 odd-case.com', '550 odd-case.com'],
  ['blanks everywhere', 'a@odd-spaces.com', '250 none', '550 odd-spaces.com'],
  [
    'an organization of its own, below',
    'a@team.odd-walk.com',
    '250 pass p=reject',
    '550 team.odd-walk.com',
    { sender: 'x@odd-walk.com' },
  ],
  ['the policy of a team for its own subdomain', 'a@sub.team.odd-walk.com', '250 none', '550 team.odd-walk.com'],
  ['T14.1 SERVFAIL for the policy', 'a@odd-down.com', '250 none', '250 temperror'],
  [
    'T14.1 SERVFAIL for SPF of a foreign sender',
    'a@odd-reject.com',
    '550 odd-reject.com',
    '550 odd-reject.com',
    { sender: 'x@odd-spfdown.com' },
  ],
  ['an ed25519 signature (RFC 8463)', 'a@odd-reject.com', '250 pass p=reject', '250 pass p=reject', { sign: ED25519 }],
  ['several authors of different domains', 'a@odd-none.com, b@odd-reject.com', '250', '550 odd-reject.com'],
  ['several authors of one domain', 'a@odd-reject.com, b@odd-reject.com', '550 odd-reject.com', '550 odd-reject.com'],
  ['two From fields', 'a@odd-none.com\r\nFrom: b@odd-reject.com', '250 fail p=none', '550 odd-reject.com'],
  [
    'the same, the other way round',
    'b@odd-reject.com\r\nFrom: a@odd-none.com',
    '550 odd-reject.com',
    '550 odd-reject.com',
  ],
  ['a group', 'Staff: a@odd-reject.com;', '550 odd-reject.com', '550 odd-reject.com'],
  ['no address', 'undisclosed:;', '250', '250 permerror'],
  ['comments', '(x@odd-none.com) a (c) @ (d) odd-reject . (e) com', '250 none', '550 odd-reject.com'],
  ['an address in quotes as name', '"x@odd-reject.com" <a@odd-none.com>', '250 fail p=none', '250 fail p=none'],
  ['an address without quotes as name', 'x@odd-reject.com <a@odd-none.com>', '250 fail p=none', '250 fail p=none'],
  ['two addresses in brackets', '<a@odd-none.com> <b@odd-reject.com>', '250 fail p=none', '550 odd-reject.com'],
  ['a route', '<@odd-none.com:a@odd-reject.com>', '550 odd-reject.com', '550 odd-reject.com'],
  ['an encoded address', '=?utf-8?q?a=40odd-reject=2Ecom?=', '250', '550 odd-reject.com'],
  [
    'an encoded local part with an address in it',
    '=?utf-8?b?YUBvZGQtcmVqZWN0LmNvbQ==?==?utf-8?q?=00?=@odd-none.com',
    '250 fail p=none',
    '550 odd-reject.com',
  ],
  ['a bracket that stays open', 'A <a@odd-reject.com', '550 odd-reject.com', '550 odd-reject.com'],
  ['a trailing dot', 'a@odd-reject.com.', '550 odd-reject.com', '550 odd-reject.com'],
  ['capitals', 'A@ODD-Reject.COM', '550 ODD-Reject.COM', '550 odd-reject.com'],
  ['an address literal', 'a@[192.0.2.1]', '250 none', '250 permerror'],
]

export function oddCases(): readonly OddCase[] {
  return ROWS.map(([what, from, theirs, own, extra = {}], number) => {
    const plain = [
      `From: ${from}`,
      'To: user@example.com',
      `Subject: odd ${number}`,
      'Date: Tue, 24 Nov 2026 20:00:00 +0000',
      `Message-ID: <odd.${number}@client.example>`,
      '',
      'Good day.',
      '',
    ].join('\r\n')
    const content = extra.sign === undefined ? plain : dkimSign(plain, extra.sign)
    const sender = extra.sender ?? 'x@foreign.example'
    const message = { name: what, clientAddress: AUTHORIZED, helo: 'client.example', sender, content }
    return { message, theirs, own }
  })
}
