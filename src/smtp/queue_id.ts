import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'

/** Makes queue ids; several worker processes at once never make the same one within an hour. */
export interface QueueIds {
  next(nowMs: number): string
}

const BASE52 = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz'
const BASE51 = BASE52.slice(0, 51)

/**
 * Ids in the form of Postfix: five hexadecimal digits of microseconds, then (where Postfix has the inode) second and counter;
 * with enable_long_queue_ids time in base 52, "z", then the counter. The counter begins anywhere, so that workers differ.
 */
export function makeQueueIds(clock: Clock, random: Random): QueueIds {
  let counter = random.below(0x10000)
  return {
    next(nowMs) {
      counter = (counter + 1) & 0xffff
      const seconds = Math.trunc(nowMs / 1000)
      return hex(micros(clock, nowMs), 5) + hex(seconds % 0x1000, 3) + hex(counter, 4)
    },
  }
}

/** Names sort by time, never come twice. */
export function makeLongQueueIds(clock: Clock, random: Random): QueueIds {
  let counter = random.below(51 ** 4)
  return {
    next(nowMs) {
      counter = (counter + 1) % 51 ** 4
      const seconds = Math.trunc(nowMs / 1000)
      return `${digits(seconds, BASE52, 6)}${digits(micros(clock, nowMs), BASE52, 4)}z${digits(counter, BASE51, 4)}`
    },
  }
}

/** Date has milliseconds only; the monotonic clock gives the rest. */
function micros(clock: Clock, nowMs: number): number {
  const below = Math.trunc((clock.monotonic() % 1) * 1000)
  return (Math.trunc(nowMs) % 1000) * 1000 + below
}

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, '0')
}

function digits(value: number, alphabet: string, width: number): string {
  let text = ''
  for (let rest = Math.trunc(value); rest > 0; rest = Math.trunc(rest / alphabet.length))
    text = alphabet.charAt(rest % alphabet.length) + text
  return text.padStart(width, alphabet.charAt(0))
}
