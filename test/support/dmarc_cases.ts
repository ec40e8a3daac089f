import type { Zone } from '../../src/dns/fixture_zone.ts'
import { dkimSign, makeSigningKey, type SigningKey } from './mail_signer.ts'

/** One message with its envelope, for OpenDMARC and Postern. */
export interface DmarcCase {
  readonly name: string
  readonly clientAddress: string
  readonly helo: string
  readonly sender: string
  readonly content: string
}

export const AUTHORIZED = '192.0.2.1'
export const STRANGER = '198.51.100.9'

/**
 * Author domains by what they publish; null: nothing. Below a suffix that is on the public suffix list: OpenDMARC finds no
 * organization below others.
 */
const POLICIES: Readonly<Record<string, string | null>> = {
  'postern-none.com': 'v=DMARC1; p=none; rua=mailto:r@postern-none.com',
  'postern-quarantine.com': 'v=DMARC1; p=quarantine',
  'postern-reject.com': 'v=DMARC1; p=reject; rua=mailto:r@postern-reject.com; pct=100',
  'postern-spnone.com': 'v=DMARC1; p=reject; sp=none',
  'postern-spreject.com': 'v=DMARC1;p=none;sp=reject',
  'postern-strict.com': 'v=DMARC1; p=reject; adkim=s; aspf=s',
  'postern-nothing.com': null,
}

const DKIM_KINDS = ['unsigned', 'own', 'sub', 'foreign', 'body', 'header', 'nokey', 'both'] as const
const SPF_KINDS = ['own', 'sub', 'foreign', 'fail', 'none', 'null'] as const
type DkimKind = (typeof DKIM_KINDS)[number]
type SpfKind = (typeof SPF_KINDS)[number]

const keys = new Map<string, SigningKey>()

function keyOf(domain: string): SigningKey {
  const known = keys.get(domain) ?? makeSigningKey(domain, 's1', { bits: keys.size % 2 === 0 ? 2048 : 1024 })
  keys.set(domain, known)
  return known
}

/** What all of them ask about. */
export function dmarcZone(): Zone['records'] {
  const records: Record<string, Record<string, readonly (string | string[])[]>> = {}
  const hosts = Object.keys(POLICIES).flatMap(domain => [domain, `mail.${domain}`, `bounce.${domain}`])
  for (const domain of [...hosts, 'foreign.example', 'helo.example']) {
    const { record } = keyOf(domain)
    records[domain] = { A: [AUTHORIZED], TXT: [`v=spf1 ip4:${AUTHORIZED} -all`] }
    records[`s1._domainkey.${domain}`] = { TXT: [[record.slice(0, 200), record.slice(200)]] }
  }
  for (const [domain, policy] of Object.entries(POLICIES))
    if (policy !== null) records[`_dmarc.${domain}`] = { TXT: [policy] }
  records['nospf.example'] = { A: [AUTHORIZED] }
  return records
}

/** Every policy, for the domain and a name below it, with every kind of signature and of sender. */
export function dmarcCases(): readonly DmarcCase[] {
  const cases: DmarcCase[] = []
  for (const organization of Object.keys(POLICIES))
    for (const from of [organization, `mail.${organization}`])
      for (const dkim of DKIM_KINDS)
        for (const spf of SPF_KINDS) cases.push(makeCase({ organization, from, dkim, spf }, cases.length))
  return cases
}

interface Kinds {
  readonly organization: string
  readonly from: string
  readonly dkim: DkimKind
  readonly spf: SpfKind
}

function makeCase(kinds: Kinds, number: number): DmarcCase {
  const { from, dkim, spf } = kinds
  const plain = [
    `From: "A. Author" <author@${from}>`,
    'To: user@example.com',
    `Subject: case ${number}`,
    'Date: Tue, 24 Nov 2026 20:00:00 +0000',
    `Message-ID: <${number}@${from}>`,
    '',
    'Good day,',
    '',
    `this is message ${number}.  `,
    '',
  ].join('\r\n')
  return {
    name: `${number} from ${from}, DKIM ${dkim}, SPF ${spf}`,
    clientAddress: spf === 'fail' ? STRANGER : AUTHORIZED,
    helo: spf === 'null' ? from : 'helo.example',
    sender: senderOf(kinds),
    content: signed(plain, kinds, dkim),
  }
}

function senderOf({ organization, from, spf }: Kinds): string {
  switch (spf) {
    case 'own':
    case 'fail':
      return `author@${from}`
    case 'sub':
      return `x@bounce.${organization}`
    case 'foreign':
      return 'x@foreign.example'
    case 'none':
      return 'x@nospf.example'
    case 'null':
      return ''
  }
}

function signed(plain: string, { organization, from }: Kinds, dkim: DkimKind): string {
  switch (dkim) {
    case 'unsigned':
      return plain
    case 'own':
      return dkimSign(plain, keyOf(from))
    case 'sub':
      return dkimSign(plain, keyOf(`bounce.${organization}`))
    case 'foreign':
      return dkimSign(plain, keyOf('foreign.example'))
    case 'body':
      return dkimSign(plain, keyOf(from)).replace('Good day', 'Bad day')
    case 'header':
      return dkimSign(plain, keyOf(from)).replace('Subject: case', 'Subject: Case')
    case 'nokey':
      return dkimSign(plain, { ...keyOf(from), selector: 'gone' })
    case 'both':
      return dkimSign(dkimSign(plain, keyOf(from)).replace('Good day', 'Bad day'), keyOf('foreign.example'))
  }
}
