import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GreylistAttempt, GreylistRules } from '../model/memory.ts'
import { type GreylistStep, type Sighting, stepGreylist } from './greylist_step.ts'

const DAY = 86_400
/** Postgrey's defaults. */
const RULES: GreylistRules = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, autoAllow: 5 }
const T = 1_700_000_000

function at(now: number, rules: Partial<GreylistRules> = {}): GreylistAttempt {
  return { triplet: 't', client: 'c', now, rules: { ...RULES, ...rules } }
}

/** Times are relative to T. */
function seen(first: number, last: number, count = 1): Sighting {
  return { first: T + first, last: T + last, count }
}

function triplet(first: number, passedBefore: boolean, clientCount: number | null): GreylistStep['noted'] {
  return { kind: 'triplet', first: T + first, passedBefore, clientCount }
}

interface Case {
  readonly name: string
  readonly now: number
  readonly rules?: Partial<GreylistRules>
  readonly client?: Sighting
  readonly triplet?: Sighting
  readonly noted: GreylistStep['noted']
  /** Kept afterwards; null: what was known stays. */
  readonly keeps: { readonly triplet: Sighting | null; readonly client: Sighting | null }
}

const cases: readonly Case[] = [
  {
    name: 'a triplet never seen begins now',
    now: 0,
    noted: triplet(0, false, null),
    keeps: { triplet: seen(0, 0), client: null },
  },
  {
    name: 'a retry one second too early moves last and keeps first',
    now: 299,
    triplet: seen(0, 0),
    noted: triplet(0, false, null),
    keeps: { triplet: seen(0, 299, 2), client: null },
  },
  {
    name: 'the delay itself is enough, and the client counts one',
    now: 300,
    triplet: seen(0, 0),
    noted: triplet(0, false, 1),
    keeps: { triplet: seen(0, 300, 2), client: { ...seen(300, 300), count: 1 } },
  },
  {
    name: 'what passed before passes again and counts nothing',
    now: 5000,
    triplet: seen(0, 300, 2),
    client: seen(300, 300),
    noted: triplet(0, true, null),
    keeps: { triplet: seen(0, 5000, 3), client: null },
  },
  {
    name: 'on the edge of the retry window the first attempt still counts',
    now: 2 * DAY,
    triplet: seen(0, 0),
    noted: triplet(0, false, 1),
    keeps: { triplet: seen(0, 2 * DAY, 2), client: { ...seen(2 * DAY, 2 * DAY), count: 1 } },
  },
  {
    name: 'beyond the retry window the attempt is a first one',
    now: 2 * DAY + 1,
    triplet: seen(0, 200, 2),
    noted: triplet(2 * DAY + 1, false, null),
    keeps: { triplet: seen(2 * DAY + 1, 2 * DAY + 1, 3), client: null },
  },
  {
    name: 'the retry window is over for the first attempt, however late the last early retry was',
    now: 2 * DAY + 1,
    triplet: seen(0, 299, 9),
    noted: triplet(2 * DAY + 1, false, null),
    keeps: { triplet: seen(2 * DAY + 1, 2 * DAY + 1, 10), client: null },
  },
  {
    name: 'what passed once is not bound to the retry window',
    now: 30 * DAY,
    triplet: seen(0, 300, 2),
    noted: triplet(0, true, null),
    keeps: { triplet: seen(0, 30 * DAY, 3), client: null },
  },
  {
    name: 'a first attempt in the future is corrected to now',
    now: 0,
    triplet: seen(50, 50),
    noted: triplet(0, false, null),
    keeps: { triplet: seen(0, 0, 2), client: null },
  },
  {
    name: 'a future triplet that had passed has passed, but must wait: Postgrey computes both apart',
    now: 0,
    triplet: seen(50, 400, 2),
    noted: triplet(0, true, null),
    keeps: { triplet: seen(0, 0, 3), client: null },
  },
  {
    name: 'G18 --delay=0: the first attempt passes, and counts',
    now: 0,
    rules: { delay: 0 },
    noted: triplet(0, false, 1),
    keeps: { triplet: seen(0, 0), client: seen(0, 0) },
  },
  {
    name: 'G18 --max-age: on its edge a triplet is still known',
    now: 35 * DAY + 300,
    triplet: seen(0, 300, 2),
    noted: triplet(0, true, null),
    keeps: { triplet: seen(0, 35 * DAY + 300, 3), client: null },
  },
  {
    name: 'G18 --max-age: a second later it is new',
    now: 35 * DAY + 301,
    triplet: seen(0, 300, 2),
    noted: triplet(35 * DAY + 301, false, null),
    keeps: { triplet: seen(35 * DAY + 301, 35 * DAY + 301), client: null },
  },
  {
    name: 'G18 --auto-whitelist-clients: one success short of it is counted an hour after the last',
    now: 3600,
    triplet: seen(0, 0),
    client: seen(-900, 0, 4),
    noted: triplet(0, false, 5),
    keeps: { triplet: seen(0, 3600, 2), client: seen(-900, 3600, 5) },
  },
  {
    name: 'G18 --auto-whitelist-clients: within the hour it is not counted',
    now: 3599,
    triplet: seen(0, 0),
    client: seen(-900, 0, 4),
    noted: triplet(0, false, null),
    keeps: { triplet: seen(0, 3599, 2), client: null },
  },
  {
    name: 'below the threshold a counter of the future is not counted on',
    now: 300,
    triplet: seen(0, 0),
    client: seen(0, 9000, 2),
    noted: triplet(0, false, null),
    keeps: { triplet: seen(0, 300, 2), client: null },
  },
  {
    name: 'a client that passed often enough: the triplet is not looked at, and within the hour nothing is written',
    now: 3599,
    triplet: seen(0, 0),
    client: seen(-900, 0, 5),
    noted: { kind: 'client', count: 5 },
    keeps: { triplet: null, client: null },
  },
  {
    name: 'it is counted on once an hour',
    now: 3600,
    client: seen(-900, 0, 5),
    noted: { kind: 'client', count: 6 },
    keeps: { triplet: null, client: seen(-900, 3600, 6) },
  },
  {
    name: 'it is counted on, and corrected, when its last success is in the future',
    now: 0,
    client: seen(-900, 10, 7),
    noted: { kind: 'client', count: 8 },
    keeps: { triplet: null, client: seen(-900, 0, 8) },
  },
  {
    name: 'a client that was away for the maximal age begins anew',
    now: 35 * DAY + 1,
    client: seen(-900, 0, 5),
    noted: triplet(35 * DAY + 1, false, null),
    keeps: { triplet: seen(35 * DAY + 1, 35 * DAY + 1), client: null },
  },
  {
    name: 'G18 --auto-whitelist-clients=0: clients are neither looked at nor counted',
    now: 300,
    rules: { autoAllow: 0 },
    triplet: seen(0, 0),
    client: seen(-900, 0, 5),
    noted: triplet(0, false, null),
    keeps: { triplet: seen(0, 300, 2), client: null },
  },
]

describe('G18 one attempt changes what is known as in Postgrey 1.37', () => {
  for (const { name, now, rules, client, triplet: known, noted, keeps } of cases) {
    test(name, () => {
      const step = stepGreylist(at(T + now, rules), client ?? null, known ?? null)
      assert.deepEqual(step, { noted, ...keeps })
    })
  }
})
