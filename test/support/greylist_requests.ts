import type { PolicyAttributes } from './real_postgrey.ts'

/** A policy request at a moment: seconds since 1970. */
export interface TimedRequest {
  readonly now: number
  readonly attributes: PolicyAttributes
}

/** White lists of the generated runs, in Postgrey's formats with its oddities. */
export const WHITELIST_CLIENTS = `# clients
good.example          # and subdomains
/^mail-\\S+\\.big\\.example$/
  192.0.2.77
203.0.113.128/25
198.51.100
10.9
10.20.30.40/16
2001:db8:77::/48
2001:DB8:78::1
UPPER.example
.dotted.example
*.star.example
two words.example
not:an:address
a.b.good.example
`
export const WHITELIST_RECIPIENTS = `postmaster@
abuse@here.example
quiet.example
/^list-.*-bounces@/
Upper@Case.example
`

const CLIENTS: readonly (readonly [address: string, name: string])[] = [
  ['117.90.24.148', 'unknown'],
  ['117.90.24.149', 'unknown'],
  ['117.90.25.1', 'mx.odd.example'],
  ['192.0.2.77', 'unknown'],
  ['192.0.2.78', 'unknown'],
  ['203.0.113.127', 'a.example'],
  ['203.0.113.128', 'b.example'],
  ['198.51.100.9', 'c.example'],
  ['10.9.0.5', 'd.example'],
  ['10.9.1.5', 'e.example'],
  ['10.20.99.1', 'f.example'],
  ['2001:db8:77:1::5', 'unknown'],
  ['2001:db8:78::1', 'unknown'],
  ['2001:db8:78::2', 'unknown'],
  ['2001:db8:1:2:a::1', 'six.example'],
  ['2001:db8:1:2:b::2', 'six.example'],
  ['2001:db8:1:3::1', 'six.example'],
  ['2001:db8::abcd:0:1', 'seven.example'],
  ['8.8.4.4', 'good.example'],
  ['8.8.4.5', 'mx1.good.example'],
  ['8.8.4.6', 'notgood.example'],
  ['8.8.4.7', 'MX2.GOOD.Example'],
  ['8.8.4.8', 'mail-xy.big.example'],
  ['8.8.4.9', 'smail-xy.big.example'],
  ['8.8.4.10', 'x.upper.EXAMPLE'],
  ['8.8.4.11', 'x.dotted.example'],
  ['8.8.4.12', 'x.star.example'],
  ['8.8.4.13', '0'],
]
const SENDERS = [
  'a@b.example',
  'A@B.Example',
  'news+12345@list.example',
  'news+67890@list.example',
  'bounce-12-34-foo@verp.example',
  'bounce-99-35-foo@verp.example',
  'b4unce-5x6-7_8@verp.example',
  '007@bond.example',
  'prvs=0123456789=user@batv.example',
  'prvs=1123456789=user@batv.example',
  'prvs=user=0123456789@batv.example',
  'prvs=abc=def@batv.example',
  'prvs=0123456789=1234567890@batv.example',
  'prvs=012345678=user+x@batv.example',
  'prvs==x@batv.example',
  'prvs=a=b=c@batv.example',
  '',
  'nodomain',
  'two@at@signs.example',
  '"quoted user"@b.example',
  'm\u00fcll\u00c4@b\u00fccher.example',
  '0',
  '@nolocal.example',
  '+only@plus.example',
]
const RECIPIENTS = [
  'user@here.example',
  'User@HERE.example',
  'user+ext@here.example',
  'postmaster@here.example',
  'Postmaster+x@there.example',
  'postmaster+@there.example',
  'abuse@here.example',
  'abuse+spam+more@here.example',
  'abuse@there.example',
  'x@quiet.example',
  'x@sub.quiet.example',
  'x@unquiet.example',
  'list-foo-bounces@here.example',
  'upper+y@case.EXAMPLE',
  'odd',
  'two@at@here.example',
  '%s%r@here.example',
]
/** Seconds from one request to the next: around the delay, an hour, the retry window. */
const STEPS = [0, 0, 0, 0, 1, 1, 5, 30, 149, 151, 298, 300, 301, 302, 1800, 3599, 3600, 3601]
const RARE_STEPS = [86_400, 172_799, 172_800, 172_801]

/** A small generator whose runs can be repeated (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `count` requests from `start` on. Half of them repeat an earlier triplet, often from another address or with other letters. */
export function greylistRequests(options: { seed: number; count: number; start: number }): readonly TimedRequest[] {
  const random = seeded(options.seed)
  const pick = <T>(from: readonly T[]): T => {
    const one = from[Math.floor(random() * from.length)]
    if (one === undefined) throw new Error('Cannot pick: nothing to pick from')
    return one
  }
  const requests: TimedRequest[] = []
  const recent: (readonly [string, string, string, string])[] = []
  let now = options.start
  let instance = 0
  for (let i = 0; i < options.count; i++) {
    now += random() < 0.008 ? pick(RARE_STEPS) : pick(STEPS)
    const again = recent.length > 0 && random() < 0.6
    const [address, name, sender, recipient] = again
      ? pick(recent)
      : [...pick(CLIENTS), pick(SENDERS), pick(RECIPIENTS)]
    if (!again) recent.push([address, name, sender, recipient])
    if (recent.length > 12) recent.shift()
    if (random() < 0.7) instance++
    requests.push({
      now,
      attributes: {
        protocol_state: 'RCPT',
        client_address: address,
        client_name: name,
        sender,
        recipient,
        ...(random() < 0.9 ? { instance: `7.${instance}` } : {}),
        ...(random() < 0.8 ? { etrn_domain: '' } : {}),
        ...(random() < 0.2 ? { queue_id: `4F${i}` } : {}),
      },
    })
  }
  return requests
}
