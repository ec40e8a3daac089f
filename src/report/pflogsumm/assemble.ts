/** The counts of both passes over a log, as facts. */
import type { DayFacts, Facts, Traffic } from '../facts.ts'
import type { CountOptions } from '../options.ts'
import type { PostscreenCounts } from './collect/postscreen.ts'
import type { QueueCounts } from './collect/queue.ts'
import type { StatelessResult } from './collect/stateless.ts'
import { dayNumber, type TrafficCounts } from './collect/traffic.ts'

/** What the first pass counted. Plain data, fit for another thread. */
export interface Scanned extends StatelessResult {
  readonly read: number
  readonly postfix: number
  readonly dayCount: number
  readonly days: readonly DayFacts[]
  readonly hours: readonly Traffic[]
}

export interface Counted {
  readonly scanned: Scanned
  readonly queue: QueueCounts
  /** Of the second pass, or of both where `scanned` has none. */
  readonly traffic: TrafficCounts
  readonly postscreen: PostscreenCounts | null
  readonly options: CountOptions
}

export function assembleFacts({ scanned, queue, traffic, postscreen, options }: Counted): Facts {
  const { refusals, refused, warnings, fatals, panics, master, read, postfix, dayCount } = scanned
  const { totals, senders, recipients, connections } = queue
  return {
    totals: {
      ...totals,
      rejected: refused.reject,
      rejectWarnings: refused.reject_warning,
      held: refused.hold,
      discarded: refused.discard,
      bytesReceived: senders.bytes,
      bytesDelivered: recipients.bytes,
    },
    days: addDays(scanned.days, traffic.days()),
    dayCount,
    hours: traffic.hours().map((hour, index) => addTraffic(hour, scanned.hours[index])),
    recipientDomains: recipients.domainFacts(),
    senderDomains: senders.domains.facts(),
    senders: senders.addresses.facts(),
    recipients: recipients.addresses.facts(),
    deferrals: queue.deferralReasons,
    bounces: queue.bounceReasons,
    rejects: refusals.reject,
    rejectWarnings: refusals.reject_warning,
    holds: refusals.hold,
    discards: refusals.discard,
    smtpFailures: queue.smtpFailures,
    ...{ warnings, fatals, panics, masterMessages: master },
    sizeless: queue.sizeless,
    messages: queue.messages,
    connections: options.smtpdStats ? connections.facts() : null,
    ...(postscreen === null ? {} : { postscreen: postscreen.facts() }),
    lines: { read, postfix },
  }
}

function addDays(some: readonly DayFacts[], others: readonly DayFacts[]): readonly DayFacts[] {
  const days = new Map<number, DayFacts>()
  for (const day of [...some, ...others]) {
    const number = dayNumber(day.year, day.month, day.day)
    const there = days.get(number)
    const sum = {
      traffic: addTraffic(day.traffic, there?.traffic),
      columns: Math.max(day.columns, there?.columns ?? 0),
    }
    days.set(number, { ...day, ...sum })
  }
  return [...days].sort(([a], [b]) => a - b).map(([, day]) => day)
}

function addTraffic(a: Traffic, b: Traffic | undefined): Traffic {
  if (b === undefined) return a
  return {
    received: a.received + b.received,
    delivered: a.delivered + b.delivered,
    deferred: a.deferred + b.deferred,
    bounced: a.bounced + b.bounced,
    rejected: a.rejected + b.rejected,
  }
}
