/** Which days a report is about: pflogsumm's `-d`. All of it is arithmetic of the calendar, so that no change of the clocks moves a day. */
import { nearest } from '../../util/edit_distance.ts'
import type { DateRange } from '../options.ts'

/** A day of the calendar; month 1 to 12. */
export type CalendarDay = DateRange['first']

export type ParsedDates =
  | { readonly ok: true; readonly dates: DateRange }
  /** One sentence with what to say instead. */
  | { readonly ok: false; readonly message: string }

/** The guide's own word, and others of its language. */
const GERMAN: ReadonlyMap<string, string> = new Map([
  ['heute', 'today'],
  ['gestern', 'yesterday'],
  ['diese woche', 'this week'],
  ['letzte woche', 'last week'],
  ['dieser monat', 'this month'],
  ['diesen monat', 'this month'],
  ['letzter monat', 'last month'],
  ['letzten monat', 'last month'],
])

const WORDS = ['today', 'yesterday', 'this week', 'last week', 'this month', 'last month'] as const
const WANTED =
  'expected today, yesterday, "last week", "last month", a day (2026-11-01), a month (2026-11), or a range (2026-11-01..2026-11-07)'
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Days of `text`, on the day `today`. */
export function parseDates(
  text: string,
  when: { readonly today: CalendarDay; readonly mondayFirst: boolean },
): ParsedDates {
  const plain = text.trim().toLowerCase().replaceAll('_', ' ').replace(/\s+/g, ' ')
  const word = GERMAN.get(plain) ?? plain
  const known = wordRange(word, when)
  if (known !== null) return { ok: true, dates: known }
  const parts = /^(\d{4}-\d\d(?:-\d\d)?)(?:(?: ?\.\. ?| - | to | bis | )(\d{4}-\d\d(?:-\d\d)?))?$/.exec(plain)
  if (parts === null) return { ok: false, message: unknownDate(text, word) }
  const [, from = '', to = from] = parts
  const first = boundary(from, 'first')
  const last = boundary(to, 'last')
  if (first === null) return { ok: false, message: `there is no day ${from} in the calendar` }
  if (last === null) return { ok: false, message: `there is no day ${to} in the calendar` }
  if (dayNumber(last) < dayNumber(first)) return { ok: false, message: `${to} is before ${from}: say ${to}..${from}` }
  return { ok: true, dates: makeRange(first, last) }
}

function unknownDate(text: string, word: string): string {
  const meant = nearest(word, WORDS, 2)
  return `cannot use "${text}" as a date: ${meant === null ? WANTED : `did you mean "${meant}"?`}`
}

function wordRange(
  word: string,
  when: { readonly today: CalendarDay; readonly mondayFirst: boolean },
): DateRange | null {
  const { today, mondayFirst } = when
  const { year, month } = today
  const now = dayNumber(today)
  // 1970-01-01 was a Thursday.
  const weekday = (now + (mondayFirst ? 3 : 4)) % 7
  switch (word) {
    case 'today':
      return makeRange(today, today)
    case 'yesterday':
      return makeRange(dayOfNumber(now - 1), dayOfNumber(now - 1))
    case 'this week':
      return makeRange(dayOfNumber(now - weekday), dayOfNumber(now - weekday + 6))
    case 'last week':
      return makeRange(dayOfNumber(now - weekday - 7), dayOfNumber(now - weekday - 1))
    case 'this month':
      return makeRange({ year, month, day: 1 }, lastOfMonth(year, month))
    case 'last month': {
      const end = dayOfNumber(now - today.day)
      return makeRange({ ...end, day: 1 }, end)
    }
    default:
      return null
  }
}

/** "2026-11-01", or "2026-11" for its first or last day; null: no such day. */
function boundary(text: string, which: 'first' | 'last'): CalendarDay | null {
  const [year = 0, month = 0, day] = text.split('-').map(Number)
  if (month < 1 || month > 12) return null
  const last = lastOfMonth(year, month)
  if (day === undefined) return which === 'first' ? { year, month, day: 1 } : last
  return day >= 1 && day <= last.day ? { year, month, day } : null
}

function lastOfMonth(year: number, month: number): CalendarDay {
  return dayOfNumber(Math.floor(Date.UTC(year, month, 0) / DAY_MS))
}

const DAY_MS = 86_400_000

/** Days since 1970-01-01. */
export function dayNumber({ year, month, day }: CalendarDay): number {
  return Math.floor(Date.UTC(year, month - 1, day) / DAY_MS)
}

export function dayOfNumber(number: number): CalendarDay {
  const date = new Date(number * DAY_MS)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

/** The day that it is at `ms` since 1970, in the time zone of the machine. */
export function localDay(ms: number): CalendarDay {
  const date = new Date(ms)
  return { year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate() }
}

function makeRange(first: CalendarDay, last: CalendarDay): DateRange {
  const isOne = dayNumber(first) === dayNumber(last)
  // pflogsumm 1.1.5 has one day only, "Nov  4"; years matter to a range.
  const title = isOne ? shortDay(first) : `${shortDay(first)} ${first.year} - ${shortDay(last)} ${last.year}`
  return { first, last, title }
}

function shortDay({ month, day }: CalendarDay): string {
  return `${MONTHS[month - 1] ?? ''} ${String(day).padStart(2)}`
}
