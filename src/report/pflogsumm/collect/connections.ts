/** --smtpd-stats: how long clients were connected, from "connect from" to "disconnect from" of one process. */
import { flatCopy } from '../../../maillog/read_line.ts'
import type { ConnectionFacts, ConnectionSum } from '../../facts.ts'
import { domainOf } from './rewrite.ts'
import { dayParts } from './traffic.ts'

const HOURS = 24
const SECOND_MS = 1000

interface Sum {
  connections: number
  time: number
  longest: number
}

/** When the line in hand was written. */
export interface Moment {
  /** As `dayNumber` has it. */
  readonly day: number
  /** The day under which pflogsumm files it, which is another one where the day of the month did not change. */
  readonly row: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

export class ConnectionCounts {
  readonly #total = newSum()
  readonly #hours = Array.from({ length: HOURS }, newSum)
  readonly #days = new Map<number, Sum>()
  readonly #domains = new Map<string, Sum>()
  /** Process id → when it was connected to, in seconds. */
  readonly #begun = new Map<string, number>()

  count(text: string, moment: Moment): void {
    if (text.includes(': connect from ')) {
      const pid = /\/smtpd\[(\d+)\]: /.exec(text)?.[1]
      if (pid !== undefined) this.#begun.set(flatCopy(pid), secondOf(moment))
      return
    }
    const parts = /\/smtpd\[(\d+)\]: disconnect from (.+)$/s.exec(text)
    const begun = this.#begun.get(parts?.[1] ?? '')
    if (parts === null || begun === undefined) return
    this.#begun.delete(parts[1] ?? '')
    const time = secondOf(moment) - begun
    const sums = [this.#total, this.#hours[moment.hour], sumOf(this.#days, moment.row)]
    for (const sum of [...sums, sumOf(this.#domains, domainOf(parts[2] ?? ''))])
      if (sum !== undefined) {
        sum.connections++
        sum.time += time
        if (time > sum.longest) sum.longest = time
      }
  }

  facts(): ConnectionFacts {
    const days = [...this.#days].sort(([a], [b]) => a - b)
    return {
      total: this.#total,
      days: days.map(([number, sum]) => ({ ...dayParts(number), ...sum })),
      hours: this.#hours,
      domains: this.#domains satisfies ReadonlyMap<string, ConnectionSum>,
    }
  }
}

function sumOf<K>(sums: Map<K, Sum>, key: K): Sum {
  let sum = sums.get(key)
  if (sum === undefined) {
    sum = newSum()
    // A copy of a string key is a key of the same type.
    sums.set(typeof key === 'string' ? (flatCopy(key) as K & string) : key, sum)
  }
  return sum
}

function newSum(): Sum {
  return { connections: 0, time: 0, longest: 0 }
}

/** Seconds since 1970, as if in UTC. No zone: pflogsumm, too, takes a day for 24 hours. */
export function secondOf({ day, hour, minute, second }: Moment): number {
  const { year, month, day: date } = dayParts(day)
  return Date.UTC(year, month - 1, date, hour, minute, second) / SECOND_MS
}
