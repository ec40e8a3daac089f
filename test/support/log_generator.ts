/**
 * Logs of a Postfix that never was: seeded, of any length, with what a log holds in the morning. Sessions of several processes
 * run through one another. A small share of the lines is odd on purpose: bytes that are no ASCII, addresses with blanks and
 * commas, queue ids that are used again, lines that look like others.
 */
import { type Random, seededRandom } from '../../src/util/random.ts'
import { oddLines } from './log_oddities.ts'
import { bulkLines, mailLines, type Teller } from './log_stories.ts'

export interface LogOptions {
  readonly seed: number
  readonly lines: number
  /** Of the first line. */
  readonly start: Date
  /** Seconds from line to line, on average. */
  readonly pace: number
  readonly form: 'rfc3164' | 'rfc3339'
  /** Share of odd stories, 0 to 1. */
  readonly odd: number
}

/** Stories that are under way at once. */
const CONCURRENT = 12
const CHUNK = 1 << 16
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Chunks of a log, latin1: a character is a byte. Each ends with a line. */
export function* generateLog(options: LogOptions): Generator<string> {
  const teller = makeTeller(seededRandom(options.seed))
  const stories = Array.from({ length: CONCURRENT }, () => beginStory(teller, options.odd))
  let chunk = ''
  let seconds = 0
  for (let lines = 0; lines < options.lines; ) {
    const index = teller.random.below(CONCURRENT)
    const next = stories[index]?.next()
    if (next === undefined || next.done === true) {
      stories[index] = beginStory(teller, options.odd)
      continue
    }
    seconds += teller.random.below(2001) * options.pace * 0.001
    chunk += `${header(new Date(options.start.getTime() + Math.floor(seconds) * 1000), options.form)} mx1 ${next.value}\n`
    lines++
    if (chunk.length >= CHUNK) {
      yield chunk
      chunk = ''
    }
  }
  if (chunk !== '') yield chunk
}

function beginStory(teller: Teller, odd: number): Generator<string> {
  const dice = teller.random.below(1000) / 1000
  if (dice < odd) return oddLines(teller)
  return teller.random.below(10) < 4 ? mailLines(teller) : bulkLines(teller)
}

function makeTeller(random: Random): Teller {
  const pick = <T>(of: readonly [T, ...T[]]): T => of[random.below(of.length)] ?? of[0]
  return { random, pick, queueId: () => queueId(random) }
}

/** Short ids of few inodes, so that one is used again now and then, or long ones. */
function queueId(random: Random): string {
  if (random.below(4) > 0) return (random.below(1 << 24) + (1 << 24)).toString(16).toUpperCase() + '7A'
  const letters = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxy'
  let id = '4'
  for (let i = 0; i < 9; i++) id += letters[random.below(letters.length)] ?? '0'
  return `${id}z${letters[random.below(letters.length)] ?? ''}${letters[random.below(letters.length)] ?? ''}`
}

function header(time: Date, form: LogOptions['form']): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`
  if (form === 'rfc3164') return `${MONTHS[time.getUTCMonth()] ?? ''} ${String(time.getUTCDate()).padStart(2)} ${clock}`
  return `${time.getUTCFullYear()}-${two(time.getUTCMonth() + 1)}-${two(time.getUTCDate())}T${clock}.${String(time.getUTCMilliseconds() + 104).padStart(6, '0')}+01:00`
}
