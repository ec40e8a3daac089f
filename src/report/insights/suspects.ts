import { byCount } from './bounded.ts'
import type { Clients, Refusal } from './clients.ts'
import { fixFor } from './fix.ts'
import type { Check, Fix, Reason, Suspect, SuspectFacts } from './insights.ts'
import { formatLogSeconds } from './log_seconds.ts'

const LISTED = 100

/** What the recipient, our rules for users or our own fault cause: no allow list would make it right. */
const NEVER_SUSPECT: ReadonlySet<Check> = new Set<Check>([
  'recipient',
  'relay',
  'limits',
  'protocol',
  'own_fault',
  'next_hop',
  'recipient_access',
])

/** Greylisting means to make everybody come again; so much longer is a nuisance. */
const LONG_WAIT = 3600
/** Robots give up; a mail server that has come so often, over so long, is one. */
const MANY_TRIES = 4
const LONG_TRYING = 3600

/** How much a reason says. SPF and DKIM tell who it is, not what he sends: spam passes them, too. */
const WEIGHT: Readonly<Record<Reason['kind'], number>> = {
  correspondent: 4,
  allow_listed: 3,
  accepted_later: 3,
  kept_trying: 2,
  accepted_before: 2,
  long_wait: 1,
  dkim_pass: 1,
  spf_pass: 1,
}

interface Found {
  readonly refusal: Refusal
  readonly reasons: readonly Reason[]
}

/** Refused clients for which something speaks, the likeliest false alarms first. */
export function findSuspects(clients: Clients): SuspectFacts {
  const found: Found[] = []
  for (const refusal of clients.refusals()) {
    const reasons = reasonsOf(refusal, clients)
    if (reasons.length > 0) found.push({ refusal, reasons })
  }
  found.sort((a, b) => weight(b.reasons) - weight(a.reasons) || byCount(named(a.refusal), named(b.refusal)))
  return {
    list: together(found),
    total: found.length,
    unwatched: clients.forgotten,
  }
}

/** A pool of servers under one name needs one line only. */
function together(found: readonly Found[]): readonly Suspect[] {
  const listed = new Map<string, Suspect>()
  for (const { refusal, reasons } of found) {
    const fix = fixFor(refusal)
    const key = `${refusal.cause.check} ${fix === null ? refusal.address : fix.line}`
    const known = listed.get(key)
    if (known !== undefined) listed.set(key, added(known, refusal))
    else if (listed.size < LISTED) listed.set(key, suspect(refusal, reasons, fix))
  }
  return [...listed.values()]
}

function added(known: Suspect, { refused, deferred, first, last }: Refusal): Suspect {
  const [from, to] = [formatLogSeconds(first), formatLogSeconds(last)]
  return {
    ...known,
    others: known.others + 1,
    refused: known.refused + refused,
    deferred: known.deferred + deferred,
    first: [from, known.first].sort()[0] ?? from,
    last: [to, known.last].sort()[1] ?? to,
  }
}

function reasonsOf(refusal: Refusal, clients: Clients): readonly Reason[] {
  const { cause, address } = refusal
  if (NEVER_SUSPECT.has(cause.check)) return []
  const reasons: Reason[] = []
  const correspondent = correspondentOf(refusal, clients)
  if (correspondent !== null) reasons.push({ kind: 'correspondent', address: correspondent })
  if (cause.check === 'greylist') return [...reasons, ...greylistReasons(refusal, clients)]
  const allowed = clients.allowedBy(address)
  if (allowed !== undefined) reasons.push({ kind: 'allow_listed', by: allowed })
  const accepted = clients.accepted(address)
  if (accepted !== undefined) {
    const { count } = accepted
    if (accepted.last >= refusal.first)
      reasons.push({ kind: 'accepted_later', count, at: formatLogSeconds(accepted.last) })
    else reasons.push({ kind: 'accepted_before', count, at: formatLogSeconds(accepted.last) })
  }
  const dkim = clients.dkim(address)
  if (dkim !== undefined) reasons.push({ kind: 'dkim_pass', domain: dkim })
  const spf = cause.check === 'spf' ? null : clients.spfDomain(refusal)
  if (spf !== null) reasons.push({ kind: 'spf_pass', domain: spf })
  return reasons
}

/** That it passed later is what greylisting is for. */
function greylistReasons(refusal: Refusal, clients: Clients): readonly Reason[] {
  const { passedAfter, deferred, refused, first, last } = refusal
  if (passedAfter !== null) return passedAfter >= LONG_WAIT ? [{ kind: 'long_wait', seconds: passedAfter }] : []
  const times = deferred + refused
  const accepted = clients.accepted(refusal.address)
  if (accepted !== undefined && accepted.last >= first) return []
  if (times < MANY_TRIES || last - first < LONG_TRYING) return []
  return [{ kind: 'kept_trying', times, seconds: last - first }]
}

/** Also one to whom a user wrote after the refusal: people ask by telephone where the mail is, and write. */
function correspondentOf({ correspondent, sender }: Refusal, clients: Clients): string | null {
  if (correspondent !== null) return correspondent
  return sender !== null && sender !== '' && clients.isCorrespondent(sender) ? sender : null
}

function weight(reasons: readonly Reason[]): number {
  return reasons.reduce((sum, { kind }) => sum + WEIGHT[kind], 0)
}

function named({ address, cause, refused, deferred }: Refusal): { readonly name: string; readonly count: number } {
  return { name: `${address} ${cause.check}`, count: refused + deferred }
}

function suspect(refusal: Refusal, reasons: readonly Reason[], fix: Fix | null): Suspect {
  const { client, address, cause, refused, deferred, helo, sender, recipient, text } = refusal
  return {
    others: 0,
    client,
    address,
    check: cause.check,
    detail: cause.detail,
    refused,
    deferred,
    first: formatLogSeconds(refusal.first),
    last: formatLogSeconds(refusal.last),
    helo,
    sender,
    recipient,
    text,
    reasons,
    fix,
  }
}
