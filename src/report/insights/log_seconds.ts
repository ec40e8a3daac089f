import type { LogTime } from '../../model/log_line.ts'

/** Seconds on the calendar of the log, comparable with each other; no zone is applied. A line without a year is taken for one of `year`. */
export function logSeconds(time: LogTime, year: number): number {
  const days = daysFromCivil(time.year ?? year, time.month, time.day)
  return days * 86_400 + time.hour * 3600 + time.minute * 60 + time.second
}

/** Days since 1970-01-01 in the Gregorian calendar: March first, so that the leap day is the last. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** "2026-11-24 08:15:30" */
export function formatLogSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
}
