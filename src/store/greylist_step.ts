/**
 * One attempt to deliver, as a pure step from what was known to what is known: Postgrey 1.37 smtpd_access_policy, the part
 * between its white lists and its answer. Every memory uses it (Valkey's in Lua), so that they cannot differ.
 */
import type { GreylistAttempt, GreylistNoted } from '../model/memory.ts'

/** What is kept under a key; whole seconds since 1970. */
export interface Sighting {
  readonly first: number
  readonly last: number
  /** Of a client: the successes counted. Of a triplet: how often it was seen. */
  readonly count: number
}

export interface GreylistStep {
  readonly noted: GreylistNoted
  /** What is to be kept from now on; null: what was known stays. */
  readonly triplet: Sighting | null
  readonly client: Sighting | null
}

/** Postgrey: "record only one attempt per hour". */
const CLIENT_PAUSE = 3600

/**
 * Postgrey deletes what `--max-age` has passed, once a night; until then it would still count. Here it is gone at that second,
 * so that the answer does not hang on when somebody cleaned up. The rule for triplets that never passed (`last` older than the
 * retry window) needs no line of its own: the step below begins such a triplet anew anyway.
 */
function isKept(known: Sighting | null, { now, rules }: GreylistAttempt): known is Sighting {
  return known !== null && now - known.last <= rules.maxAge
}

/** `client` is not looked at when `rules.autoAllow` is 0, and `triplet` not when the client has passed often enough. */
export function stepGreylist(
  attempt: GreylistAttempt,
  knownClient: Sighting | null,
  knownTriplet: Sighting | null,
): GreylistStep {
  const { now, rules } = attempt
  const client = rules.autoAllow > 0 && isKept(knownClient, attempt) ? knownClient : null
  if (client !== null && client.count >= rules.autoAllow) return stepClient(client, now)

  const triplet = isKept(knownTriplet, attempt) ? knownTriplet : null
  const passedBefore = triplet !== null && triplet.last - triplet.first >= rules.delay
  let first = triplet?.first ?? now
  // The attempts before the retry window do not count, unless one of them had succeeded.
  if (!passedBefore && now - first > rules.retryWindow) first = now
  // "correcting date for first seen in the future"
  if (first > now) first = now
  const passes = now - first >= rules.delay

  // Unlike in stepClient, a `last` in the future does not count as an hour ago.
  const counts =
    rules.autoAllow > 0 && passes && !passedBefore && (client === null || now >= client.last + CLIENT_PAUSE)
  const clientCount = counts ? (client?.count ?? 0) + 1 : null
  return {
    noted: { kind: 'triplet', first, passedBefore, clientCount },
    triplet: { first, last: now, count: (triplet?.count ?? 0) + 1 },
    client: clientCount === null ? null : { first: client?.first ?? now, last: now, count: clientCount },
  }
}

/** A client that is not delayed any more; counted on "for statistics", once an hour, or when the clock has been set back. */
function stepClient(client: Sighting, now: number): GreylistStep {
  const counts = now >= client.last + CLIENT_PAUSE || client.last > now
  const count = client.count + (counts ? 1 : 0)
  return {
    noted: { kind: 'client', count },
    triplet: null,
    client: counts ? { first: client.first, last: now, count } : null,
  }
}
