/** The dialogues of `npm run demo`: who comes, what is said, and what must come of it. The DNS is examples/demo/zone.json. */
export interface DemoPlay {
  readonly title: string
  /** The client's address. */
  readonly from: string
  /** Null: no HELO at all. */
  readonly helo: string | null
  readonly sender: string
  readonly recipient: string
  /** Says everything in one breath, without waiting for replies. */
  readonly burst?: true
  /** Milliseconds to wait before it. */
  readonly waitMs?: number
  /** How the deciding reply begins. "250": it is delivered. */
  readonly expect: string
}

const GOOD = { from: '127.0.1.10', helo: 'mail.good.example', sender: 'ann@good.example', recipient: 'you@example.com' }

export const demoPlays: readonly DemoPlay[] = [
  { ...GOOD, title: 'good mail', expect: '250 2.0.0' },
  { ...GOOD, title: 'no HELO at all', helo: null, expect: '503 5.5.1' },
  { ...GOOD, title: 'malformed HELO name', helo: 'mail..good.example', expect: '501 5.5.2' },
  { ...GOOD, title: 'HELO name without a domain', helo: 'friend', expect: '504 5.5.2' },
  {
    ...GOOD,
    title: 'forged HELO name that nobody knows',
    from: '127.0.1.40',
    helo: 'mx.bank.example',
    expect: '450 4.7.1 <mx.bank.example>',
  },
  {
    ...GOOD,
    title: "partner's unknown HELO name, allowed",
    from: '127.0.1.12',
    helo: 'printer.partner.internal',
    sender: 'bob@partner.example',
    expect: '250 2.0.0',
  },
  { ...GOOD, title: 'client without a PTR record', from: '127.0.1.20', expect: '450 4.7.1 Client host rejected' },
  { ...GOOD, title: 'PTR name that does not map back', from: '127.0.1.30', expect: '450 4.7.25' },
  { ...GOOD, title: 'name server of the client is down', from: '127.0.1.80', expect: '450 4.7.1' },
  { ...GOOD, title: 'sender domain that does not exist', sender: 'x@no-such.example', expect: '450 4.1.8' },
  { ...GOOD, title: 'relay attempt', recipient: 'victim@elsewhere.example', expect: '454 4.7.1' },
  { ...GOOD, title: 'unknown user', recipient: 'nobody@example.com', expect: '550 5.1.1' },
  {
    ...GOOD,
    title: 'client on a block list',
    from: '127.0.1.50',
    helo: 'mail.listed.example',
    sender: 'x@listed.example',
    expect: '554 5.7.1',
  },
  {
    ...GOOD,
    title: 'sender domain on a block list',
    from: '127.0.1.10',
    sender: 'win@casino.example',
    expect: '554 5.7.1',
  },
  {
    ...GOOD,
    title: 'on a block list and on an allow list',
    from: '127.0.1.60',
    helo: 'out.bigmail.example',
    sender: 'carl@bigmail.example',
    expect: '250 2.0.0',
  },
  {
    ...GOOD,
    title: 'on a block list, but a newsletter we want',
    from: '127.0.1.70',
    helo: 'a7.letters.example',
    sender: 'news@letters.example',
    expect: '250 2.0.0',
  },
  { ...GOOD, title: 'greylisted: nobody knows it yet', recipient: 'patient@example.com', expect: '450 4.2.0' },
  // Whole seconds count: after two of them one has passed for certain.
  {
    ...GOOD,
    title: 'the same again, after the delay',
    recipient: 'patient@example.com',
    waitMs: 2000,
    expect: '250 2.0.0',
  },
  { ...GOOD, title: 'spammer who waits for no reply', burst: true, expect: '503 5.5.0' },
]
