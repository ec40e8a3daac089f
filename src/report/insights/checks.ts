import type { Check } from './insights.ts'

export interface Cause {
  readonly check: Check
  /** The list, or the words that are the same in all replies of this check. */
  readonly detail: string
}

/** What comes behind "Client host rejected: ", "Helo command rejected: " and so on (Postfix smtpd_check.c). */
const BEHIND_REJECTED: Readonly<Record<string, readonly (readonly [string, Check])[]>> = {
  'Client host rejected: ': [
    ['cannot find your hostname', 'client_name'],
    ['cannot find your reverse hostname', 'client_name'],
    ['', 'client_access'],
  ],
  'Unverified Client host rejected: ': [['', 'client_access']],
  'Helo command rejected: ': [
    ['Host not found', 'helo'],
    ['need fully-qualified hostname', 'helo'],
    ['Invalid name', 'helo'],
    ['invalid ip address', 'helo'],
    ['', 'helo_access'],
  ],
  'Sender address rejected: ': [
    ['Domain not found', 'sender_domain'],
    ['Malformed DNS server reply', 'sender_domain'],
    ['Domain of sender address', 'sender_domain'],
    ['need fully-qualified address', 'sender_domain'],
    ['not owned by user', 'sender'],
    ['not logged in', 'sender'],
    ['unverified address', 'sender'],
    ['undeliverable address', 'sender'],
    ['User unknown', 'sender'],
    ['Multi-recipient bounce', 'protocol'],
    ['', 'sender_access'],
  ],
  'Recipient address rejected: ': [
    ['Greylist', 'greylist'],
    ['greylist', 'greylist'],
    ['User unknown', 'recipient'],
    ['unverified address', 'recipient'],
    ['undeliverable address', 'recipient'],
    ['need fully-qualified address', 'recipient'],
    ['Domain not found', 'recipient'],
    ['Malformed DNS server reply', 'recipient'],
    ['Multi-recipient bounce', 'protocol'],
    ['', 'recipient_access'],
  ],
  'Data command rejected: ': [['', 'protocol']],
  'End-of-data rejected: ': [['', 'policy']],
}

/** What is our own trouble, whichever check met it. */
const OWN_FAULTS = [
  'Server configuration error',
  'Server configuration problem',
  'Temporary lookup failure',
  'queue file write error',
  'Insufficient system storage',
] as const

/** Words anywhere in a reply that has no "rejected: ", in this order. */
const ANYWHERE: readonly (readonly [string, Check])[] = [
  ['rejected by DMARC policy', 'dmarc'],
  ['quarantined by DMARC policy', 'dmarc'],
  ['Relay access denied', 'relay'],
  ['Message size exceeds', 'limits'],
  ['Message too large', 'limits'],
  ['too many connections', 'limits'],
  ['Too many', 'limits'],
  ['too many', 'limits'],
  ['reylist', 'greylist'],
  ['SPF', 'spf'],
  ['command pipelining', 'protocol'],
  ['Protocol error', 'protocol'],
  ['Must issue a STARTTLS', 'protocol'],
]

/** Greylisting and SPF speak as check_policy_service does: behind "Recipient address rejected: ". */
const POLICY_WORDS: readonly (readonly [string, Check])[] = [
  ['Message rejected due to: ', 'spf'],
  ['SPF', 'spf'],
  ['reylist', 'greylist'],
  ['DMARC', 'dmarc'],
]

const BLOCKED = ' blocked using '
const REJECTED = ' rejected: '

/** Which check says `text`, a reply without its code. */
export function causeOf(text: string): Cause {
  const blocked = text.lastIndexOf(BLOCKED)
  if (blocked >= 0) {
    const domain = text.slice(blocked + BLOCKED.length).split(/[;, ]/, 1)[0] ?? ''
    return { check: 'dns_list', detail: domain }
  }
  // "<helo.example>: Helo command rejected: Host not found": the first, because what the client said stands behind it only.
  const colon = text.startsWith('<') ? text.indexOf('>: ') + 3 : 0
  const plain = colon >= 3 ? text.slice(colon) : text
  const rejected = plain.indexOf(REJECTED)
  const cases = rejected < 0 ? undefined : BEHIND_REJECTED[plain.slice(0, rejected + REJECTED.length)]
  if (cases !== undefined) return behindRejected(plain.slice(rejected + REJECTED.length), cases)
  const fault = OWN_FAULTS.find(words => plain.includes(words))
  if (fault !== undefined) return { check: 'own_fault', detail: fault }
  for (const [words, check] of ANYWHERE) if (plain.includes(words)) return { check, detail: shortened(plain) }
  return { check: 'other', detail: shortened(plain) }
}

function behindRejected(reason: string, cases: readonly (readonly [string, Check])[]): Cause {
  const fault = OWN_FAULTS.find(words => reason.startsWith(words))
  if (fault !== undefined) return { check: 'own_fault', detail: fault }
  for (const [words, check] of cases) {
    if (!reason.startsWith(words)) continue
    // A policy server passes on what another list has said.
    if (words === '' && reason.includes(REJECTED)) return causeOf(reason)
    if (words !== '') return { check, detail: words === 'greylist' ? 'Greylist' : shortened(reason) }
    const policy = POLICY_WORDS.find(([said]) => reason.includes(said))
    if (policy !== undefined) return { check: policy[1], detail: policy[1] === 'spf' ? 'SPF' : shortened(reason) }
    return { check, detail: shortened(reason) }
  }
  return { check: 'other', detail: shortened(reason) }
}

/** Addresses, numbers and quoted things make no detail of their own. */
function shortened(text: string): string {
  const cut = text.replace(/<[^>]*>|\[[^\]]*\]|https?:\S+|\d+/g, '*').split(/[;(]/, 1)[0] ?? ''
  return cut.trim().slice(0, 80)
}

/** The reply without "554 5.7.1 ", "5.7.1 " or "554 ". */
export function withoutCode(text: string): string {
  const code = /^(?:[2-5]\d\d[ -])?(?:[245]\.\d{1,3}\.\d{1,3} )?/.exec(text)
  return text.slice(code?.[0].length ?? 0)
}
